"""What the shipped rows promise, and what the row check finds."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from pydantic import ValidationError

import task
from task.floors import floors, frequent
from task.grader import grade
from task.metrics import metrics
from task.schema import Answer, Item, check_item, dotted, gold, labels, messages, slices

TASK = Path(task.__file__).parent
SPLITS = ("train", "validation", "test")
Rows = dict[str, Any]


@pytest.fixture(scope="session")
def splits() -> dict[str, list[Rows]]:
    """The rows of every split."""
    texts = {n: (TASK / f"data/{n}.jsonl").read_text(encoding="utf-8") for n in SPLITS}
    return {n: [json.loads(line) for line in text.splitlines()] for n, text in texts.items()}


@pytest.fixture(scope="session")
def rows(splits: dict[str, list[Rows]]) -> Rows:
    """All rows by id."""
    return {row["id"]: row for split in splits.values() for row in split}


@pytest.fixture(scope="session")
def icd() -> Any:
    """The code set (1.7 s to load)."""
    return importlib.import_module("simple_icd_10_cm")


@pytest.fixture
def good(rows: Rows) -> Item:
    """A shipped item, free to be spoilt."""
    return Item.model_validate(rows["train-10"])


def test_there_are_enough_rows_of_each_split(splits: dict[str, Any]) -> None:
    assert len(splits["train"]) >= 24
    assert len(splits["validation"]) >= 8
    assert len(splits["test"]) >= 12


def test_every_row_is_valid_and_free_of_faults(rows: Rows) -> None:
    faults = [p for row in rows.values() for p in check_item(Item.model_validate(row))]
    assert faults == []


def test_gold_scores_one_on_every_row(rows: Rows) -> None:
    said = [{"output_text": json.dumps(r["reference_answer"])} for r in rows.values()]
    assert list(map(grade, said, rows.values())) == [1.0] * len(rows)


def test_every_probe_gets_the_score_it_must_get(rows: Rows) -> None:
    for line in (TASK / "probes.jsonl").read_text(encoding="utf-8").splitlines():
        probe = json.loads(line)
        score = grade({"output_text": probe["output_text"]}, rows[probe["item_id"]])
        assert probe["min"] - 1e-9 <= score <= probe["max"] + 1e-9, probe["name"]


def test_stored_messages_are_those_of_the_schema(rows: Rows) -> None:
    stale = [i for i, r in rows.items() if r["messages"] != messages(Item.model_validate(r))]
    assert stale == []


def test_every_gold_code_has_evidence_and_a_reason(rows: Rows) -> None:
    for row in rows.values():
        assert {e["code"] for e in row["evidence"]} == set(row["reference_answer"]["codes"])
        assert all(len(e["why"]) > 15 for e in row["evidence"])


def test_every_code_is_billable_and_described_as_in_the_code_set(rows: Rows, icd: Any) -> None:
    for row in rows.values():
        shown = {c["code"]: c["description"] for c in row["candidates"]}
        assert shown == {c: icd.get_description(c) for c in shown}
        assert all(icd.is_leaf(c) for c in [*shown, *row["optional"]])


@pytest.mark.slow
def test_building_again_gives_the_same_bytes(
    icd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from task import build_data

    (tmp_path / "encounters").symlink_to(TASK / "encounters")
    monkeypatch.setattr(build_data, "TASK", tmp_path)
    assert build_data.main() == 0
    for split in build_data.SPLITS:
        name = f"data/{split}.jsonl"
        assert (tmp_path / name).read_bytes() == (TASK / name).read_bytes()


def test_no_note_stands_in_two_splits(splits: dict[str, Any]) -> None:
    notes = [r["note"] for rows in splits.values() for r in rows]
    assert len(set(notes)) == len(notes)


def test_notes_are_between_60_and_500_words(rows: Rows) -> None:
    assert [i for i, r in rows.items() if not 60 <= len(r["note"].split()) <= 500] == []


def test_both_settings_and_single_codes_occur_in_every_split(splits: dict[str, Any]) -> None:
    for rows in splits.values():
        assert {r["setting"] for r in rows} == {"outpatient", "inpatient"}
        assert any(len(r["reference_answer"]["codes"]) == 1 for r in rows)


@pytest.mark.parametrize("name", ["empty", "all_candidates", "top_50", "top_3", "word_overlap"])
def test_answers_that_need_no_model_score_below_0_3(splits: dict[str, Any], name: str) -> None:
    assert mean(grade({"output_text": floors(r)[name]}, r) for r in splits["test"]) < 0.3


@pytest.mark.parametrize("most", [0, 30])
def test_hacks_that_know_the_gold_score_below_0_3(splits: dict[str, Any], most: int) -> None:
    """Its categories alone (0), or gold and 30 siblings of it, chosen among those that may pay."""

    def hack(row: Rows) -> dict[str, str]:
        gold = row["reference_answer"]["codes"]
        codes = [*gold, *filler(row)] if most else [code[:3] for code in gold]
        return {"output_text": json.dumps({"codes": codes})}

    def filler(row: Rows) -> list[str]:
        return [*row["near_misses"], *frequent(60)][:most]

    assert mean(grade(hack(row), row) for row in splits["test"]) < 0.3


def test_the_place_in_the_shortlist_gives_nothing_away(rows: Rows) -> None:
    for row in rows.values():
        codes = [c["code"] for c in row["candidates"]]
        assert codes == sorted(codes)
        assert 20 <= len(codes) <= 40


def test_the_prompt_does_not_depend_on_the_gold_answer(good: Item) -> None:
    before = messages(good)
    good.reference_answer.codes = ["Z23"]
    good.optional, good.must_not_code, good.evidence = [], [], []
    assert messages(good) == before


def test_asked_openly_the_prompt_shows_no_candidates(good: Item) -> None:
    openly = messages(good, "open")
    assert "andidate" not in "".join(m["content"] for m in openly)
    good.candidates = []
    assert messages(good, "shortlist") == openly


def test_roles_are_developer_then_user(good: Item) -> None:
    assert [m["role"] for m in messages(good)] == ["developer", "user"]


def test_gold_is_the_reference_as_an_answer(good: Item) -> None:
    assert gold(good) == Answer(codes=["I13.0", "I50.23", "N18.32"])


def test_labels_and_slices_describe_the_row(good: Item) -> None:
    assert labels(good) == ["I13.0", "I50.23", "N18.32"]
    assert slices(good) == {
        "setting": "inpatient",
        "gold codes": "2-3",
        "chapter of the first code": "circulatory",
    }


@pytest.mark.parametrize(("text", "code"), [("e119 ", "E11.9"), ("I10", "I10"), ("n44.8", "N44.8")])
def test_codes_are_written_in_one_way(text: str, code: str) -> None:
    assert dotted(text) == code


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("optional", ["I13.0"], "both gold and optional"),
        ("must_not_code", ["I13"], "forbids the gold code 'I13.0'"),
        ("must_not_code", ["i99"], "not written like a code"),
        ("optional", ["Z23", "Z23"], "twice"),
        ("candidates", [], ""),
        ("release", "FY1999", "not one of FY2026-April"),
        ("note", "Coded as I13.0 by the ward.", "states a code ('I13.0')"),
        ("note", "Nothing of the kind.", "not in the note word for word"),
    ],
)
def test_a_fault_is_named_in_a_sentence(good: Item, field: str, value: Any, words: str) -> None:
    spoilt = good.model_copy(update={field: value})
    found = " ".join(check_item(spoilt))
    assert words in found
    assert bool(found) == bool(words)


def test_a_near_miss_of_no_gold_code_is_found(good: Item) -> None:
    good.near_misses.append("Z23")
    assert any("in no category of a gold code" in p for p in check_item(good))


def test_gold_is_always_among_the_candidates_of_training_rows_only(splits: dict[str, Any]) -> None:
    def missing(split: str) -> int:
        return sum(
            code not in {c["code"] for c in row["candidates"]}
            for row in splits[split]
            for code in row["reference_answer"]["codes"]
        )

    assert missing("train") == 0
    assert missing("test") > 0


def test_the_search_finds_two_thirds_of_the_gold_of_the_test_split(splits: dict[str, Any]) -> None:
    reach = metrics([(row, {}) for row in splits["test"]], splits["train"])["candidates"]
    assert reach["gold codes among them"] > 0.67
    assert 0.67 < reach["best F1"] < 1


def test_gold_without_evidence_is_found(good: Item) -> None:
    good.evidence = good.evidence[1:]
    assert any("has no evidence" in p for p in check_item(good))


def test_a_date_outside_the_release_is_found(rows: Rows) -> None:
    row = {**rows["train-10"], "encounter_date": "2025-01-01"}
    assert "outside release" in check_item(Item.model_validate(row))[0]


def test_unknown_fields_are_refused(rows: Rows) -> None:
    with pytest.raises(ValidationError):
        Item.model_validate({**rows["train-10"], "icd9": []})
    with pytest.raises(ValidationError):
        Answer.model_validate({"codes": [], "note": ""})
