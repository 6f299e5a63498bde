"""Processes that run python and local graders: each grading has one for itself."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rft.config import SETTINGS_VARIABLE
from rft.workers import Pool, Turn, Worker

_WORKER = Path(__file__).with_name("worker.py")
# What an interpreter may need to start, and no more: above all no keys.
_KEPT = ("SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_KEPT_LOCAL = (
    *_KEPT, "PATH", "HOME", "USERPROFILE", "LOCALAPPDATA", "TMPDIR", "LANG", "LC_ALL", "RFT_CACHE",
)  # fmt: skip
# Numeric libraries would otherwise reserve memory for every core and fight over them.
_SET = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_GIB = 1 << 30
PIPE_BYTES = 16_384
"""So much fits into a pipe on every system, while nobody reads from it."""
_GRACE_S = 2.0
"""A local grader may have something of its own to put away when it ends."""


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


class GraderPool:
    """`size` processes, each started by the first grading that needs it, for the same graders.

    `graders`: key -> {"source", "file"}. `allowed`: the packages python graders may import; None
    for local graders, which run unguarded, see the project at `root` and its `settings` file, and
    may take 4 GiB instead of the hosted 2. The memory limit needs Linux; elsewhere there is none.
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
        settings: Path | None = None,
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
        self._setup = json.dumps(setup).encode()
        self._cwd = root if local else Path(root.anchor)
        kept = _KEPT_LOCAL if local else _KEPT
        self._env = {name: os.environ[name] for name in kept if name in os.environ} | _SET
        if local and settings:
            self._env[SETTINGS_VARIABLE] = str(root / settings)
        self._timeout_s = timeout_s
        self.processes = Pool(size, self._start, name="grader", grace_s=_GRACE_S)

    def call(self, key: str, data: Sequence[str]) -> list[Reply]:
        """Grade some answers one after the other, each under a deadline of its own.

        `data`: for each the JSON text '"sample": ..., "item": ...', without the braces.
        """
        lines = [f'{{"key": {json.dumps(key)}, {text}}}'.encode() for text in data]
        replies: list[Reply] = []
        with self.processes.turn() as turn:
            while len(replies) < len(lines):
                replies += self._ask(turn, lines[len(replies) :])
        return replies

    def _ask(self, turn: Turn, lines: Sequence[bytes]) -> list[Reply]:
        """The replies to the first lines, at least one; a failure is the last of them."""
        sent = 1
        room = PIPE_BYTES - len(lines[0])
        while sent < len(lines) and (room := room - len(lines[sent]) - 1) >= 0:
            sent += 1
        replies: list[Reply] = []
        sound = True
        started = time.perf_counter()
        try:
            worker = turn.worker()
            with worker.deadline(self._timeout_s):
                worker.send(b"\n".join(lines[:sent]))
            while sound and len(replies) < sent:
                started = time.perf_counter()
                reply, sound = self._reply(worker)
                replies.append(reply)
        except (EOFError, OSError, ValueError):
            sound = False
            seconds = time.perf_counter() - started
            replies.append(Reply(down=self._failure(turn.current), seconds=seconds))
        if not sound or (turn.current and turn.current.late):
            turn.drop()
        return replies

    def _reply(self, worker: Worker) -> tuple[Reply, bool]:
        """The next reply, and whether the worker can be asked again.

        Raises what `_receive` raises where not even a reward came.
        """
        started = time.perf_counter()
        with worker.deadline(self._timeout_s):
            reply = _receive(worker)
        more: dict[str, Any] = {}
        failure = ""
        if reply.get("more"):
            try:
                with worker.deadline(self._timeout_s):
                    more = _receive(worker)
            except (EOFError, OSError, ValueError):
                failure = self._failure(worker)
        seconds = time.perf_counter() - started
        if "reward" in reply:
            note = more.get("error") or (f"explain: {failure}" if failure else None)
            parts = more.get("parts", {})
            return Reply(reply["reward"], parts, note=note, seconds=seconds), not failure
        error, down = reply.get("error"), reply.get("down")
        return Reply(error=error, down=down, seconds=seconds), down is None

    def close(self) -> None:
        """End every process. Gradings under way end as `down`."""
        self.processes.close()

    def _start(self) -> Worker:
        """A worker that has loaded its graders; raises what `call` treats as a failure."""
        # -s -P and an emptied environment amount to -I, which would also ignore the hash seed: with
        # it a grader that iterates over a set gives the same float in every process.
        command = [sys.executable, "-s", "-P", "-B", "-X", "utf8", str(_WORKER)]
        worker = self.processes.spawn(command, self._cwd, self._env)
        try:
            with worker.deadline(self._timeout_s + 10):  # a busy machine takes a while
                worker.send(self._setup)
                _receive(worker)
        except BaseException:
            self.processes.end(worker)
            raise
        return worker

    def _failure(self, worker: Worker | None) -> str:
        if self.processes.closed:
            return "the grader was closed"
        if worker is None:
            return "no worker process could be started, or loading the grader ended it"
        if worker.late:
            return f"no answer within {self._timeout_s:g} s"
        code = worker.exit_code(1)  # its own exit code tells more than that of our kill
        if code is None:
            return "it broke the protocol"
        return f"killed by signal {-code}" if code < 0 else f"the process ended with code {code}"


def _receive(worker: Worker) -> dict[str, Any]:
    """The next reply; raises EOFError when the process is gone, ValueError on nonsense."""
    line = worker.read_line()
    if not line:
        raise EOFError
    reply = json.loads(line)
    if not isinstance(reply, dict):
        raise ValueError("not of the protocol")
    return reply
