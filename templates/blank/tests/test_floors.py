"""Answers that need no model."""

from __future__ import annotations

from task.floors import floors
from task.grader import grade
from tests.conftest import Row


def test_no_floor_reads_the_reference_answer(row: Row) -> None:
    assert floors(row | {"reference_answer": None}) == floors(row)


def test_the_empty_answer_is_a_floor_and_scores_zero(row: Row) -> None:
    assert grade({"output_text": floors(row)["empty"]}, row) == 0.0
