"""Answers that need no model: they must not need the hidden tests or the solution either."""

from __future__ import annotations

from task import grader
from task.floors import floors
from tests.conftest import Grade, Row


def test_no_floor_reads_hidden_tests_or_the_solution(row: Row) -> None:
    assert floors(row | {"tests": [], "reference_answer": None}) == floors(row)


def test_the_empty_answer_is_a_floor_and_scores_zero(row: Row) -> None:
    assert grader.grade({"output_text": floors(row)["empty"]}, row) == 0.0


def test_the_other_floors_run_and_earn_little(row: Row, grade: Grade) -> None:
    """`half` maps 0 to 0, so two of them pass one test of weight one in ten."""
    scores = {name: grader.grade({"output_text": text}, row) for name, text in floors(row).items()}
    assert scores.pop("first argument back") == scores.pop("stub, default result") == 0.1
    assert set(scores.values()) == {0.0}


def test_the_copy_of_the_examples_knows_the_examples(row: Row, grade: Grade) -> None:
    shown = row | {"tests": [example | {"weight": 1.0} for example in row["examples"]]}
    text = floors(row)["copy of the examples"]
    assert grader.grade({"output_text": text}, shown) == 1.0
