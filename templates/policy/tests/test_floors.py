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


def test_only_the_floor_that_calculates_earns_anything(row: Row) -> None:
    rewards = {name: grade({"output_text": text}, row) for name, text in floors(row).items()}
    assert {name for name, reward in rewards.items() if reward} == {"pro rata"}


def test_pro_rata_divides_an_amount_by_the_owners_shares(row: Row) -> None:
    figures = Answer.model_validate_json(floors(row)["pro rata"]).figures
    values = {figure.name: figure.value for figure in figures}
    assert (values["income_jane"], values["income_john"]) == (3_600_000, 5_400_000)


def test_the_empty_floor_says_nothing(row: Row) -> None:
    assert Answer.model_validate_json(floors(row)["empty"]).figures == []


def test_a_case_without_amounts_has_floors_too(row: Row) -> None:
    assert floors({**row, "facts": "Nobody said how much."}).keys() == floors(row).keys()
