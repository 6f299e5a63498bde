"""Which job runs: one worker process each, started in turn, found again after a crash.

A worker holds a lock on its job's folder as long as it lives, whichever service started it. So a
service that comes back after a kill finds its workers: those alive continue, the others are started
again from their last checkpoint.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

from filelock import Timeout

from rft.errors import UserError
from rft.local.plan import make_plan, resolved
from rft.local.rows import LIMITS, load_rows
from rft.local.store import Job, Store, worker_lock

MAX_CRASHES = 3
"""In a row, without a checkpoint in between; then the job has failed."""
_GRACE_S = 10.0


class Scheduler:
    """Runs in a thread of its own. `limit`: workers at once; `key_env`: hidden from them."""

    def __init__(self, store: Store, *, limit: int, root: Path, key_env: str = "") -> None:
        self._store = store
        self._limit = limit
        self._root = root
        self._env = {k: v for k, v in os.environ.items() if k != key_env}
        self._own: dict[str, subprocess.Popen[bytes]] = {}
        self._deadlines: dict[str, float] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        """Start the scheduler and resume jobs left by a previous process."""
        self._thread.start()

    def poke(self) -> None:
        """Something changed: look now."""
        self._wake.set()

    def stop(self) -> None:
        """End the workers; their jobs go on from the last checkpoint at the next start."""
        self._stopping = True
        self.poke()
        self._thread.join()
        for process in self._own.values():
            process.terminate()
        for process in self._own.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)
            process.kill()
            process.wait()

    def _loop(self) -> None:
        while not self._stopping:
            try:
                self._look()
            except Exception:  # one bad moment (a full disk, say) must not end all scheduling
                traceback.print_exc()
            self._wake.wait(0.5)
            self._wake.clear()

    def _look(self) -> None:
        jobs = self._store.jobs()[::-1]  # oldest first
        for job in jobs:
            if job.status == "validating_files":
                self._validate(job)
        busy = 0
        for job in jobs:
            alive = self._alive(job)
            busy += alive
            if alive and job.status == "cancelled":
                self._end(job)
            elif not alive and job.status in ("running", "pausing"):
                self._crashed(job)
        for job in reversed(self._store.jobs()):
            if job.status == "queued" and busy < self._limit:
                self._start(job)
                busy += 1

    def _alive(self, job: Job) -> bool:
        process = self._own.get(job.id)
        if process is not None:
            if process.poll() is None:
                return True
            del self._own[job.id]
        if job.pid is None:
            return False
        try:
            with worker_lock(self._store.job_folder(job.id)).acquire(blocking=False):
                return False
        except Timeout:
            return True

    def _validate(self, job: Job) -> None:
        counts: dict[str, int] = {}
        for split in LIMITS:
            path = self._store.job_folder(job.id) / f"{split}.jsonl"
            try:
                if path.exists():
                    counts[split] = len(load_rows(path, job.body["method"]["type"]))
            except UserError as error:
                name = "training_file" if split == "train" else "validation_file"
                message = f"The {name.replace('_', ' ')} cannot be used: {error}."
                self._store.fail_job(job.id, f"invalid_{name}", message, param=name)
                return
        body = resolved(job.body, make_plan(job.body, counts["train"]))
        if self._store.update_job(
            job.id, only_if=("validating_files",), status="queued", body=body
        ):
            rows = f"{counts['train']} training rows"
            if "validation" in counts:
                rows += f", {counts['validation']} validation rows"
            self._store.add_event(job.id, f"Files validated: {rows}. The job is queued.")

    def _start(self, job: Job) -> None:
        folder = self._store.job_folder(job.id)
        if not self._store.update_job(job.id, only_if=("queued",), status="running"):
            return
        with (folder / "worker.log").open("ab") as log:
            # A session of its own: Ctrl-C in the service's terminal does not reach it.
            process = subprocess.Popen(
                [sys.executable, "-m", "rft.local.worker", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._root,
                env=self._env,
                start_new_session=True,
            )
        self._own[job.id] = process
        self._store.update_job(job.id, pid=process.pid)

    def _crashed(self, job: Job) -> None:
        crashes = job.crashes + 1
        if job.status == "pausing":
            self._store.update_job(job.id, only_if=("pausing",), status="paused", wanted="")
            message = "The worker ended before it paused; resume starts from the last checkpoint."
            self._store.add_event(job.id, message, "warn")
        elif crashes > MAX_CRASHES:
            log = self._store.job_folder(job.id) / "worker.log"
            message = (
                f"The worker ended {crashes} times without a new checkpoint, perhaps out of "
                f"memory; see {log}, and try a smaller rft_micro_batch."
            )
            self._store.fail_job(job.id, "worker_crashed", message, crashes=crashes)
        elif self._store.update_job(job.id, only_if=("running",), status="queued", crashes=crashes):
            message = "The worker died; it is started again from the last checkpoint."
            self._store.add_event(job.id, message, "warn")

    def _end(self, job: Job) -> None:
        """Ask a cancelled job's worker to end, then make it."""
        deadline = self._deadlines.setdefault(job.id, time.monotonic() + _GRACE_S)
        late = time.monotonic() > deadline
        if job.pid is not None:  # its lock is held, so the number is still its own
            with contextlib.suppress(ProcessLookupError):
                os.kill(job.pid, signal.SIGKILL if late and os.name == "posix" else signal.SIGTERM)
