"""Answers that need no model."""

from __future__ import annotations

from task.floors import floors
from task.grader import grade
from task.schema import Answer
from tests.conftest import Row


def test_every_floor_is_a_whole_answer(row: Row) -> None:
    for name, text in floors(row).items():
        assert name == name.lower()
        assert Answer.model_validate_json(text).analysis == ""


def test_no_floor_earns_anything_on_a_row_that_needs_arithmetic(row: Row) -> None:
    assert {grade({"output_text": text}, row) for text in floors(row).values()} == {0.0}


def test_the_empty_floor_says_nothing(row: Row) -> None:
    assert Answer.model_validate_json(floors(row)["empty"]).figures == []


def test_a_case_without_amounts_has_floors_too(row: Row) -> None:
    assert floors({**row, "facts": "Nobody said how much."}).keys() == floors(row).keys()
