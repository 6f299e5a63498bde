"""What the local grader says of answered codes; it never changes the reward."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task
from task.codeset import billable, excluded, explain, grade

TASK = Path(task.__file__).parent


def lints(*codes: object) -> dict[str, float]:
    """The findings that are not 0."""
    found = explain({"output_text": json.dumps({"codes": codes})}, {})
    return {name: value for name, value in found.items() if value}


def test_the_score_is_the_share_of_billable_codes() -> None:
    said = {"output_text": json.dumps({"codes": ["e119", "E11", "Y62-Y84", 4]})}
    assert grade(said, {}) == 0.25
    assert grade({"output_text": '{"codes": []}'}, {}) == 1.0
    assert grade({"output_text": "no"}, {}) == 0.0


@pytest.mark.parametrize("code", ["B20", "F99", "P84", "R99", "Z66", "I10", "S42.022A"])
def test_a_category_that_stands_alone_is_billable(code: str) -> None:
    assert billable(code)


def test_good_codes_have_no_lint() -> None:
    assert lints("E11.42", "Z79.84", "i10", "S42.022A", "V18.0XXA") == {}


def test_a_code_that_does_not_exist_is_invalid() -> None:
    assert lints("I10", "E11.7") == {"invalid": 0.5}


def test_a_code_that_goes_on_is_not_billable() -> None:
    assert lints("E11") == {"not_billable": 1.0}


@pytest.mark.parametrize("code", ["S42.022", "S42.022X", "S42.022Q", "V18.0", "V18.0A", "V18.0XXB"])
def test_a_missing_or_wrong_7th_character_is_found(code: str) -> None:
    assert lints(code)["seventh"] == 1


def test_a_pair_that_excludes_one_another_is_found() -> None:
    assert lints("E11.9", "E10.9") == {"excludes1": 1.0}
    assert excluded("E11.9", "E10.65")
    assert not excluded("E11.9", "I10")


def test_a_range_in_an_excludes_note_covers_what_lies_in_it() -> None:
    assert excluded("I10", "O11.1")
    assert not excluded("I10", "O20.0")


def test_a_code_whose_cause_must_come_first_is_found() -> None:
    assert lints("I43") == {"code_first": 1.0}
    assert lints("I43", "E85.4") == {}


@pytest.mark.parametrize("code", ["Z87.891", "L89.153", "T46.4X5A", "R65.20"])
def test_a_note_that_holds_only_in_some_cases_asks_for_nothing(code: str) -> None:
    assert lints(code) == {}


THINGS: list[Any] = [None, 3, {}, {"output_text": "[" * 100_000}, {"output_json": {"codes": [{}]}}]


@pytest.mark.parametrize("sample", THINGS)
def test_no_answer_makes_it_raise(sample: Any) -> None:
    assert 0 <= grade(sample, {}) <= 1
    assert all(0 <= value <= 1 for value in explain(sample, {}).values())


def test_the_reward_is_that_of_the_portable_grader_alone() -> None:
    grader = json.loads((TASK / "grader.json").read_text(encoding="utf-8"))
    assert grader["graders"]["codeset"]["type"] == "local"
    assert grader["calculate_output"] == "codes"
