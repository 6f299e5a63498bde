"""A process locks itself up, on Linux: Landlock for files, seccomp for system calls, rlimits.

Standard library only, alone in one file: the processes that use it load nothing else of rft. There
is no way back out of any of the three. Everything here fails closed: it raises OSError.
Constants are the kernel's (linux/landlock.h, linux/seccomp.h, asm/unistd.h).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable

_SECCOMP = {"x86_64": (0xC000003E, 317), "aarch64": (0xC00000B7, 277)}
# name -> number on x86_64, on aarch64 (None: not there)
_CALLS: dict[str, tuple[int, int | None]] = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62),
    "munmap": (11, 215), "brk": (12, 214), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "pread64": (17, 67), "readv": (19, 65), "writev": (20, 66),
    "madvise": (28, 233), "mremap": (25, 216), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "nanosleep": (35, 101), "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169),
    "time": (201, None), "getpid": (39, 172), "gettid": (186, 178), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "futex": (202, 98),
    "set_robust_list": (273, 99), "rseq": (334, 293), "sigaltstack": (131, 132),
    "poll": (7, None), "ppoll": (271, 73), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "eventfd2": (290, 19), "dup": (32, 23),
    "exit": (60, 93), "exit_group": (231, 94), "getrandom": (318, 278), "getrusage": (98, 165),
    "times": (100, 153), "uname": (63, 160), "membarrier": (324, 283),
    "restart_syscall": (219, 128), "set_tid_address": (218, 96),
}  # fmt: skip
_FILES: dict[str, tuple[int, int | None]] = {  # what they may reach, Landlock says
    "stat": (4, None), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291),
    "readlink": (89, None), "readlinkat": (267, 78), "getdents64": (217, 61), "getcwd": (79, 17),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439),
}  # fmt: skip
_ALARM: dict[str, tuple[int, int | None]] = {"alarm": (37, None), "setitimer": (38, 103)}
_CLONE, _CLONE3, _MMAP, _MPROTECT = (56, 220), (435, 435), (9, 222), (10, 226)
_OPEN, _OPENAT, _WRITING = (2, None), (257, 56), 0x400243  # write, create, truncate, unnamed
_FCNTL, _PRCTL, _TGKILL = (72, 25), (157, 167), (234, 131)
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_READ = 0b1100  # Landlock's READ_FILE | READ_DIR
_EVERYTHING = {1: 13, 2: 14, 3: 15, 4: 15}  # its version -> number of kinds of file access


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _ask(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    libc.syscall.restype = ctypes.c_long
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)


def landlock_version() -> int:
    """Version of the kernel's Landlock; 0 if it has none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return _ask(_libc(), 444, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def seccomp_known() -> bool:
    """Whether the filter below knows this processor's system calls."""
    return sys.platform.startswith("linux") and platform.machine() in _SECCOMP


def forbid_privileges() -> None:
    """No later program of this process gains rights; both locks need it."""
    libc = _libc()
    if libc.prctl(38, ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), "no_new_privs")


