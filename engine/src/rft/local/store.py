"""The state of the service in one SQLite file, shared by the service and its workers.

Every change is one transaction, so that a kill at any moment leaves a whole state. SQLite locks by
file: keep the folder on a local disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from openai.types import FileObject
from openai.types.fine_tuning import FineTuningJobEvent

from rft.errors import OutsideError
from rft.jobs.replies import OVER

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, filename TEXT NOT NULL,
    purpose TEXT NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL,
    wanted TEXT NOT NULL DEFAULT '', error TEXT, fine_tuned_model TEXT, finished_at INTEGER,
    estimated_finish INTEGER, trained_tokens INTEGER, result_file TEXT,
    pid INTEGER, crashes INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, job TEXT NOT NULL,
    created_at INTEGER NOT NULL, level TEXT NOT NULL, type TEXT NOT NULL, message TEXT NOT NULL,
    data TEXT);
CREATE INDEX IF NOT EXISTS events_of_job ON events (job, seq);
CREATE TABLE IF NOT EXISTS checkpoints (
    id TEXT PRIMARY KEY, job TEXT NOT NULL, created_at INTEGER NOT NULL, step INTEGER NOT NULL,
    model TEXT NOT NULL, score REAL, metrics TEXT NOT NULL, UNIQUE (job, step));
CREATE TABLE IF NOT EXISTS models (
    id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, job TEXT NOT NULL, folder TEXT NOT NULL);
"""
_JSON_COLUMNS = ("body", "error", "data", "metrics")


@dataclass(frozen=True)
class Job:
    """One training job. `body`: the checked request. `wanted`: "" or "pause"."""

    id: str
    created_at: int
    body: dict[str, Any]
    status: str
    wanted: str
    error: dict[str, Any] | None
    fine_tuned_model: str | None
    finished_at: int | None
    estimated_finish: int | None
    trained_tokens: int | None
    result_file: str | None
    pid: int | None
    crashes: int


@dataclass(frozen=True)
class Checkpoint:
    """Weights of one step; `score`: validation reward, or minus the loss, or None."""

    id: str
    job: str
    created_at: int
    step: int
    model: str
    score: float | None
    metrics: dict[str, Any]


@dataclass(frozen=True)
class TunedModel:
    """Weights that can be served and trained further; `folder` is relative to the state's."""

    id: str
    created_at: int
    job: str
    folder: str


def worker_lock(folder: Path) -> FileLock:
    """The lock that the worker of the job in `folder` holds while it lives."""
    return FileLock(folder / "worker.lock")


def new_id(kind: str) -> str:
    """An id as OpenAI's look: kind-, then 24 random letters and digits."""
    return f"{kind}-{secrets.token_hex(12)}"


