"""The queue between sampling and grading."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from rft import backlog
from rft.backlog import Backlog
from rft.records import Record, Sample
from tests.pages import made_run


def waiting(folder: Path, count: int, takers: int) -> Backlog:
    """So many stored samples wait; nobody adds more."""
    records = [Record(item_id="a", k=k, sample=Sample(output_text=str(k))) for k in range(count)]
    run = made_run(folder / "run", records)
    assert run.missing()
    queue = Backlog(run, givers=1, takers=takers)
    for record in records:
        queue.add(record)
    queue.leave()
    return queue


def batches(queue: Backlog) -> list[list[str]]:
    """The texts that one taker gets."""

    async def take() -> list[list[str]]:
        return [[r.sample.output_text for r in batch if r.sample] async for batch in queue]

    return asyncio.run(take())


def test_every_sample_is_taken_once_in_order(tmp_path: Path) -> None:
    taken = [text for batch in batches(waiting(tmp_path, 200, 1)) for text in batch]
    assert taken == [str(k) for k in range(200)]


def test_samples_beyond_the_limit_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "HELD", 2)
    queue = waiting(tmp_path, 6, 1)
    assert [bool(record.sample) for record in queue._records] == [True] * 2 + [False] * 4
    assert list(itertools.chain(*batches(queue))) == list("012345")


def test_a_fast_grader_gets_batches_and_no_more_than_its_share(tmp_path: Path) -> None:
    sizes = [len(batch) for batch in batches(waiting(tmp_path, 400, 4))]
    assert 1 < max(sizes) <= backlog.LARGEST_BATCH
    assert sizes[-1] == 1


def test_what_is_discarded_is_left_to_the_next_run(tmp_path: Path) -> None:
    queue = waiting(tmp_path, 3, 1)
    queue.discard()
    assert batches(queue) == []
