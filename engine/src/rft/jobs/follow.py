"""Follow a job: ask for its state and events, less often while nothing happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rft.endpoint import quoted
from rft.errors import OutsideError
from rft.jobs.hacking import Alarm, watch
from rft.jobs.metrics import Point, points
from rft.jobs.replies import OVER, RUNNING, entries, entry_key, job_status
from rft.jobs.store import JobFolder
from rft.jobs.vendor import explained

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob

FIRST_WAIT_S, LONGEST_WAIT_S, SLOWER = 1.0, 30.0, 1.5
PATIENCE_S = 900.0
"""So long the service may be away before the command gives up; the job itself goes on."""


@dataclass(frozen=True)
class State:
    """What is known of a job at one moment."""

    status: str = ""
    """As the contract spells it."""
    job: FineTuningJob | None = None
    points: list[Point] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)
    """Events that were not there before, oldest first."""
    notice: str = ""
    """What keeps the watch from knowing more: the service is away, or reports an unknown state."""


def follow(
    reach: Callable[[], OpenAI],
    job: JobFolder,
    valid_answers: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[State]:
    """States of a job until it is over or paused; new events are kept in its folder.

    `reach` makes a client; it is called again when the service was away, since our own comes back
    at another port. `valid_answers`: graded answers in one validation.

    Raises UserError when the service does not know the job, OutsideError when it stays away.
    """
    events: dict[str, dict[str, Any]] = {}
    kept = job.event_keys()
    unknown: set[str] = set()
    wait, away_since = FIRST_WAIT_S, None
    last, client = State(), None
    while True:
        try:
            client = client or reach()
            with explained(client, "asking for the job"):
                found = client.fine_tuning.jobs.retrieve(job.info.job_id)
                page = client.fine_tuning.jobs.list_events(job.info.job_id, limit=100)
                fresh = [e for e in entries(page) if entry_key(e) not in events]
        except OutsideError as error:
            away_since = away_since or time.monotonic()
            if time.monotonic() - away_since > PATIENCE_S:
                raise
            yield State(last.status, last.job, last.points, last.alarms, notice=str(error))
            if client:
                client.close()
            client = None
            sleep(wait)
            wait = min(LONGEST_WAIT_S, wait * SLOWER)
            continue
        away_since = None
        status = job_status(found)
        fresh.sort(key=lambda e: (_number(e.get("created_at")), _step(e)))
        events |= {entry_key(e): e for e in fresh}
        job.append_events(e for e in fresh if entry_key(e) not in kept)
        if status != job.info.status:
            job.update(status=status)
        notice = ""
        if status not in (*OVER, *RUNNING) and status not in unknown:
            unknown.add(status)
            notice = (
                f"the service reports the state '{quoted(status)}', which is unknown here; "
                "the watch goes on"
            )
        measured = points(events.values())
        last = State(status, found, measured, watch(measured, valid_answers), fresh, notice)
        yield last
        if status in OVER or (status == "paused" and not fresh):
            client.close()
            return
        wait = FIRST_WAIT_S if fresh else min(LONGEST_WAIT_S, wait * SLOWER)
        sleep(wait)


def _step(event: dict[str, Any]) -> float:
    data = event.get("data")
    return _number(data.get("step")) if isinstance(data, dict) else -1


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else -1
