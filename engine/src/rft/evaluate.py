"""One evaluation: sample every missing answer of a run, store it, grade it, store the grade.

Sampling and grading run beside each other, and a sample is on disk before it is graded: a run that
is killed asks for nothing twice.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from rft.backlog import Backlog
from rft.completions import AnswerFailedError
from rft.config import Settings
from rft.dialect import Dialect
from rft.errors import OutsideError
from rft.records import Grade, Record, Sample
from rft.rollouts import request, sample_answer
from rft.runs import Run, digest

if TYPE_CHECKING:
    from openai import AsyncOpenAI

GRACE_S = 30.0
"""So long a run that has to stop waits for the answers that are on their way."""


class BatchGrader(Protocol):
    """Grades several answers at a time: a `rft.graders.Grader`."""

    @property
    def places(self) -> int:
        """Calls of `grade_batch` that can work at the same time."""

    def grade_batch(
        self, answers: Sequence[tuple[dict[str, Any], dict[str, Any]]], /
    ) -> list[Grade]:
        """The grades of (sample, item) pairs."""


def seed_for(seed: int, item_id: str, k: int) -> int:
    """The seed sent with answer k of an item: stable across resumes, different for each k."""
    return int(digest([seed, item_id, k])[:7], 16)


async def evaluate(
    run: Run,
    rows: Mapping[str, dict[str, Any]],
    clients: Sequence[AsyncOpenAI],
    workers: int,
    settings: Settings,
    response_format: dict[str, Any] | None,
    grader: BatchGrader,
    on_record: Callable[[Record], None],
    *,
    on_sample: Callable[[Sample], None] = lambda sample: None,
    on_stop: Callable[[int], None] = lambda in_flight: None,
) -> None:
    """Fill a run.

    `clients` are of servers that answer alike, `workers` requests are in flight; with several
    clients, each worker keeps to one. `rows` maps item_id to the row. `grader` is called from
    threads. `on_sample` is called with each sample that arrives, `on_record` with each finished
    record, both once it is on disk; `on_stop` when Ctrl-C is pressed for the first time, with the
    number of answers that are still waited for. A second Ctrl-C stops at once.
    An answer that could not be obtained is recorded without a reward; one that was received before
    is only graded.
    Raises OutsideError when the endpoint or the grader fails too often in a row and UserError when
    no request can succeed; everything recorded until then is kept, and answers on their way are
    waited for a little.
    """
    batches = _batches(run.missing(), whole_items=settings.endpoint.profile == "local")
    breaker = Breaker(settings.sampling.concurrency)
    workers, places = (min(n, run.info.planned) for n in (workers, grader.places))
    dialect = Dialect(settings.sampling, settings.endpoint.profile, run.info.refused_fields)
    backlog = Backlog(run, givers=workers, takers=places)
    threads = ThreadPoolExecutor(places)
    stopping = asyncio.Event()
    in_flight: set[tuple[str, int]] = set()

    def keep(record: Record) -> None:
        run.append(record, sample_stored=record.sample is not None)
        on_record(record)
        breaker.note(record)

    async def sample(client: AsyncOpenAI, item_id: str, k: int) -> Sample:
        seed = seed_for(settings.sampling.seed + run.info.redrawn, item_id, k)
        messages = rows[item_id]["messages"]
        body = request(settings, run.info.model, messages, response_format, seed)
        in_flight.add((item_id, k))
        try:
            return await sample_answer(client, body, dialect)
        finally:
            in_flight.remove((item_id, k))

    async def answer(client: AsyncOpenAI, item_id: str, k: int) -> None:
        record = Record(item_id=item_id, k=k)
        if run.has_sample(item_id, k):
            record.sample = run.read(item_id, k).sample
        else:
            try:
                record.sample = await sample(client, item_id, k)
            except AnswerFailedError as error:
                record.error, record.refused = str(error), error.refused
                return keep(record)
            run.append(record)
            on_sample(record.sample)
        if record.sample and record.sample.rejected:
            record.grade = rejected_grade(record.sample.rejected)
            return keep(record)
        return backlog.add(record)

    async def work(client: AsyncOpenAI) -> None:
        try:
            for batch in batches:
                for item_id, k in batch:
                    if stopping.is_set():
                        return
                    await answer(client, item_id, k)
        finally:
            backlog.leave()

    def grade(records: Sequence[Record]) -> list[Grade]:
        return grader.grade_batch(
            [(r.sample.for_grader(), rows[r.item_id]) for r in records if r.sample]
        )

    async def grade_on() -> None:
        loop = asyncio.get_running_loop()
        async for records in backlog:
            grades = await loop.run_in_executor(threads, grade, records)
            for record, graded in zip(records, grades, strict=True):
                record.grade, record.refused = graded, graded.refused
                keep(record)

    async def stop(tasks: Sequence[asyncio.Task[None]]) -> None:
        """Begin no further answer, and give what is under way a little time."""
        stopping.set()
        backlog.discard()
        await asyncio.wait(tasks, timeout=GRACE_S)

    tasks = [asyncio.create_task(work(clients[n % len(clients)])) for n in range(workers)]
    tasks += [asyncio.create_task(grade_on()) for _ in range(places)]
    try:
        _, running = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        if running:
            await stop(tasks)
    except asyncio.CancelledError:  # asyncio's answer to the first Ctrl-C
        on_stop(len(in_flight))
        await stop(tasks)
        raise
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        threads.shutdown(wait=False, cancel_futures=True)  # closing the grader ends what runs
        run.learn(dialect.refused)
    errors = [e for e in results if isinstance(e, Exception)]
    if errors:
        raise min(errors, key=lambda error: isinstance(error, OutsideError))


def rejected_grade(reason: str) -> Grade:
    """The model wrote it and the endpoint's own check refused it: the model's failure."""
    return Grade(
        reward=0.0,
        errors={"sample_parse_error": True},
        details={"sample_parse_error": f"the endpoint refused what was generated: {reason}"},
    )


def _batches(
    missing: list[tuple[str, int]], *, whole_items: bool
) -> Iterator[list[tuple[str, int]]]:
    """What one worker takes at a time: one answer, or all answers of an item.

    llama.cpp keeps the last prompt of each slot: answers to one item, sampled one after the other,
    read their prompt once, which on a CPU is most of the work.
    """
    if not whole_items:
        return ([key] for key in missing)
    return (list(group) for _, group in itertools.groupby(missing, key=lambda key: key[0]))


class Breaker:
    """Stops a run whose endpoint or grader has gone; `at_once`: answers under way together."""

    def __init__(self, at_once: int) -> None:
        self.limit = max(8, 2 * at_once)
        self.failures: set[object] = set()
        """Since the last reward: answers that failed, and rows that were refused."""

    def note(self, record: Record) -> None:
        """Count a record. Raises OutsideError at the `limit`-th failure in a row."""
        if record.reward is not None:
            self.failures.clear()
            return
        # All answers to one refused prompt are one failure: a filter does not mean an outage.
        self.failures.add(record.item_id if record.refused else (record.item_id, record.k))
        if len(self.failures) < self.limit:
            return
        again = "change the rows or settings" if record.refused else "fix it"
        raise OutsideError(
            f"{len(self.failures)} {'rows' if record.refused else 'answers'} in a row failed, the "
            f"last with: {record.failure} None of them was scored; {again}, then run the same "
            "command again."
        )
