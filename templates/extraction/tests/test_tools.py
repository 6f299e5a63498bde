"""The local grader, the search for candidates, and the chapters."""

from __future__ import annotations

import json

import pytest

from task.schema import search_codes
from task.tools.chapters import chapter
from task.tools.codeset import billable, excluded, explain, grade
from task.tools.shortlist import SIZE, Index, near_misses, search, shortlist
from task.tools.words import stems
from tests.conftest import TASK


def lints(*codes: object) -> dict[str, float]:
    """The findings of `codeset` that are not 0."""
    parts = explain({"output_text": json.dumps({"codes": codes})}, {})
    return {name: value for name, value in parts.items() if value}


def test_the_score_is_the_share_of_billable_codes() -> None:
    answer = {"output_text": json.dumps({"codes": ["e119", "E11", "Y62-Y84", 4]})}
    assert grade(answer, {}) == 0.25
    assert grade({"output_text": '{"codes": []}'}, {}) == 1.0
    assert grade({"output_text": "no"}, {}) == 0.0


def test_good_codes_have_no_lint() -> None:
    assert billable("I10")
    assert lints("E11.42", "Z79.84", "i10", "S42.022A", "V18.0XXA") == {}


def test_a_code_that_does_not_exist_is_invalid() -> None:
    assert lints("I10", "E11.7") == {"invalid": 0.5}


def test_an_incomplete_code_is_not_billable() -> None:
    assert lints("E11") == {"not_billable": 1.0}


def test_a_missing_or_wrong_7th_character_is_found() -> None:
    assert lints("S42.022")["seventh"] == lints("V18.0XXB")["seventh"] == 1


def test_a_pair_that_excludes_one_another_is_found() -> None:
    assert lints("E11.9", "E10.9") == {"excludes1": 1.0}
    assert excluded("E11.9", "E10.65")
    assert not excluded("E11.9", "I10")


def test_a_code_whose_cause_must_come_first_is_found() -> None:
    assert lints("I43") == {"code_first": 1.0}
    assert lints("I43", "E85.4") == {}


def test_the_code_set_never_changes_the_reward() -> None:
    grader = json.loads((TASK / "grader.json").read_text(encoding="utf-8"))
    assert grader["graders"]["codeset"]["type"] == "local"
    assert grader["calculate_output"] == "codes"


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("High blood pressure", "I10"),
        ("T2DM with diabetic polyneuropathy", "E11.42"),
        ("Acute obstructive appendicitis; haemorrhage", "K35.80"),
        ("Displaced fracture, shaft of left clavicle", "S42.022A"),
    ],
)
def test_a_code_is_found_by_its_own_terms(index: Index, note: str, code: str) -> None:
    assert code in search(index, note)


def test_only_billable_codes_are_found_and_each_once(index: Index) -> None:
    codes = search(index, "Fracture of the wrist, diabetes, pregnancy of 30 weeks, cough.")
    assert len(set(codes)) == len(codes) == SIZE
    assert all(map(index.is_billable, codes))


def test_a_note_without_known_words_finds_nothing(index: Index) -> None:
    assert search(index, "...") == search(index, "qq zz") == []


def test_a_code_that_must_be_shown_takes_the_last_place(index: Index) -> None:
    codes = [c["code"] for c in shortlist(index, "Cough and fever.", 20, must=["Z66", "Z66"])]
    assert "Z66" in codes
    assert len(codes) == 20
    assert codes == sorted(codes)


def test_near_misses_are_the_closest_billable_codes_of_the_category(index: Index) -> None:
    codes = near_misses(index, ["S52.531A"], most=5)
    assert [code[:7] for code in codes] == ["S52.531"] * 5
    assert "S52.531A" not in codes
    assert near_misses(index, ["I10"]) == []


def test_abbreviations_and_british_spelling_are_read() -> None:
    assert stems("CKD") == stems("chronic kidney disease")
    assert stems("haemorrhages of the L eye") == stems("hemorrhage, left eye")


def test_a_code_belongs_to_a_chapter() -> None:
    assert [chapter(code) for code in ("I10", "QA0.1", "Z23", "?")] == [
        "circulatory", "congenital", "factors", "none",
    ]  # fmt: skip


def test_experts_find_codes_by_their_beginning_and_by_words() -> None:
    assert search_codes("e11.9") == [("E11.9", "Type 2 diabetes mellitus without complications")]
    assert "M10.071" in dict(search_codes("idiopathic gout right ankle"))
    assert search_codes("E11")[0][1].endswith("(not billable)")
