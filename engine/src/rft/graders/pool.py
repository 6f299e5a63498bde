"""Worker processes that stay warm: each grading has one for itself, a broken one is replaced."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WORKER = Path(__file__).with_name("worker.py")
# What an interpreter may need to start, and no more: above all no keys.
_KEPT = ("SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_KEPT_LOCAL = (
    *_KEPT, "PATH", "HOME", "USERPROFILE", "LOCALAPPDATA", "TMPDIR", "LANG", "LC_ALL", "RFT_CACHE",
)  # fmt: skip
# Numeric libraries would otherwise reserve memory for every core and fight over them.
_SET = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_GIB = 1 << 30


@dataclass(frozen=True)
class Reply:
    """What came of one call. `reward` is None when `error` (the grader's) or `down` (ours) is set.

    `note`: explain() failed, which costs no reward. `seconds`: in the worker, without the queue.
    """

    reward: float | None = None
    parts: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    down: str | None = None
    note: str | None = None
    seconds: float = 0.0


class _Worker:
    def __init__(self, command: list[str], cwd: str, env: dict[str, str]) -> None:
        # A session of its own: Ctrl-C does not reach it, and a kill takes its children along.
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
        self.deadline: float | None = None
        self.late = False

    def send(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next line; raises EOFError when the process is gone, ValueError on nonsense."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError("not of the protocol")
        return answer

    def kill(self) -> None:
        """End the process and what it started; its pipes stay open for whoever reads them."""
        if self.process.poll() is None:
            if os.name == "posix":
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()

    def retire(self) -> None:
        """Let it end by itself: a local grader may have something of its own to put away."""
        assert self.process.stdin
        assert self.process.stdout
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        if os.name != "posix":
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
            return
        select.select([self.process.stdout], [], [], 2)
        # Not asked yet whether it has ended, so its number is still its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def bury(self) -> None:
        """Kill, reap, close the pipes."""
        self.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):  # a request may still be in the buffer
                if pipe:
                    pipe.close()


class Pool:
    """`size` processes, each started by the first grading that needs it, for the same graders.

    `graders`: key -> {"source", "file"}. `allowed`: the packages python graders may import; None
    for local graders, which run unguarded, see the project at `root` and may take 4 GiB instead of
    the hosted 2. The memory limit needs Linux; elsewhere there is none.
    `timeout_s`: wall clock for one grade() and for one explain(). Thread-safe.
    """

    def __init__(
        self,
        graders: Mapping[str, Mapping[str, str]],
        *,
        allowed: list[str] | None,
        root: Path,
        size: int,
        timeout_s: float,
    ) -> None:
        local = allowed is None
        setup = {
            "graders": graders,
            "guarded": not local,
            "allowed": allowed or [],
            "memory": (4 if local else 2) * _GIB,
            # A sandbox in a local grader reserves more addresses than it will ever use.
            "memory_kind": "RLIMIT_DATA" if local else "RLIMIT_AS",
            "timeout_s": timeout_s,
            "sys_path": [str(root), *(os.path.abspath(p) for p in sys.path)] if local else [],
        }
        self._setup = json.dumps(setup).encode() + b"\n"
        self._cwd = str(root) if local else root.anchor
        kept = _KEPT_LOCAL if local else _KEPT
        self._env = {name: os.environ[name] for name in kept if name in os.environ} | _SET
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._alive: set[_Worker] = set()
        self._closed = threading.Event()
        self._watchdog: threading.Thread | None = None
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        for _ in range(size):
            self._idle.put(None)

    def call(self, key: str, data: str) -> Reply:
        """Grade once. `data`: the JSON text '"sample": ..., "item": ...', without the braces."""
        if self._closed.is_set():
            raise RuntimeError("this grader is closed")
        line = f'{{"key": {json.dumps(key)}, {data}}}\n'.encode()
        worker = self._idle.get()
        reply: dict[str, Any] = {}
        more: dict[str, Any] = {}
        trouble = ""
        done = False
        started = time.perf_counter()
        try:
            if worker and worker.process.poll() is not None:  # killed while it had nothing to do
                self._discard(worker)
                worker = None
            if worker is None:
                worker = self._start()
                started = time.perf_counter()
            self._allow(worker, self._timeout_s)
            worker.send(line)
            reply = worker.receive()
            if reply.get("more"):
                self._allow(worker, self._timeout_s)
                more = worker.receive()
            done = "down" not in reply
        except (EOFError, OSError, ValueError):
            trouble = self._trouble(worker)
        finally:
            # An interrupt ends up here too: a worker whose answer nobody read must not be reused.
            if worker and not (self._allow(worker, None) and done):
                self._discard(worker)
                worker = None
            self._idle.put(worker)
        seconds = time.perf_counter() - started
        if "reward" in reply:
            note = more.get("error") or (f"explain: {trouble}" if trouble else None)
            return Reply(reply["reward"], more.get("parts", {}), note=note, seconds=seconds)
        return Reply(error=reply.get("error"), down=trouble or reply.get("down"), seconds=seconds)

    def close(self) -> None:
        """Kill every worker and wait for it. Gradings under way end as `down`."""
        self._closed.set()
        for _ in range(self._idle.qsize()):
            with contextlib.suppress(queue.Empty):
                if idle := self._idle.get_nowait():
                    idle.retire()
                    self._discard(idle)
                self._idle.put(None)
        with self._lock:
            workers = list(self._alive)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.process.wait()
        if self._watchdog:
            self._watchdog.join()
        for _ in range(self._idle.qsize()):
            with contextlib.suppress(queue.Empty):
                if worker_or_none := self._idle.get_nowait():
                    self._discard(worker_or_none)
                self._idle.put(None)  # whoever still waits for its turn learns that it is over

    def _start(self) -> _Worker:
        """A worker that has loaded its graders; raises what `call` treats as trouble."""
        # -s -P and an emptied environment amount to -I, which would also ignore the hash seed: with
        # it a grader that iterates over a set gives the same float in every process.
        command = [sys.executable, "-s", "-P", "-B", "-X", "utf8", str(_WORKER)]
        with self._lock:
            if self._closed.is_set():
                raise OSError("closed")
            worker = _Worker(command, self._cwd, self._env)
            self._alive.add(worker)
            if self._watchdog is None:
                self._watchdog = threading.Thread(target=self._watch, daemon=True)
                self._watchdog.start()
        try:
            self._allow(worker, self._timeout_s + 10)  # starting on a busy machine takes a while
            worker.send(self._setup)
            worker.receive()
        except BaseException:
            self._discard(worker)
            raise
        return worker

    def _allow(self, worker: _Worker, seconds: float | None) -> bool:
        """Set or lift the deadline; False if the watchdog was faster."""
        with self._lock:
            worker.deadline = None if seconds is None else time.monotonic() + seconds
            return not worker.late

    def _watch(self) -> None:
        while not self._closed.wait(min(0.1, self._timeout_s / 4)):
            now = time.monotonic()
            with self._lock:
                for worker in self._alive:
                    if worker.deadline and worker.deadline < now:
                        worker.late = True
                        worker.kill()

    def _trouble(self, worker: _Worker | None) -> str:
        if self._closed.is_set():
            return "the grader was closed"
        if worker is None:
            return "no worker process could be started, or loading the grader ended it"
        if worker.late:
            return f"no answer within {self._timeout_s:g} s"
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(1)  # its own exit code tells more than that of our kill
        worker.kill()
        code = worker.process.wait()
        return f"killed by signal {-code}" if code < 0 else f"the process ended with code {code}"

    def _discard(self, worker: _Worker) -> None:
        worker.bury()
        with self._lock:
            self._alive.discard(worker)
