"""One evaluation: sample every missing answer of a run, grade it, append the record."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from rft.completions import AnswerFailedError
from rft.config import Settings
from rft.dialect import Dialect
from rft.errors import OutsideError
from rft.records import Grade, Record, Sample
from rft.redaction import redact_keys
from rft.rollouts import request, sample_answer
from rft.runs import Run, digest

if TYPE_CHECKING:
    from openai import AsyncOpenAI

GradeFunction = Callable[[dict[str, Any], dict[str, Any]], Grade]
GRACE_S = 30.0
"""So long a run that has to stop waits for the answers that are on their way."""


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
    grade: GradeFunction,
    on_record: Callable[[Record], None],
) -> None:
    """Fill a run.

    `clients` are of servers that answer alike, `workers` requests are in flight; with several
    clients, each worker keeps to one. `rows` maps item_id to the row, `grade(sample, item)` blocks
    and is called from threads, `on_record` is called with each record after it is on disk. An
    answer that could not be obtained or graded is recorded without a reward; one that was received
    before is only graded again.
    Raises OutsideError when the endpoint or the grader fails too often in a row and UserError when
    no request can succeed; everything recorded until then is kept, and answers on their way are
    waited for a little.
    """
    batches = _batches(run.missing(), whole_items=settings.endpoint.profile == "local")
    breaker = Breaker(limit=max(8, 2 * settings.sampling.concurrency))
    workers = min(workers, run.info.planned)
    dialect = Dialect(settings.sampling, settings.endpoint.profile, run.info.refused_fields)
    ungraded = {(r.item_id, r.k): r.sample for r in run.records() if r.reward is None and r.sample}
    # As many threads as answers under way: asyncio's own pool would hold judges back.
    threads = ThreadPoolExecutor(workers)

    async def sample(client: AsyncOpenAI, item_id: str, k: int) -> Sample:
        seed = seed_for(settings.sampling.seed, item_id, k)
        messages = rows[item_id]["messages"]
        body = request(settings, run.info.model, messages, response_format, seed)
        return await sample_answer(client, body, dialect)

    def keep(record: Record) -> None:
        run.append(record)
        on_record(record)

    async def answer(client: AsyncOpenAI, item_id: str, k: int) -> Record:
        record = Record(item_id=item_id, k=k)
        try:
            record.sample = ungraded.get((item_id, k)) or await sample(client, item_id, k)
        except AnswerFailedError as error:
            record.error, record.refused = str(error), error.refused
            return record
        if record.sample.rejected:
            record.grade = _rejected(record.sample.rejected)
            return record
        loop, stored = asyncio.get_running_loop(), record.sample.for_grader()
        try:
            record.grade = await loop.run_in_executor(threads, grade, stored, rows[item_id])
        except Exception as error:  # the answer is paid for: the next run grades it
            record.error = redact_keys(str(error))
            keep(record)
            raise
        record.refused = record.grade.refused
        return record

    async def work(client: AsyncOpenAI) -> None:
        for batch in batches:
            for item_id, k in batch:
                if stopping.is_set():
                    return
                record = await answer(client, item_id, k)
                keep(record)
                breaker.note(record)

    stopping = asyncio.Event()
    tasks = [asyncio.create_task(work(clients[n % len(clients)])) for n in range(workers)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        stopping.set()
        _, late = await asyncio.wait(tasks, timeout=GRACE_S)
    except BaseException:
        late = set(tasks)
        raise
    finally:
        for task in late:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        threads.shutdown(wait=False, cancel_futures=True)  # closing the grader ends what runs
        run.learn(dialect.refused)
    errors = [e for e in results if isinstance(e, Exception)]
    if errors:
        raise min(errors, key=lambda error: isinstance(error, OutsideError))


def _rejected(reason: str) -> Grade:
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
    """Stops a run whose endpoint or grader has gone."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
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
