"""Follow a job: ask for its state and events, slowly when nothing happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rft.errors import OutsideError
from rft.jobs.hacking import Alarm, watch
from rft.jobs.metrics import Point, points
from rft.jobs.store import EVENTS, OVER, Job
from rft.jobs.vendor import explained

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

FIRST_WAIT_S, LONGEST_WAIT_S, SLOWER = 1.0, 30.0, 1.5
PATIENCE_S = 900.0
"""So long the service may be away before the command gives up; the job itself goes on."""


@dataclass
class State:
    """What is known of a job at one moment."""

    status: str = ""
    job: FineTuningJob | None = None
    points: list[Point] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    news: list[Any] = field(default_factory=list)
    """Events that were not there before, oldest first."""
    away: str = ""
    """Why the service could not be asked just now."""


def follow(
    reach: Callable[[], OpenAI],
    job: Job,
    valid_answers: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[State]:
    """States of a job until it is over or paused; new events are kept in its folder.

    `reach` makes a client; it is asked again when the service was away, since our own comes back
    at another port.

    Raises UserError when the service does not know the job, OutsideError when it stays away.
    """
    events: dict[str, FineTuningJobEvent] = {}
    kept = _kept(job)
    wait, away_since = FIRST_WAIT_S, None
    client: OpenAI | None = None
    while True:
        try:
            client = client or reach()
            with explained(client, "asking for the job"):
                found = client.fine_tuning.jobs.retrieve(job.info.job_id)
                listed = list(client.fine_tuning.jobs.list_events(job.info.job_id, limit=100))
        except OutsideError as error:
            away_since = away_since or time.monotonic()
            if time.monotonic() - away_since > PATIENCE_S:
                raise
            yield State(away=str(error))
            if client:
                client.close()
            client = None
            sleep(wait)
            wait = min(LONGEST_WAIT_S, wait * SLOWER)
            continue
        away_since = None
        status = str(found.status)  # vendors have more than the SDK's type names
        fresh = [e for e in listed if e.id not in events]
        fresh.sort(key=lambda e: (e.created_at, _step(e)))
        events |= {e.id: e for e in fresh}
        _keep(job, [e for e in fresh if e.id not in kept])
        if status != job.info.status:
            job.update(status=status)
        measured = points(events.values())
        yield State(status, found, measured, watch(measured, valid_answers), fresh)
        if status in OVER or (status == "paused" and not fresh):
            client.close()
            return
        wait = FIRST_WAIT_S if fresh else min(LONGEST_WAIT_S, wait * SLOWER)
        sleep(wait)


def _step(event: FineTuningJobEvent) -> float:
    data: Any = event.data
    step = data.get("step") if isinstance(data, dict) else None
    return step if isinstance(step, int | float) else -1


def _kept(job: Job) -> set[str]:
    try:
        lines = (job.folder / EVENTS).read_text(encoding="utf-8").splitlines()
        return {json.loads(line)["id"] for line in lines}
    except (OSError, ValueError, KeyError):
        return set()


def _keep(job: Job, fresh: list[FineTuningJobEvent]) -> None:
    try:
        with (job.folder / EVENTS).open("a", encoding="utf-8") as file:
            file.writelines(event.to_json(indent=None) + "\n" for event in fresh)
    except OSError as error:
        raise OutsideError(
            f"{job.folder} cannot be written: {error.strerror or error}; the job goes on, rft "
            "watch shows it."
        ) from None
