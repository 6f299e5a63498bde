"""Figures over a whole run."""

from __future__ import annotations

import json

import pytest

from task.metrics import metrics
from tests.conftest import Row


def sample(row: Row, **changed: int) -> tuple[Row, Row]:
    """The row and a sample with its reference answer, some figures changed."""
    reference = row["reference_answer"]
    figures = [f | {"value": changed.get(f["name"], f["value"])} for f in reference["figures"]]
    return row, {"output_text": json.dumps(reference | {"figures": figures})}


def test_reference_answers_meet_every_criterion_and_no_trap(row: Row) -> None:
    result = metrics([sample(row), sample({**row, "topic": "sale"})], [])
    assert result["figures by topic"] == {"distribution": 1.0, "sale": 1.0}
    assert set(result["criteria met"].values()) == {1.0}
    assert result["traps"] == {"stepped into": 0.0}


def test_a_trap_that_is_stepped_into_is_counted(row: Row) -> None:
    result = metrics([sample(row), sample(row, basis_jane=4_600_000)], [])
    assert result["traps"] == {"stepped into": 0.5}
    assert result["criteria met"] == {"numeric, allocation": 1.0, "numeric, basis": 0.5}
    assert result["figures by topic"]["distribution"] == pytest.approx((1 + 0.35 / 0.7) / 2)


def test_a_row_without_traps_has_no_figure_about_them(row: Row) -> None:
    row["rubric"] = [line for line in row["rubric"] if line["id"] != "n1"]
    assert "traps" not in metrics([sample(row)], [])


def test_a_run_without_answers_has_no_figures() -> None:
    assert metrics([], []) == {}
