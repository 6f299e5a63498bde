"""The folder of a training job below runs/train/.

`body.json` is the request, `train.jsonl` and `validation.jsonl` the files behind its ids,
`job.json` the job's id and state, `events.jsonl` its events. The id is written as soon as it is
known, so a killed command never creates a second job.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rft.config import ProfileName
from rft.errors import UserError
from rft.files import not_writable, write_text
from rft.jobs.hyper import Method
from rft.jobs.replies import entry_key
from rft.runs import make_folder

INFO, BODY, EVENTS = "job.json", "body.json", "events.jsonl"


class JobInfo(BaseModel):
    """The content of job.json. Holds no key and no secret."""

    model_config = ConfigDict(extra="forbid")

    identity: str
    """sha256 of the body, with the hashes of its files in place of their ids, and the address."""
    profile: ProfileName
    base_url: str
    """Of the vendor, or "rft serve" for our own service."""
    method: Method
    start_from: str
    """Id of the model to train."""
    name: str
    """Name of the tuned model in the [models] table of rft.toml."""
    created: str = ""
    sending_since: float | None = None
    """Unix time at which the body was about to be sent."""
    job_id: str = ""
    status: str = ""
    tuned_model: str = ""
    readiness: str = ""
    """The verdict of `rft ready` on that model when the job was sent."""
    overruled: bool = False
    """Sent although readiness said no (--anyway)."""


@dataclass
class JobFolder:
    """A job's folder, with what its job.json says."""

    folder: Path
    info: JobInfo

    def update(self, **values: Any) -> None:
        """Change values of job.json."""
        self.info = self.info.model_copy(update=values)
        write_text(self.folder / INFO, self.info.model_dump_json(indent=2) + "\n")

    def write_body(self, body: dict[str, Any]) -> None:
        """Write body.json."""
        write_text(self.folder / BODY, json.dumps(body, indent=2, ensure_ascii=False) + "\n")

    def body(self) -> dict[str, Any]:
        """The content of body.json."""
        body: dict[str, Any] = json.loads((self.folder / BODY).read_text(encoding="utf-8"))
        return body

    def events(self) -> list[dict[str, Any]]:
        """The stored events, oldest first; none where the file is missing or damaged."""
        try:
            lines = (self.folder / EVENTS).read_text(encoding="utf-8").split("\n")
            events = [json.loads(line) for line in lines if line]
        except (OSError, ValueError):
            return []
        return [event for event in events if isinstance(event, dict)]

    def event_keys(self) -> set[str]:
        """The keys of the events that are stored already."""
        return {entry_key(event) for event in self.events()}

    def append_events(self, events: Iterable[dict[str, Any]]) -> None:
        """Store events as the service sent them. Raises OutsideError when the disk refuses."""
        try:
            with (self.folder / EVENTS).open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(event) + "\n" for event in events)
        except OSError as error:
            raise not_writable(self.folder, error) from None


def start(root: Path, info: JobInfo) -> JobFolder:
    """A new folder for a job that has not been sent yet."""
    now = datetime.now(UTC)
    job = JobFolder(make_folder(root, f"{now:%Y%m%d-%H%M%S}-{info.method}"), info)
    job.update(created=now.isoformat(timespec="seconds"))
    return job


def all_jobs(root: Path) -> Iterator[JobFolder]:
    """Every readable job, newest first."""
    for path in sorted(root.glob(f"*/{INFO}"), reverse=True):
        with contextlib.suppress(OSError, ValidationError):
            yield JobFolder(path.parent, JobInfo.model_validate_json(path.read_bytes()))


def with_identity(root: Path, identity: str) -> JobFolder | None:
    """The newest job with this body that has not failed and was not cancelled."""
    jobs = (job for job in all_jobs(root) if job.info.identity == identity)
    return next((job for job in jobs if job.info.status not in ("failed", "cancelled")), None)


def find(root: Path, name: str) -> JobFolder:
    """The job of this id or folder; without a name the newest that was sent.

    Raises UserError when there is none.
    """
    sent = [job for job in all_jobs(root) if job.info.job_id]
    for job in sent:
        if name in ("", job.info.job_id, job.folder.name):
            return job
    if not name:
        raise UserError("No job was sent from here yet; send one with `rft train`.")
    ids = ", ".join(job.info.job_id for job in reversed(sent)) or "none"
    raise UserError(f"No job '{name}' was sent from here; runs/train holds {ids}.")
