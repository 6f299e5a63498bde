"""Grade many stored samples with one grader that is opened once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rft import graders
from rft.config import Settings
from rft.evaluate import rejected_grade
from rft.project import loader
from rft.records import Record

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class GradingJob:
    """What a process needs to grade: the project's settings, and the rows by id."""

    settings: Settings
    rows: Mapping[str, dict[str, Any]]
    threads: int = 1
    """Gradings at once in one process."""


class ShardGrader:
    """The project's grader, opened once for many samples.

    `root`: the project's folder where this process runs; None: that of the settings.
    """

    def __init__(self, job: GradingJob, root: Path | None = None) -> None:
        settings = job.settings.model_copy(update={"root": root} if root else {})
        spec = graders.load_spec(settings.path(settings.task.grader))
        self.threads = job.threads
        self._rows, self._pool = job.rows, ThreadPoolExecutor(job.threads)
        self.grader = loader.open_grader(settings, spec, workers=job.threads)

    def grade(self, shard: list[Record]) -> list[Record]:
        """The records, whose samples are stored, with their grades."""
        answers = []
        for record in shard:
            assert record.sample
            if record.sample.rejected:
                record.grade = rejected_grade(record.sample.rejected)
            else:
                answers.append((record, record.sample.for_grader()))
        pairs = [(sample, self._rows[record.item_id]) for record, sample in answers]
        for (record, _), grade in zip(answers, self.grader.grade_batch(pairs), strict=True):
            record.grade, record.refused = grade, grade.refused
        return shard

    def start(self, shard: list[Record]) -> Future[list[Record]]:
        """`grade` in the background, as many shards at once as the job says."""
        return self._pool.submit(self.grade, shard)

    def close(self) -> None:
        """End the grader's processes."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.grader.close()


def shards(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """The records in lists of up to `size`."""
    stream = iter(records)
    while shard := list(itertools.islice(stream, size)):
        yield shard


def in_window(
    submit: Callable[[Task], Future[Result]], tasks: Iterable[Task], most: int
) -> Iterator[Result]:
    """Results as they come, with at most so many tasks under way; tasks are taken when needed."""
    pending: set[Future[Result]] = set()
    for task in tasks:
        if len(pending) >= most:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
        pending.add(submit(task))
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)