class Store:
    """The state in `folder`, which is made (for this user only) when it does not exist.

    Thread-safe. Lists are newest first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            for path in (folder, folder / "files", folder / "jobs"):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                folder / "state.db",
                timeout=60,
                isolation_level="IMMEDIATE",
                check_same_thread=False,
            )
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise OutsideError(
                f"The state folder {folder} cannot be used: {error}; name another with --state."
            ) from None
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the database; the store cannot be used after that."""
        with self._lock:
            self._db.close()

    def _read(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self._lock:
            rows = [dict(row) for row in self._db.execute(query, values)]
        for row in rows:
            row |= {name: json.loads(row[name] or "null") for name in _JSON_COLUMNS if name in row}
        return rows

    def _change(self, *queries: tuple[str, list[Any]]) -> int:
        """Run statements as one transaction; returns the number of changed rows of the last."""
        with self._lock, self._db:
            for query, values in queries:
                encoded = [json.dumps(v) if isinstance(v, dict) else v for v in values]
                changed = self._db.execute(query, encoded).rowcount
        return changed

    def _put(self, table: str, values: dict[str, Any], conflict: str = "") -> None:
        """Insert a row; one with the same key is replaced, or changed as `conflict` says."""
        verb = "INSERT" if conflict else "INSERT OR REPLACE"
        query = f"{verb} INTO {table} ({', '.join(values)}) VALUES ({_marks(values)}) {conflict}"
        self._change((query, [*values.values()]))

    # files -------------------------------------------------------------------------------------

    def file_path(self, file_id: str) -> Path:
        """The path of a file's content; only for ids that `file` knows."""
        return self.folder / "files" / file_id

    def add_file(self, content: Path, filename: str, purpose: str) -> FileObject:
        """Take over the file at `content` (on the same disk)."""
        file_id, size = new_id("file"), content.stat().st_size
        os.replace(content, self.file_path(file_id))
        values = {"id": file_id, "created_at": _now(), "filename": filename}
        values |= {"purpose": purpose, "bytes": size}
        self._put("files", values)
        return _file(values)

    def files(self) -> list[FileObject]:
        """All files."""
        return [_file(row) for row in self._read("SELECT * FROM files ORDER BY rowid DESC")]

    def file(self, file_id: str) -> FileObject | None:
        """One file, or None."""
        rows = self._read("SELECT * FROM files WHERE id = ?", file_id)
        return _file(rows[0]) if rows else None

    def delete_file(self, file_id: str) -> None:
        """Delete a file and its content."""
        self._change(("DELETE FROM files WHERE id = ?", [file_id]))
        self.file_path(file_id).unlink(missing_ok=True)

    # jobs --------------------------------------------------------------------------------------

    def job_folder(self, job_id: str) -> Path:
        """The folder of a job's rows, trainer state and weights; only for ids that `job` knows."""
        return self.folder / "jobs" / job_id

    def add_job(self, job_id: str, body: dict[str, Any]) -> Job:
        """A new job, whose folder holds its rows already."""
        values = {"id": job_id, "created_at": _now(), "body": body, "status": "validating_files"}
        self._put("jobs", values)
        return self.job(job_id)

    def jobs(self) -> list[Job]:
        """All jobs."""
        return [Job(**row) for row in self._read("SELECT * FROM jobs ORDER BY rowid DESC")]

    def job(self, job_id: str) -> Job:
        """One job. Raises KeyError for an unknown id."""
        rows = self._read("SELECT * FROM jobs WHERE id = ?", job_id)
        if not rows:
            raise KeyError(job_id)
        return Job(**rows[0])

    def update_job(self, job_id: str, *, only_if: tuple[str, ...] = (), **values: Any) -> bool:
        """Set columns, if the status is one of `only_if`; False if it was not.

        Jobs that have ended never change: the first end counts.
        """
        if values.get("status") in OVER:
            values |= {"finished_at": _now(), "estimated_finish": None, "wanted": ""}
        columns = ", ".join(f"{name} = ?" for name in values)
        query = f"UPDATE jobs SET {columns} WHERE id = ? AND status NOT IN ({_marks(OVER)})"
        if only_if:
            query += f" AND status IN ({_marks(only_if)})"
        return self._change((query, [*values.values(), job_id, *OVER, *only_if])) == 1

    def fail_job(
        self, job_id: str, code: str, message: str, *, param: str | None = None, **values: Any
    ) -> None:
        """End a job as failed and say why, unless it has ended already."""
        error = {"code": code, "message": message, "param": param}
        if self.update_job(job_id, status="failed", error=error, **values):
            self.add_event(job_id, message, "error")

    # events ------------------------------------------------------------------------------------

    def add_event(self, job_id: str, message: str, level: str = "info") -> None:
        """A message for whoever watches the job."""
        self._put_event(new_id("ftevent"), job_id, level=level, type="message", message=message)

    def put_step(self, job_id: str, step: int, message: str, data: dict[str, Any]) -> None:
        """The metrics of one step. A step done again after a crash takes its old event's place, id
        and all, so that no step is ever listed twice."""
        name = hashlib.sha256(f"{job_id}/{step}".encode()).hexdigest()[:24]
        values = {"level": "info", "type": "metrics", "message": message, "data": data}
        self._put_event(f"ftevent-{name}", job_id, **values)

    def _put_event(self, event_id: str, job_id: str, **values: Any) -> None:
        conflict = "ON CONFLICT (id) DO UPDATE SET message = excluded.message, data = excluded.data"
        event = {"id": event_id, "job": job_id, "created_at": _now()} | values
        self._put("events", event, conflict)

    def events(self, job_id: str) -> list[FineTuningJobEvent]:
        """The events of a job."""
        columns = "id, created_at, level, type, message, data"
        rows = self._read(f"SELECT {columns} FROM events WHERE job = ? ORDER BY seq DESC", job_id)
        return [FineTuningJobEvent(object="fine_tuning.job.event", **row) for row in rows]

    # weights -----------------------------------------------------------------------------------

    def put_checkpoint(
        self, job_id: str, step: int, model: str, score: float | None, metrics: dict[str, Any]
    ) -> None:
        """The checkpoint of one step and the model it made; a step done again replaces it."""
        checkpoint = Checkpoint(new_id("ftckpt"), job_id, _now(), step, model, score, metrics)
        self._put("checkpoints", vars(checkpoint))

    def checkpoints(self, job_id: str) -> list[Checkpoint]:
        """The checkpoints of a job, latest step first."""
        rows = self._read("SELECT * FROM checkpoints WHERE job = ? ORDER BY step DESC", job_id)
        return [Checkpoint(**row) for row in rows]

    def drop_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Delete a checkpoint and its model; the folder is the caller's."""
        self._change(
            ("DELETE FROM checkpoints WHERE id = ?", [checkpoint.id]),
            ("DELETE FROM models WHERE id = ?", [checkpoint.model]),
        )

    def put_model(self, model: str, job_id: str, folder: Path) -> None:
        """Weights under an id; `folder` lies in the state's."""
        relative = str(folder.relative_to(self.folder))
        self._put("models", vars(TunedModel(model, _now(), job_id, relative)))

    def models(self) -> list[TunedModel]:
        """All tuned models."""
        return [TunedModel(**r) for r in self._read("SELECT * FROM models ORDER BY rowid DESC")]


def _file(row: dict[str, Any]) -> FileObject:
    return FileObject(object="file", status="processed", **row)


def _marks(values: Collection[Any]) -> str:
    return ", ".join("?" * len(values))


def _now() -> int:
    return int(time.time())
