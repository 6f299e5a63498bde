"""What has been sampled and waits for the grader."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator

from rft.records import Record
from rft.runs import Run

HELD = 256
"""So many waiting samples stay in memory; others are read again from the run."""
LARGEST_BATCH = 64
BATCH_S = 0.05
"""Work in one batch: so much grading may have to be repeated when the process is killed."""


class Backlog:
    """A queue between those who sample and those who grade, in one event loop.

    Adding never waits, so that a slow grader does not hold sampling back. `takers` iterate over
    batches until all `givers` have left and nothing is waiting. A batch holds about BATCH_S of
    work, measured, and no more than the taker's share of what is waiting.
    """

    def __init__(self, run: Run, *, givers: int, takers: int) -> None:
        self._run, self._givers, self._takers = run, givers, takers
        self._records: deque[Record] = deque()
        self._changed = asyncio.Event()
        self._seconds_each = BATCH_S

    def add(self, record: Record) -> None:
        """Put in a record whose sample is stored in the run."""
        if len(self._records) >= HELD:
            record.sample = None
        self._records.append(record)
        self._changed.set()

    def leave(self) -> None:
        """Say that one giver adds no more."""
        self._givers -= 1
        self._changed.set()

    def discard(self) -> None:
        """Drop what is waiting; the run grades it the next time."""
        self._records.clear()

    async def __aiter__(self) -> AsyncIterator[list[Record]]:
        while batch := await self._take():
            started = time.perf_counter()
            yield batch
            each = (time.perf_counter() - started) / len(batch)
            self._seconds_each += (each - self._seconds_each) / 4

    async def _take(self) -> list[Record]:
        """The next batch; empty at the end."""
        while not self._records and self._givers:
            self._changed.clear()
            await self._changed.wait()
        share = -(-len(self._records) // self._takers)
        size = min(LARGEST_BATCH, share, 1 + int(BATCH_S / max(self._seconds_each, 1e-6)))
        records = [self._records.popleft() for _ in range(size)]
        return [r if r.sample else self._run.read(r.item_id, r.k) for r in records]
