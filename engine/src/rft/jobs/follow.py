"""Follow a job: ask for its state and events, less often while nothing happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rft.endpoint import quoted
from rft.errors import OutsideError, RftError
from rft.jobs.hacking import Alarm, watch
from rft.jobs.metrics import Point, number, points
from rft.jobs.replies import OVER, RUNNING, entries, entry_key, job_status
from rft.jobs.store import JobFolder
from rft.jobs.vendor import address, explained

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob

FIRST_WAIT_S, LONGEST_WAIT_S, SLOWER = 1.0, 30.0, 1.5
EVENT_TRIES = 3
"""Failures to list the events in a row after which a job that is over is watched no longer."""
PATIENCE_S = 900.0
"""How long the service may be unreachable before the command gives up; the job itself goes on."""


@dataclass(frozen=True)
class State:
    """What is known of a job at one moment."""

    status: str = ""
    """As the contract spells it."""
    job: FineTuningJob | None = None
    points: list[Point] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)
    """Events that are new since the state before, oldest first."""
    notice: str = ""
    """Why the watch knows no more: the service is unreachable, or reports an unknown state."""


def follow(
    reach: Callable[[], OpenAI],
    job: JobFolder,
    valid_answers: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[State]:
    """States of a job until it is over or paused; new events are stored in its folder.

    `reach` makes a client, and a new one whenever the service was unreachable: our own comes back
    at another port. `valid_answers`: graded answers in one validation.

    Raises UserError when the service does not know the job, OutsideError when it stays away.
    """
    events: dict[str, dict[str, Any]] = {}
    stored, reported = job.event_keys(), {*OVER, *RUNNING}
    wait, away_since, failures = FIRST_WAIT_S, None, 0
    state, client = State(), None
    while True:
        try:
            client = client or reach()
            with explained(client, "asking for the job"):
                reply = client.fine_tuning.jobs.retrieve(job.info.job_id)
            status, notice = job_status(reply), ""
            if not status:
                raise OutsideError(f"{address(client)} replied without the state of the job.")
            news = []
            try:
                with explained(client, "asking for the events"):
                    page = client.fine_tuning.jobs.list_events(job.info.job_id, limit=100)
                    news = [e for e in entries(page) if entry_key(e) not in events]
                failures = 0
            except RftError as error:  # not every service lists events
                failures += 1
                notice = "" if "events" in reported else f"{error} The watch goes on."
                reported.add("events")
        except OutsideError as error:
            away_since = away_since or time.monotonic()
            if time.monotonic() - away_since > PATIENCE_S:
                raise
            yield replace(state, news=[], notice=str(error))
            if client:
                client.close()
            client = None
        else:
            away_since = None
            news.sort(key=_by_time)
            events |= {entry_key(e): e for e in news}
            job.append_events(e for e in news if entry_key(e) not in stored)
            if status != job.info.status:
                job.update(status=status)
            if status not in reported:
                reported.add(status)
                notice = (
                    f"the service reports the state '{quoted(status)}', which is unknown here; "
                    "the watch goes on"
                )
            measured = points(events.values())
            state = State(status, reply, measured, watch(measured, valid_answers), news, notice)
            yield state
            read_all = failures == 0 or failures >= EVENT_TRIES
            if read_all and (status in OVER or (status == "paused" and not news)):
                client.close()
                return
            if news:
                wait = FIRST_WAIT_S
        sleep(wait)
        wait = min(LONGEST_WAIT_S, wait * SLOWER)


def _by_time(event: dict[str, Any]) -> tuple[float, float]:
    data = event.get("data")
    step = number(data.get("step")) if isinstance(data, dict) else None
    return number(event.get("created_at")) or -1, -1 if step is None else step
