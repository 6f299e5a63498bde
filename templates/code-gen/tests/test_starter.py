"""The starter rows: short, made by their builder, with nothing to gain by guessing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from statistics import mean

import pytest

from task import build_starter, grader, schema
from task.starter.floors import any_bus, floors
from tests.task.vip_rows import SPLITS, TASK, Row

FOLDER = TASK / "starter"


@pytest.fixture(scope="module")
def starter() -> dict[str, list[Row]]:
    """The starter rows by split."""
    return {
        split: [json.loads(line) for line in (FOLDER / f"{split}.jsonl").open(encoding="utf-8")]
        for split in SPLITS
    }


def test_the_builder_makes_the_shipped_files(tmp_path: Path) -> None:
    build_starter.write(tmp_path)
    for name in (*(f"{split}.jsonl" for split in SPLITS), "probes.jsonl"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_every_row_passes_its_validator(starter: dict[str, list[Row]]) -> None:
    for row in (row for rows in starter.values() for row in rows):
        assert schema.check_item(schema.Item.model_validate(row)) == []


def test_no_design_is_in_two_splits(starter: dict[str, list[Row]]) -> None:
    families = [{row["design"] for row in rows} for rows in starter.values()]
    assert len(set.union(*families)) == sum(map(len, families))


def test_prompts_are_short_and_ask_the_short_way(starter: dict[str, list[Row]]) -> None:
    for row in (row for rows in starter.values() for row in rows):
        assert row["messages"] == schema.messages(schema.Item.model_validate(row), "short")
        assert sum(len(message["content"]) for message in row["messages"]) < 600


def test_guessing_does_not_pay(starter: dict[str, list[Row]]) -> None:
    """No answer fits many rows, and one that looks at no bus is far from right."""
    for rows in starter.values():
        golds = Counter(json.dumps(row["reference_answer"]) for row in rows)
        assert max(golds.values()) <= len(rows) / 8
        for name in ("empty", "in order"):
            answers = [json.loads(floors(row)[name]) for row in rows]
            assert mean(_reward(a, row) for a, row in zip(answers, rows, strict=True)) < 0.35
        assert mean(_reward({"predicted": any_bus(row)}, row) for row in rows) < 0.7


def _reward(answer: dict[str, object], row: Row) -> float:
    return grader.grade({"output_json": answer}, row)
