"""One evaluation: draw every missing answer of a run, grade it, append the record."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from rft.config import Settings
from rft.errors import OutsideError
from rft.records import Grade, Record, Sample
from rft.rollouts import AnswerFailedError, answer, request
from rft.runs import Run, digest

if TYPE_CHECKING:
    from openai import AsyncOpenAI

GradeFunction = Callable[[dict[str, Any], dict[str, Any]], Grade]


def seed_for(seed: int, item_id: str, k: int) -> int:
    """The seed sent with answer k of an item: stable across resumes, different for each k."""
    return int(digest([seed, item_id, k])[:7], 16)


async def evaluate(
    run: Run,
    rows: Mapping[str, dict[str, Any]],
    client: AsyncOpenAI,
    settings: Settings,
    form: dict[str, Any] | None,
    grade: GradeFunction,
    on_record: Callable[[Record], None],
) -> None:
    """Fill a run.

    `rows` maps item_id to the row, `grade(sample, item)` blocks and is called from threads,
    `on_record` is told of each record after it is on disk. An answer that cannot be had or graded
    is recorded without a reward; one that was had already is only graded again. Raises OutsideError
    when the endpoint or the grader fails too often in a row; everything recorded until then is
    kept.
    """
    jobs = _portions(run.missing(), whole_items=settings.endpoint.profile == "local")
    breaker = Breaker(limit=max(8, 2 * settings.sampling.concurrency))
    workers = min(settings.sampling.concurrency, run.info.planned)
    model = run.info.model
    had = {(r.item_id, r.k): r.sample for r in run.records() if r.reward is None and r.sample}
    # As many threads as answers under way: asyncio's own pool would hold judges back.
    threads = ThreadPoolExecutor(workers)

    async def drawn(item_id: str, k: int) -> Sample:
        body = request(
            settings,
            model,
            rows[item_id]["messages"],
            form,
            seed_for(settings.sampling.seed, item_id, k),
        )
        return await answer(client, body)

    async def one(item_id: str, k: int) -> Record:
        try:
            sample = had.get((item_id, k)) or await drawn(item_id, k)
        except AnswerFailedError as error:
            return Record(item_id=item_id, k=k, error=str(error))
        loop = asyncio.get_running_loop()
        given = await loop.run_in_executor(threads, grade, sample.for_grader(), rows[item_id])
        return Record(item_id=item_id, k=k, sample=sample, grade=given)

    async def work(jobs: Iterator[list[tuple[str, int]]]) -> None:
        for portion in jobs:
            for item_id, k in portion:
                record = await one(item_id, k)
                run.append(record)
                on_record(record)
                breaker.note(record)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work(jobs))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        threads.shutdown(wait=False, cancel_futures=True)  # closing the grader ends what runs


def _portions(
    missing: list[tuple[str, int]], *, whole_items: bool
) -> Iterator[list[tuple[str, int]]]:
    """What one worker takes at a time: one answer, or all answers of an item.

    llama.cpp keeps the last prompt of each slot: answers to one item, drawn one after the other,
    read their prompt once, which on a CPU is most of the work.
    """
    if not whole_items:
        return ([key] for key in missing)
    return (list(group) for _, group in itertools.groupby(missing, key=lambda key: key[0]))


class Breaker:
    """Stops a run whose endpoint or grader has gone."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.failed = 0

    def note(self, record: Record) -> None:
        self.failed = 0 if record.reward is not None else self.failed + 1
        if self.failed < self.limit:
            return
        raise OutsideError(
            f"{self.failed} answers in a row could not be had or graded (the last: "
            f"{record.failure}) Nothing of them was scored; mend it and run the same command again."
        )
