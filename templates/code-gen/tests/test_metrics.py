"""Figures over a whole run."""

from __future__ import annotations

import pytest

from task.metrics import metrics
from tests.conftest import Row, answer, rebind


def test_gold_answers_are_right_in_every_protocol(rows: list[Row]) -> None:
    figures = metrics([(row, answer(row["reference_answer"])) for row in rows], [])
    assert set(figures["F1 by protocol"]) == {row["protocol"] for row in rows}
    assert set(figures["F1 by protocol"].values()) == {1.0}
    assert figures["must stay unbound"] == {"names bound": 0.0, "answers with any": 0.0}


def test_over_binding_is_counted_over_names_and_over_answers(row: Row) -> None:
    """One of two answers binds three of the row's six names that must stay unbound."""
    over = answer(rebind(row, SEED="1", DEPTH="4", abort="1'b0"))
    figures = metrics([(row, over), (row, answer(row["reference_answer"]))], [])
    expected = {"names bound": pytest.approx(3 / 12), "answers with any": 0.5}
    assert figures["must stay unbound"] == expected
