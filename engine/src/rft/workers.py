"""Worker processes: asked line by line over two pipes, with deadlines, kept warm in a pool."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

TICK_S = 0.1
"""How often deadlines are looked at."""


def cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Worker:
    """A child process with two pipes, in a session of its own: Ctrl-C does not reach it, and a
    kill takes along what it started. Made by `Pool.spawn`.

    `late`: it was killed because it missed a deadline. `on_end`: called once it is gone.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        lock: threading.Lock,
        on_end: Callable[[], None],
    ) -> None:
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
        self._lock = lock
        self._on_end = on_end
        self._deadline: float | None = None
        self.late = False

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def send(self, line: bytes) -> None:
        """Write a line. Raises OSError when the process is gone."""
        assert self._child.stdin
        self._child.stdin.write(line + b"\n")
        self._child.stdin.flush()

    def read_line(self, longest: int = -1) -> bytes:
        """The next line; empty when there is none or it has more than `longest` bytes."""
        assert self._child.stdout
        line = self._child.stdout.readline(longest)
        return line if line.endswith(b"\n") else b""

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Kill the process when the block takes longer; `late` says so afterwards."""
        with self._lock:
            self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            with self._lock:
                self._deadline = None

    def strike_if_late(self, now: float) -> None:
        """Kill the process if its deadline has passed; the pool's lock is held."""
        if self._deadline and self._deadline < now:
            self._deadline = None
            self.late = True
            self.kill()

    def exit_code(self, patience_s: float = 0.0) -> int | None:
        """The exit code, or None while it runs; negative: the signal that ended it."""
        if not patience_s:
            return self._child.poll()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._child.wait(patience_s)
        return None

    def kill(self) -> None:
        """End the process and what it started; its pipes stay open for whoever reads them."""
        if self._child.poll() is None:
            self._kill_group()
            self._child.kill()

    def end(self, grace_s: float = 0.0) -> None:
        """Close its input, let it end by itself within `grace_s`, then kill, reap and clean up."""
        if grace_s:
            self._let_end(grace_s)
        self.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with contextlib.suppress(OSError):  # a request may still be in the buffer
                if pipe:
                    pipe.close()
        self._on_end()

    def _let_end(self, grace_s: float) -> None:
        assert self._child.stdin
        assert self._child.stdout
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        if os.name != "posix":
            self.exit_code(grace_s)
            return
        select.select([self._child.stdout], [], [], grace_s)
        self._kill_group()  # it has not been waited for, so its number is still its own

    def _kill_group(self) -> None:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)


class Pool:
    """Up to `size` workers, each started by the first turn that needs it; thread-safe.

    `start`: makes a worker that is ready to be asked, with `spawn`. `grace_s`: how long an idle
    worker may take to end by itself when the pool is closed. `name`: what callers call it.
    """

    def __init__(
        self, size: int, start: Callable[[], Worker], *, name: str, grace_s: float = 0.0
    ) -> None:
        self._start, self._name, self._grace_s = start, name, grace_s
        self._lock = threading.Lock()
        self._alive: set[Worker] = set()
        self._closed = threading.Event()
        self._watchdog: threading.Thread | None = None
        # Last in, first out: a single thread stays on one warm worker.
        self._idle: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    @property
    def closed(self) -> bool:
        """Whether the pool is closed."""
        return self._closed.is_set()

    def pids(self) -> list[int]:
        """The ids of the processes that run."""
        with self._lock:
            return [worker.pid for worker in self._alive]

    def spawn(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        on_end: Callable[[], None] = lambda: None,
    ) -> Worker:
        """A new process of this pool. Raises OSError when it cannot be started."""
        with self._lock:
            if self._closed.is_set():
                raise OSError(f"the {self._name} was closed")
            worker = Worker(command, cwd, env, self._lock, on_end)
            self._alive.add(worker)
            if self._watchdog is None:
                self._watchdog = threading.Thread(target=self._watch, daemon=True)
                self._watchdog.start()
        return worker

    @contextlib.contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for a place and hold it; what raises in the block ends the place's worker.

        Raises RuntimeError when the pool is closed already.
        """
        if self._closed.is_set():
            raise RuntimeError(f"this {self._name} is closed")
        turn = Turn(self, self._idle.get())
        try:
            yield turn
        except BaseException:
            turn.drop()  # an answer that nobody read must not reach the next turn
            raise
        finally:
            if self._closed.is_set():
                turn.drop()
            self._idle.put(turn.current)

    def end(self, worker: Worker, grace_s: float = 0.0) -> None:
        """End a worker for good."""
        worker.end(grace_s)
        with self._lock:
            self._alive.discard(worker)

    def close(self) -> None:
        """End every worker: idle ones within their grace, the others at once."""
        self._closed.set()
        self._end_idle(self._grace_s)
        with self._lock:
            alive = list(self._alive)
        for worker in alive:
            worker.kill()
        for worker in alive:
            worker.exit_code(10)
        if self._watchdog:
            self._watchdog.join()
        self._end_idle(0.0)

    def _end_idle(self, grace_s: float) -> None:
        taken = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self._idle.get_nowait())
        for worker in taken:
            if worker:
                self.end(worker, grace_s)
            self._idle.put(None)  # whoever waits for a turn learns that it is over

    def _watch(self) -> None:
        while not self._closed.wait(TICK_S):
            now = time.monotonic()
            with self._lock:
                for worker in self._alive:
                    worker.strike_if_late(now)


class Turn:
    """One place of the pool, held for a while."""

    def __init__(self, pool: Pool, current: Worker | None) -> None:
        self._pool = pool
        self.current = current

    def worker(self) -> Worker:
        """The place's worker, started if need be. Raises what `start` raises."""
        if self.current and self.current.exit_code() is not None:  # ended while it was idle
            self.drop()
        if self.current is None:
            self.current = self._pool._start()
        return self.current

    def drop(self) -> None:
        """End the worker; the next turn starts another."""
        if self.current:
            self._pool.end(self.current)
            self.current = None
