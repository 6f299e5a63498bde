"""Figures over a whole run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from task.metrics import metrics

Row = dict[str, Any]
DATA = Path(__file__).resolve().parents[2] / "task/data"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The shipped test rows."""
    return [json.loads(line) for line in (DATA / "test.jsonl").open(encoding="utf-8")]


def gold(row: Row) -> tuple[Row, Row]:
    return row, {"output_text": json.dumps(row["reference_answer"])}


def trapped(row: Row) -> tuple[Row, Row]:
    """The gold answer with the wrong values that negative criteria wait for."""
    wrong = {
        c["figure"]: c["expected"]
        for c in row["rubric"]
        if c["weight"].startswith("-") and "figure" in c
    }
    figures = [
        f | {"value": wrong.get(f["name"], f["value"])} for f in row["reference_answer"]["figures"]
    ]
    return row, {"output_text": json.dumps(row["reference_answer"] | {"figures": figures})}


def test_gold_answers_meet_every_criterion_and_no_trap(rows: list[Row]) -> None:
    found = metrics([gold(row) for row in rows], [])
    assert set(found["figures by topic"]) == {row["topic"] for row in rows}
    assert set(found["figures by topic"].values()) == {1.0}
    assert set(found["criteria met"].values()) == {1.0}
    assert found["traps"] == {"stepped into": 0.0}


def test_a_trap_that_is_stepped_into_is_counted(rows: list[Row]) -> None:
    found = metrics([trapped(row) for row in rows], [])
    assert found["traps"]["stepped into"] > 0.5
    assert min(found["figures by topic"].values()) < 1.0


def test_a_run_without_answers_has_no_figures() -> None:
    assert metrics([], []) == {}
