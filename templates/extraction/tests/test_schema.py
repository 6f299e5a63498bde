"""The prompt, the reference answer, and the check of a row."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from task.schema import (
    Answer,
    Item,
    check_item,
    display,
    dotted,
    gold,
    labels,
    messages,
    slices,
)
from tests.conftest import Row


@pytest.fixture
def item(row: Row) -> Item:
    """The small row, parsed."""
    return Item.model_validate(row)


def test_reports_show_codes_with_their_descriptions(item: Item) -> None:
    lines = display(item, Answer(codes=["i10", "Z99.9"]))
    assert lines == ["I10 Essential (primary) hypertension", "Z99.9"]


def test_a_good_row_has_no_fault(item: Item) -> None:
    assert check_item(item) == []


def test_roles_are_developer_then_user(item: Item) -> None:
    assert [m["role"] for m in messages(item)] == ["developer", "user"]


def test_the_prompt_does_not_depend_on_the_reference_answer(item: Item) -> None:
    before = messages(item)
    item.reference_answer.codes = ["Z23"]
    item.optional, item.must_not_code, item.evidence = [], [], []
    assert messages(item) == before


def test_the_open_prompt_shows_no_candidates(item: Item) -> None:
    without = messages(item, "open")
    assert "andidate" not in "".join(m["content"] for m in without)
    item.candidates = []
    assert messages(item, "shortlist") == without


def test_gold_is_the_reference_as_an_answer(item: Item) -> None:
    assert gold(item) == Answer(codes=["I13.0", "I50.23", "N18.32"])


def test_labels_and_slices_describe_the_row(item: Item) -> None:
    assert labels(item) == ["I13.0", "I50.23", "N18.32"]
    assert slices(item) == {
        "setting": "inpatient",
        "reference codes": "2-3",
        "chapter of the first code": "circulatory",
    }


@pytest.mark.parametrize(("text", "code"), [("e119 ", "E11.9"), ("I10", "I10"), ("n44.8", "N44.8")])
def test_codes_are_written_in_one_way(text: str, code: str) -> None:
    assert dotted(text) == code


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("optional", ["I13.0"], "is a reference code and optional"),
        ("must_not_code", ["I13"], "forbids the reference code 'I13.0'"),
        ("must_not_code", ["i99"], "not written like a code"),
        ("optional", ["Z23", "Z23"], "twice"),
        ("near_misses", ["Z23"], "in no category of one"),
        ("release", "FY1999", "not one of FY2026-April"),
        ("note", "Coded as I13.0 by the ward.", "states a code ('I13.0')"),
        ("note", "Nothing of the kind.", "not in the note word for word"),
    ],
)
def test_a_fault_is_named_in_a_sentence(item: Item, field: str, value: Any, words: str) -> None:
    assert words in " ".join(check_item(item.model_copy(update={field: value})))


def test_a_row_without_candidates_is_good(item: Item) -> None:
    assert check_item(item.model_copy(update={"candidates": []})) == []


def test_gold_without_evidence_is_found(item: Item) -> None:
    item.evidence = item.evidence[1:]
    assert any("has no evidence" in fault for fault in check_item(item))


def test_a_date_outside_the_release_is_found(row: Row) -> None:
    item = Item.model_validate(row | {"encounter_date": "2025-01-01"})
    assert "outside release" in check_item(item)[0]


def test_unknown_fields_are_refused(row: Row) -> None:
    with pytest.raises(ValidationError):
        Item.model_validate(row | {"icd9": []})
    with pytest.raises(ValidationError):
        Answer.model_validate({"codes": [], "note": ""})