def lock_files(readable: Iterable[str]) -> int:
    """Landlock: from now on these files and folders can be read, nothing can be written.

    Also no TCP, no signal and no abstract socket to the outside where the kernel can forbid them.
    Only of this thread and what it starts: call it before there are others. Returns the version.
    """
    libc, version = _libc(), landlock_version()
    if version < 1:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    files = (1 << _EVERYTHING.get(version, 16)) - 1
    network = 0b11 if version >= 4 else 0
    scoped = 0b11 if version >= 6 else 0
    wanted = struct.pack("=QQQ", files, network, scoped)
    wanted = wanted[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules = _ask(libc, 444, wanted, ctypes.c_size_t(len(wanted)), ctypes.c_uint32(0))
    try:
        for path in readable:
            try:
                handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:  # what is not there needs no permission
                continue
            try:
                bits = _READ if os.path.isdir(path) else 0b100
                rule = struct.pack("=Qi", bits, handle)
                _ask(libc, 445, rules, ctypes.c_int(1), rule, ctypes.c_uint32(0))
            finally:
                os.close(handle)
        _ask(libc, 446, rules, ctypes.c_uint32(0))
    finally:
        os.close(rules)
    return version


def lock_calls(*, files: bool, new_code: bool) -> None:
    """seccomp: from now on, in all threads, only calls that compute, and read and write handles.

    `files`: files may also be opened, to read. `new_code`: memory may be made executable, which
    loading a shared library takes.
    No sockets, no processes, no signals to others, no raised limits.
    """
    machine = platform.machine()
    if not seccomp_known():
        raise OSError(errno.ENOSYS, f"no filter for {machine}")
    arch, seccomp = _SECCOMP[machine]
    column = 0 if machine == "x86_64" else 1
    plain = _CALLS | (_FILES if files else _ALARM)
    lines: list[tuple[int, int, int, int]] = [
        (0x20, 0, 0, 4),
        (0x15, 1, 0, arch),
        (0x06, 0, 0, _KILL),
        (0x20, 0, 0, 0),
        (0x35, 0, 1, 0x40000000),  # the x32 variants of the calls
        (0x06, 0, 0, _DENY | errno.EPERM),
    ]

    def rule(numbers: tuple[int, int | None], block: list[tuple[int, int, int, int]]) -> None:
        number = numbers[column]
        if number is not None:
            lines.extend([(0x15, 0, len(block), number), *block])

    allow, deny = (0x06, 0, 0, _ALLOW), (0x06, 0, 0, _DENY | errno.EPERM)
    rule(_CLONE3, [(0x06, 0, 0, _DENY | errno.ENOSYS)])  # libc then takes clone, which can be read
    rule(_CLONE, [(0x20, 0, 0, 16), (0x45, 0, 1, 0x10000), allow, deny])  # threads only
    for numbers in (_MMAP, _MPROTECT):
        executable = [(0x20, 0, 0, 32), (0x45, 0, 1, 4), deny, allow]
        rule(numbers, [allow] if new_code else executable)
    commands = [0, 1, 2, 3, 4, 1030]  # duplicate, get and set flags: nothing that makes signals
    rule(_FCNTL, [(0x20, 0, 0, 24), *_one_of(commands), deny, allow])
    rule(_PRCTL, [(0x20, 0, 0, 16), *_one_of([15, 16, 0x53564D41]), deny, allow])  # names
    rule(_TGKILL, [(0x20, 0, 0, 16), *_one_of([os.getpid()]), deny, allow])
    if files:
        rule(_OPEN, [(0x20, 0, 0, 24), (0x45, 0, 1, _WRITING), deny, allow])
        rule(_OPENAT, [(0x20, 0, 0, 32), (0x45, 0, 1, _WRITING), deny, allow])
    for pair in plain.values():
        rule(pair, [allow])
    lines.append(deny)
    code = b"".join(struct.pack("=HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    program = _Program(len(lines), ctypes.addressof(buffer))
    failed = _ask(
        _libc(), seccomp, ctypes.c_uint(1), ctypes.c_uint(1), ctypes.byref(program)
    )  # 1, 1: set a filter, on all threads
    if failed:
        raise OSError(errno.EBUSY, f"thread {failed} cannot be locked")


def _one_of(values: list[int]) -> list[tuple[int, int, int, int]]:
    """Jump over the line behind these if the loaded number is one of the values."""
    count = len(values)
    return [(0x15, count - index, 0, value) for index, value in enumerate(values)]


def limit(memory: int | None, data: int | None, cpu_s: int | None, handles: int) -> None:
    """rlimits: no core files, nothing written to any file, few handles; bytes, bytes, seconds."""
    import resource

    limits = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 0, "RLIMIT_NOFILE": handles}
    limits |= {"RLIMIT_AS": memory} if memory else {}
    limits |= {"RLIMIT_DATA": data} if data else {}
    limits |= {"RLIMIT_CPU": cpu_s} if cpu_s else {}
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, name), (value, value))


def python_paths(extra: Iterable[str] = ()) -> list[str]:
    """What an interpreter must be able to read to import: its library, packages, shared objects."""
    libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"]
    # Not all of sys.path: an editable install would put the project itself on it.
    roots = (sys.prefix + os.sep, sys.base_prefix + os.sep)
    own = [path for path in sys.path if path.startswith(roots)]
    return [*extra, *own, os.path.join(sys.base_prefix, "lib"), *libraries]
