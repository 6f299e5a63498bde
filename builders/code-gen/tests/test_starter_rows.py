"""The starter rows: guessing earns little on them."""

from __future__ import annotations

import json
from collections import Counter
from statistics import mean

import pytest
import starter

from task import grader
from task.starter.floors import floors
from tests.conftest import SPLITS, TASK, Row, read_rows


@pytest.mark.parametrize("split", SPLITS)
def test_guessing_does_not_pay(split: str) -> None:
    """No answer fits many rows, and one that looks at no bus is far from right."""
    rows = read_rows(TASK / f"starter/{split}.jsonl")
    assert len(rows) == starter.ROWS[split]
    golds = Counter(json.dumps(row["reference_answer"]) for row in rows)
    assert max(golds.values()) <= len(rows) / 8
    for name in ("empty", "in order"):
        answers = [json.loads(floors(row)[name]) for row in rows]
        assert mean(reward(a, row) for a, row in zip(answers, rows, strict=True)) < 0.35
    assert mean(reward({"predicted": starter.any_bus(row)}, row) for row in rows) < 0.7


def test_floors_guess_nothing_or_in_order(row: Row) -> None:
    answers = {name: json.loads(text)["predicted"] for name, text in floors(row).items()}
    assert answers["empty"] == []
    assert answers["in order"][0] == {"name": "clk", "value": "clk"}
    assert answers["in order"][1] == {"name": "valid", "value": "s_valid"}


def reward(answer: dict[str, object], row: Row) -> float:
    return grader.grade({"output_json": answer}, row)
