"""Processes of the tiers: started, asked, and killed when the host's clock says so."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.sandbox import build
from rft.sandbox.data import Limits
from rft.sandbox.protocol import Answers, longest_line
from rft.workers import Pool, Worker

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
    code_ended_it: bool = False
    """It was certainly the code that ended it, not the sandbox."""

    @property
    def unclear(self) -> bool:
        """Whether the sandbox itself may have failed."""
        return self.end != "done" and not self.code_ended_it


def send(worker: Worker, request: dict[str, Any]) -> None:
    """Write a request; a worker that is gone is noticed when its answer is read."""
    with contextlib.suppress(OSError):
        worker.send(json.dumps(request).encode())


def wait_until_ready(worker: Worker) -> bool:
    """Wait for a worker to say that it may be asked; -> whether it is locked. Raises NotReady."""
    with worker.deadline(START_S):
        try:
            reply = json.loads(worker.read_line(10_000) or b"{}")
        except ValueError:
            reply = {}
    if reply.get("ready") is not True:
        late = f"did not start within {START_S:g} s" if worker.late else "ended while starting"
        raise NotReady(f"the process {reply.get('problem') or late}")
    return bool(reply.get("locked"))


def exchange(
    worker: Worker, request: dict[str, Any] | None, answers: Answers, limits: Limits
) -> Exchange:
    """Send a request (None: it has been sent) and collect the answers until their end."""
    longest = longest_line(limits)
    with worker.deadline(limits.timeout_s):
        if request is not None:
            send(worker, request)
        line = b""
        for _ in range(answers.expected + 2):
            line = worker.read_line(longest)
            if not line or not answers.take(line) or answers.ended:
                break
        else:
            answers.spoil("more answers than questions")
    if worker.late:
        return Exchange("late")
    if answers.ended:
        return Exchange("done")
    code = worker.exit_code(0 if line else 1)
    if code in _CPU_LIMIT:
        return Exchange("cpu", "all CPU seconds used")
    return Exchange("died", "" if code is None else f"the process ended with code {code}")


def wasm_worker(pool: Pool, guest: build.Guest, limits: Limits, lock: str) -> tuple[Worker, bool]:
    """A process that serves gradings in WebAssembly, and whether it has locked itself."""
    data = str((limits.memory_mb << 20) + _SPARE)
    arguments = ["serve", guest.wasmtime, str(guest.path), guest.sha256, lock, data]
    worker = _spawn(pool, [sys.executable, "-I", "-B", str(build.WORKER), *arguments])
    try:
        return worker, wait_until_ready(worker)
    except BaseException:
        pool.end(worker)
        raise


def native(pool: Pool, limits: Limits, wrapper: str | None) -> Worker:
    """A process for one native grading; `wrapper`: the path of bwrap, else it locks its files."""
    memory = str((limits.memory_mb << 20) + _NATIVE_SPARE)
    lock = "calls" if wrapper else "landlock"
    cpu_s = str(max(1, round(limits.timeout_s)))
    command = [sys.executable, "-I", "-B", str(DRIVER), lock, memory, cpu_s]
    return _spawn(pool, [*(_bwrap(wrapper) if wrapper else []), *command])


def _spawn(pool: Pool, command: Sequence[str]) -> Worker:
    """A process with an empty environment, no handles but two pipes, and a folder of its own."""
    kept = ("SYSTEMROOT", "LD_LIBRARY_PATH") if os.name == "nt" else ("LD_LIBRARY_PATH",)
    env = {name: os.environ[name] for name in kept if name in os.environ}
    folder = Path(tempfile.mkdtemp(prefix="rft-sandbox-"))
    remove = functools.partial(shutil.rmtree, folder, ignore_errors=True)
    try:
        return pool.spawn(command, folder, env, remove)
    except OSError as error:
        remove()
        raise NotReady(f"no process could be started: {error}") from None


def _bwrap(path: str) -> list[str]:
    """bwrap with every namespace of its own, and only the interpreter's files, read-only."""
    folders = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", str(build.GUEST)}
    folders |= {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parents[1])}
    binds = [part for name in sorted(folders) for part in ("--ro-bind-try", name, name)]
    alone = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    inside = ["--dev", "/dev", "--remount-ro", "/", "--chdir", "/", "--clearenv"]
    return [path, *alone, *binds, *inside, "--"]


def bwrap_path() -> str | None:
    """Where bwrap is, if it is installed."""
    return shutil.which("bwrap") if sys.platform.startswith("linux") else None
