"""Answers that need no model."""

from __future__ import annotations

import json

from task.floors import floors, frequent
from task.grader import answer_codes
from tests.conftest import Row


def test_every_floor_is_an_answer_to_every_row(rows: list[Row]) -> None:
    answers = [text for row in rows for text in floors(row).values()]
    assert all(answer_codes({"output_text": text}) is not None for text in answers)


def test_the_floors_of_a_small_row(row: Row) -> None:
    codes = {name: json.loads(text)["codes"] for name, text in floors(row).items()}
    assert codes["empty"] == []
    assert codes["all candidates"] == ["E11.9", "I10", "I50.23", "N18.32"]
    assert codes["word overlap"] == ["I50.23", "N18.32"]
    assert codes["top 3"] == frequent(3)


def test_a_row_without_candidates_has_the_same_floors(row: Row) -> None:
    assert set(floors(row | {"candidates": []})) == set(floors(row))
