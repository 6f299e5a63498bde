"""The reward: F1 over sets of codes, with a little credit for a near miss."""

from __future__ import annotations

import json
from typing import Any

import pytest

from task.grader import explain, grade
from tests.conftest import Row

NEAR = ["E11.8", "E11.65", "E11.42", "S52.531D", "S52.532A"]


def answer(*codes: object) -> Row:
    """A sample that answers these codes."""
    return {"output_text": json.dumps({"codes": codes})}


def item(gold: list[str], **fields: list[str]) -> Row:
    """A bare row for the grader."""
    return {"reference_answer": {"codes": gold}, "near_misses": NEAR, **fields}


def test_nothing_coded_is_right_when_nothing_is_to_be_coded() -> None:
    assert grade(answer(), item([])) == 1.0


def test_nothing_coded_earns_nothing_when_something_is_to_be_coded() -> None:
    assert grade(answer(), item(["I10"])) == 0.0


@pytest.mark.parametrize("written", ["e11.9", "E119", " E11.9 ", "e119\n", "E11 .9"])
def test_case_dot_and_spaces_do_not_count(written: str) -> None:
    assert grade(answer(written), item(["E11.9"])) == 1.0


@pytest.mark.parametrize("text", ["E11.9 - Type 2", "e11.9: diabetes", "E119 Type 2 diabetes"])
def test_a_description_behind_a_code_does_not_count(text: str) -> None:
    assert grade(answer(text), item(["E11.9"])) == 1.0
    assert grade(answer("E11.9 I10", "E11.9-E11.65"), item(["E11.9"])) == 0.0


def test_a_repeated_code_counts_once() -> None:
    assert grade(answer("I10", "i10", "I10"), item(["I10"])) == 1.0


def test_optional_codes_neither_help_nor_hurt() -> None:
    row = item(["I10"], optional=["Z79.01"])
    assert grade(answer("I10", "Z79.01"), row) == 1.0
    assert grade(answer("Z79.01"), row) == 0.0


def test_an_optional_code_alone_is_right_when_nothing_is_to_be_coded() -> None:
    assert grade(answer("Z79.01"), item([], optional=["Z79.01"])) == 1.0


def test_a_forbidden_code_is_a_false_positive_and_reported() -> None:
    parts = explain(answer("I10", "E11.9"), item(["I10"], must_not_code=["E11.9", "I25.10"]))
    assert parts["precision"] == 0.5
    assert parts["over_coding"] == 0.5


def test_a_forbidden_category_forbids_all_below_it() -> None:
    assert explain(answer("E11.65"), item(["I10"], must_not_code=["E11"]))["over_coding"] == 1.0


def test_a_forbidden_code_earns_no_near_miss_credit() -> None:
    assert grade(answer("M17.12"), item(["M17.11"], must_not_code=["M17.12"])) == 0.0


@pytest.mark.parametrize(
    ("said", "gold", "credit"),
    [("E10.9", "E11.9", 0), ("E11.8", "E11.9", 0.05), ("S52.531D", "S52.531A", 0.2)],
)
def test_credit_grows_with_the_common_beginning(said: str, gold: str, credit: float) -> None:
    assert grade(answer(said), item([gold])) == pytest.approx(credit)


def test_a_code_cut_short_earns_nothing() -> None:
    assert grade(answer("E11"), item(["E11.9"])) == 0.0
    assert grade(answer("S52.531"), item(["S52.531A"])) == 0.0


@pytest.mark.parametrize("code", ["E11.7", "E11.9X", "E11.99"])
def test_a_code_that_the_row_does_not_know_as_billable_earns_nothing(code: str) -> None:
    assert grade(answer(code), item(["E11.9"])) == 0.0


def test_adding_a_sibling_to_a_right_answer_costs() -> None:
    assert grade(answer("E11.9", "E11.65"), item(["E11.9"])) < 0.7


NO_ANSWERS = ["", "null", "[]", "{}", '{"codes": null}', '{"codes": "I10"}', "NaN", "I10"]


@pytest.mark.parametrize("text", NO_ANSWERS)
def test_anything_but_a_list_of_codes_scores_zero(text: str) -> None:
    assert grade({"output_text": text}, item(["I10"])) == 0.0


def test_a_fenced_answer_is_read() -> None:
    assert grade({"output_text": '```json\n{"codes": ["I10"]}\n```'}, item(["I10"])) == 1.0


def test_parsed_output_takes_precedence_over_text() -> None:
    sample = {"output_text": "noise", "output_json": {"codes": ["I10"]}}
    assert grade(sample, item(["I10"])) == 1.0


def test_entries_not_written_like_a_code_count_as_wrong_codes() -> None:
    assert explain(answer("I10", 7, None), item(["I10"]))["precision"] == pytest.approx(1 / 3)


def test_parts_of_a_small_row(row: Row) -> None:
    parts = explain(answer("I13.0", "I50.22", "E11.9"), row)
    assert parts == {
        "precision": pytest.approx(1 / 3),
        "recall": pytest.approx(1 / 3),
        "f1": pytest.approx(1 / 3),
        "exact": 0.0,
        "over_coding": 0.5,
    }


@pytest.mark.parametrize(
    "sample", [None, 3, [], {"output_text": 3}, {"output_json": {"codes": [{}]}}]
)
@pytest.mark.parametrize("reference", [None, [], {"codes": 1}, {"codes": [None, "I10"]}])
def test_no_input_raises(sample: Any, reference: Any) -> None:
    assert 0.0 <= grade(sample, {"reference_answer": reference}) <= 1.0
    assert grade(sample, reference) == 0.0


def test_explain_always_gives_the_same_parts() -> None:
    names = set(explain(answer("I10"), item(["I10"])))
    assert names == set(explain({}, {})) == {"precision", "recall", "f1", "exact", "over_coding"}
