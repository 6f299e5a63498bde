"""Processes of the tiers: started, asked, and killed when the host's clock says so."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.sandbox import build
from rft.sandbox.data import Limits
from rft.sandbox.protocol import Answers, longest_line

DRIVER = build.GUEST / "native_driver.py"
START_S = 60.0
_SPARE = 768 << 20
"""Bytes a wasm worker may need beside its guest's memory."""
_NATIVE_SPARE = 512 << 20
"""Address space of an interpreter with its libraries."""


_CPU_LIMIT = (-9, -24, 137, 152)
"""Exit codes of a process that the kernel ended for it; the last two as bwrap passes them on."""


class NotReady(Exception):
    """A process could not be started, or not locked. The text says why."""


@dataclass(frozen=True)
class Exchange:
    """How an exchange ended: "done", "late" (killed by our clock), "cpu" or "died"."""

    end: str
    note: str = ""
    own_doing: bool = False
    """It was certainly the code, not the sandbox."""

    @property
    def unclear(self) -> bool:
        """Whether the sandbox itself may have failed."""
        return self.end != "done" and not self.own_doing


class Process:
    """A child with an empty environment, no handles but two pipes, and a folder of its own."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self._folder = cwd
        self.tier = ""
        kept = ("SYSTEMROOT", "LD_LIBRARY_PATH") if os.name == "nt" else ("LD_LIBRARY_PATH",)
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=cwd,
                env={name: os.environ[name] for name in kept if name in os.environ},
                start_new_session=True,
            )
        except OSError as error:
            self._remove()
            raise NotReady(f"no process could be started: {error}") from None
        self._late = False

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def send(self, request: dict[str, Any]) -> None:
        """Write a request; a child that is gone is noticed when its answer is read."""
        assert self._child.stdin
        with contextlib.suppress(OSError):
            self._child.stdin.write(json.dumps(request).encode() + b"\n")
            self._child.stdin.flush()

    def line(self, longest: int) -> bytes:
        """The next line; empty when there is none or it is too long."""
        assert self._child.stdout
        line = self._child.stdout.readline(longest)
        return line if line.endswith(b"\n") else b""

    def ready(self) -> bool:
        """Wait for the child to say that it is locked; -> whether it is. Raises NotReady."""
        with self.deadline(START_S):
            try:
                said = json.loads(self.line(10_000) or b"{}")
            except ValueError:
                said = {}
        if said.get("ready") is not True:
            self.end()
            late = f"did not start within {START_S:g} s" if self._late else "ended while starting"
            raise NotReady(f"the process {said.get('problem') or late}")
        return bool(said.get("locked"))

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Kill the child if this block takes longer."""
        timer = threading.Timer(seconds, self._strike)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def exchange(
        self, request: dict[str, Any] | None, answers: Answers, limits: Limits
    ) -> Exchange:
        """Send a request (None: it has been sent) and collect the answers until their end."""
        longest = longest_line(limits)
        self._late = False
        with self.deadline(limits.timeout_s):
            if request is not None:
                self.send(request)
            line = b""
            for _ in range(answers.expected + 2):
                line = self.line(longest)
                if not line or not answers.take(line) or answers.ended:
                    break
            else:
                answers.spoil("more answers than questions")
        if self._late:
            return Exchange("late")
        if answers.ended:
            return Exchange("done")
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(1)
        code = self._child.poll()
        if code in _CPU_LIMIT:
            return Exchange("cpu", "all CPU seconds used")
        return Exchange("died", "" if code is None else f"the process ended with code {code}")

    def _strike(self) -> None:
        self._late = True
        self.kill()

    def kill(self) -> None:
        """End the child and what it started."""
        if self._child.poll() is None:
            if os.name == "posix":
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._child.pid, signal.SIGKILL)
            self._child.kill()

    def end(self) -> None:
        """Kill, reap, close, remove its folder."""
        self.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def wasm_worker(guest: build.Guest, limits: Limits, lock: str) -> tuple[Process, bool]:
    """A process that serves gradings in WebAssembly, and whether it has locked itself."""
    data = str((limits.memory_mb << 20) + _SPARE)
    arguments = ["serve", guest.wasmtime, str(guest.path), guest.sha256, lock, data]
    process = Process([sys.executable, "-I", "-B", str(build.WORKER), *arguments], _own_folder())
    return process, process.ready()


def native(limits: Limits, wrapper: str | None) -> Process:
    """A process for one native grading; `wrapper`: the path of bwrap, else it locks its files."""
    folder = _own_folder()
    memory = str((limits.memory_mb << 20) + _NATIVE_SPARE)
    lock = "calls" if wrapper else "landlock"
    cpu_s = str(max(1, round(limits.timeout_s)))
    command = [sys.executable, "-I", "-B", str(DRIVER), lock, memory, cpu_s]
    return Process([*(_bwrap(wrapper) if wrapper else []), *command], folder)


def _own_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="rft-sandbox-"))


def _bwrap(path: str) -> list[str]:
    """bwrap with every namespace of its own, and only the interpreter's files, read-only."""
    folders = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", str(build.GUEST)}
    folders |= {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parents[1])}
    binds = [part for name in sorted(folders) for part in ("--ro-bind-try", name, name)]
    alone = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    return [
        path,
        *alone,
        *binds,
        "--dev",
        "/dev",
        "--remount-ro",
        "/",
        "--chdir",
        "/",
        "--clearenv",
        "--",
    ]


def bwrap_path() -> str | None:
    """Where bwrap is, if it is installed."""
    return shutil.which("bwrap") if sys.platform.startswith("linux") else None
