"""The prompt, and the checks of a row, each with its message."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from task.schema import Answer, Item, check_item, display, gold, labels, messages, slices
from tests.conftest import Row


def item(row: Row, **changes: Any) -> Item:
    return Item.model_validate(row | changes)


def test_a_good_row_has_no_finding(row: Row) -> None:
    assert check_item(item(row)) == []


def test_the_prompt_has_signature_and_examples(row: Row) -> None:
    system, user = messages(item(row))
    assert (system["role"], user["role"]) == ("developer", "user")
    assert "def half(n: int) -> int:" in user["content"]
    assert user["content"].endswith("half(4) -> 2")


def test_reports_show_code_by_lines(row: Row) -> None:
    answer = Answer(code="def half(n):\n\n    return n // 2\n")
    assert display(item(row), answer) == ["def half(n):", "    return n // 2"]


def test_an_example_may_show_an_exception(row: Row) -> None:
    shown = item(row, examples=[{"args": [3], "raises": "ValueError"}])
    assert "half(3) -> raises ValueError" in messages(shown)[1]["content"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reference_answer": None}, "reference_answer is null"),
        ({"reference_answer": {"code": "def other(n): pass"}}, "does not define half"),
        ({"reference_answer": {"code": "def half(n, m): pass"}}, "does not define half"),
        ({"reference_answer": {"code": "def half(n"}}, "does not define half"),
        ({"signature": "half(n)"}, "signature is not 'def half(...)'"),
        ({"signature": "def half(n, m)"}, "has 1 arguments, the signature has 2"),
        ({"examples": []}, "examples is empty"),
        ({"tests": []}, "tests has 0 entries"),
    ],
)
def test_each_fault_is_named(row: Row, changes: Row, words: str) -> None:
    found = check_item(item(row, **changes))
    assert any(words in text for text in found), found
    assert all(text.endswith(".") for text in found)


def test_a_hidden_test_must_not_be_shown(row: Row) -> None:
    copied = [*row["tests"], {"args": [4], "expected": 2}]
    assert "with the arguments of an example" in check_item(item(row, tests=copied))[0]


def test_a_hidden_test_must_not_be_repeated(row: Row) -> None:
    assert "repeats the arguments" in check_item(item(row, tests=row["tests"] * 2))[0]


def test_tests_with_one_result_are_refused(row: Row) -> None:
    same = [{"args": [n], "expected": 0} for n in range(10, 20)]
    assert "guessing is rewarded" in check_item(item(row, tests=same))[0]


@pytest.mark.parametrize("weight", [0, -1])
def test_weights_are_positive(row: Row, weight: float) -> None:
    with pytest.raises(ValidationError):
        item(row, tests=[{"args": [0], "weight": weight}])


def test_the_answer_is_code_and_nothing_else(row: Row) -> None:
    assert list(Answer.model_fields) == ["code"]
    with pytest.raises(ValidationError):
        Answer.model_validate({"code": "x", "score": 1})
    assert gold(item(row)).code == row["reference_answer"]["code"]


def test_reports_break_down_by_topic_and_difficulty(row: Row) -> None:
    assert labels(item(row)) == ["small"]
    assert slices(item(row)) == {"topic": "small", "difficulty": "easy"}
