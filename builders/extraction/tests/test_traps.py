"""The shipped encounters are sound, and falling into each of their traps costs reward."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from typing import Any

import pytest
from build_data import ENCOUNTERS
from rapidfuzz import fuzz

from task.grader import explain, grade

SPLITS = {"train": 44, "validation": 12, "test": 22}
TRAPS = re.findall(
    r"^\| `([a-z-]+)` \|", (ENCOUNTERS / "README.md").read_text("utf-8"), re.MULTILINE
)
Row = dict[str, Any]


def answer(codes: list[str]) -> dict[str, str]:
    """A sample in the form that a model would give."""
    return {"output_text": json.dumps({"codes": codes})}


def swapped(row: Row, out: str, into: str) -> list[str]:
    """The reference codes of `row` less those in `out` plus those in `into` (space-separated)."""
    return [c for c in row["reference_answer"]["codes"] if c not in out.split()] + into.split()


FALLS = [
    ("negation", "test-02", "", "S06.0X0A", "no loss of consciousness, head not struck"),
    ("negation", "test-01", "", "I10", "high blood pressure denied"),
    ("negation", "train-16", "", "R13.10", "swallow documented as safe"),
    ("ruled-out", "test-21", "", "G00.1", "meningitis ruled out by puncture"),
    ("ruled-out", "test-23", "", "S36.039A", "splenic laceration excluded by CT"),
    ("ruled-out", "train-39", "", "A15.0", "tuberculosis excluded"),
    ("history", "test-31", "Z85.3", "C50.912", "past cancer coded as active"),
    ("history", "test-05", "", "B01.9", "chickenpox was in childhood"),
    ("history", "train-07", "Z85.3", "C50.911", "treated cancer coded as active"),
    ("family-history", "test-17", "Z80.3", "Z85.3", "the mother's cancer taken for hers"),
    ("family-history", "test-30", "", "F31.9", "the grandfather's illness"),
    ("family-history", "train-21", "", "H35.30", "the mother's macular degeneration"),
    ("uncertain-outpatient", "test-03", "R10.31 R11.0", "K35.80", "suspected appendicitis"),
    ("uncertain-outpatient", "test-24", "R11.2 R19.7", "A08.4", "probable gastroenteritis"),
    ("uncertain-outpatient", "train-30", "R29.810 R47.81", "G45.9", "possible TIA"),
    ("uncertain-inpatient", "test-25", "A08.4", "R11.2 R19.7", "still probable at discharge"),
    ("uncertain-inpatient", "test-06", "J69.0", "R50.9", "still suspected at discharge"),
    ("uncertain-inpatient", "train-29", "G45.9", "R20.2", "probable TIA at discharge"),
    ("laterality", "test-07", "M17.11", "M17.12", "the other knee"),
    ("laterality", "test-17", "C50.412", "C50.411", "the other breast"),
    ("laterality", "validation-06", "G56.03", "G56.01 G56.02", "one bilateral code exists"),
    ("seventh-character", "test-12", "S51.811D", "S51.811A", "sutures out is not first care"),
    ("seventh-character", "test-29", "T22.311S", "T22.311A", "a sequela is not a new burn"),
    ("seventh-character", "train-44", "S62.025K", "S62.025D", "nonunion is not routine"),
    ("combination", "test-09", "N30.01", "N30.00 R31.9", "the blood is in the code"),
    ("combination", "test-15", "M54.42", "M54.50 M54.32", "back pain with sciatica is one code"),
    ("combination", "train-10", "I13.0", "I10", "heart failure and CKD combine"),
    ("code-first", "test-11", "K70.31", "", "varices without the cirrhosis"),
    ("code-first", "test-21", "A40.3", "", "septic shock without the infection"),
    ("code-first", "train-34", "G30.1", "", "dementia without its disease"),
    ("use-additional", "test-20", "Z68.33", "", "obesity without the BMI"),
    ("use-additional", "test-09", "B96.20", "", "cystitis without the organism"),
    ("use-additional", "train-10", "N18.32", "", "I13.0 without the stage"),
    ("external-cause", "test-19", "W54.0XXA Y93.02 Y92.480", "", "a bite without the dog"),
    ("external-cause", "test-23", "W11.XXXA", "W13.2XXA", "ladder, not roof"),
    ("external-cause", "validation-04", "X10.2XXA", "X10.0XXA", "oil, not a drink"),
    ("z-code", "test-27", "Z51.11", "", "the reason for the visit left out"),
    ("z-code", "test-22", "Z37.0", "", "a delivery without its outcome"),
    ("z-code", "train-25", "Z12.11", "", "a screening without its code"),
    ("single-code", "test-07", "", "M25.561", "the knee pain is integral"),
    ("single-code", "train-15", "", "R10.31", "the belly pain is integral"),
    ("single-code", "train-50", "", "A95.9", "a vaccine is not the disease"),
]
"""Trap, row, reference codes left out, codes added, the mistake. All codes are billable."""


@pytest.mark.parametrize(("trap", "item_id", "out", "into", "why"), FALLS)
def test_falling_into_a_trap_costs_reward(
    by_id: dict[str, Row], trap: str, item_id: str, out: str, into: str, why: str
) -> None:
    row = by_id[item_id]
    assert trap in row["traps"], why
    assert grade(answer(swapped(row, "", "")), row) == 1.0
    assert grade(answer(swapped(row, out, into)), row) <= 0.95, why


@pytest.mark.parametrize(
    ("trap", "item_id", "into"),
    [(t, i, into) for t, i, _, into, _ in FALLS if t in ("negation", "ruled-out")],
)
def test_what_the_note_denies_is_reported_as_over_coding(
    by_id: dict[str, Row], trap: str, item_id: str, into: str
) -> None:
    assert explain(answer(swapped(by_id[item_id], "", into)), by_id[item_id])["over_coding"] > 0


def test_every_trap_has_a_fall_and_at_least_five_rows(rows: list[Row]) -> None:
    assert {fall[0] for fall in FALLS} == set(TRAPS)
    counts = Counter(t for row in rows for t in row["traps"])
    assert set(counts) == set(TRAPS)
    assert min(counts.values()) >= 5


def test_every_fall_answers_with_billable_codes(icd: Any) -> None:
    assert [c for fall in FALLS for c in fall[3].split() if not icd.is_leaf(c)] == []


def test_the_same_uncertainty_pays_in_one_setting_only(by_id: dict[str, Row]) -> None:
    """A probable gastroenteritis: its code at a hospital discharge, its symptoms at home."""
    home, ward = by_id["test-24"], by_id["test-25"]
    assert grade(answer(["A08.4", "E86.0"]), ward) == grade(answer(["R11.2", "R19.7"]), home) == 1.0
    assert grade(answer(["A08.4", "E86.0"]), home) == 0.0


def test_categories_alone_pay_next_to_nothing(rows_by_split: dict[str, list[Row]]) -> None:
    """Only a category that is itself a code (I10, Z23) is worth anything."""
    for row in rows_by_split["test"]:
        codes = row["reference_answer"]["codes"]
        stubs = sorted({c[:3] for c in codes} - {c for c in codes if len(c) == 3})
        assert grade(answer(stubs), row) == 0.0


def test_traps_agree_with_the_gold_codes(rows: list[Row]) -> None:
    for row in rows:
        codes, traps = row["reference_answer"]["codes"], set(row["traps"])
        assert len(traps) == len(row["traps"])
        assert ("single-code" in traps) == (len(codes) == 1), row["id"]
        assert ("external-cause" in traps) == any(c[0] in "VWXY" for c in codes), row["id"]
        assert ("z-code" in traps) == any(c[0] == "Z" for c in codes), row["id"]
        assert "uncertain-outpatient" not in traps or row["setting"] == "outpatient"
        assert "uncertain-inpatient" not in traps or row["setting"] == "inpatient"
        assert not traps & {"negation", "ruled-out"} or row["must_not_code"]


def test_traps_agree_with_the_notes_of_the_code_set(rows: list[Row], icd: Any) -> None:
    for row in rows:
        codes = row["reference_answer"]["codes"]
        if "laterality" in row["traps"]:
            said = " ".join(icd.get_description(c) for c in codes).lower()
            assert re.search("right|left|bilateral", said), row["id"]
        if "seventh-character" in row["traps"]:
            assert any(len(c) == 8 for c in codes)
        if "code-first" in row["traps"]:
            assert any(icd.get_code_first(a) for c in codes for a in lineage(icd, c)), row["id"]
        if "use-additional" in row["traps"]:
            assert any(icd.get_use_additional_code(a) for c in codes for a in lineage(icd, c))


def test_a_note_of_the_code_set_that_a_reason_quotes_is_there(rows: list[Row], icd: Any) -> None:
    """A reason says "N30 'use additional ...": that category really has such a note."""
    notes = {
        "use additional": icd.get_use_additional_code,
        "code first": icd.get_code_first,
        "code also": icd.get_code_also,
    }
    quote = re.compile(r"(?:Chapter )?([A-Z]\d[\w.-]*|\d+) '(use additional|code first|code also)")
    quoted = {q for r in rows for e in r["evidence"] for q in quote.findall(e["why"])}
    assert len(quoted) > 40
    assert [(c, kind) for c, kind in quoted if not notes[kind](c)] == []


def lineage(icd: Any, code: str) -> list[str]:
    """The code and everything above it."""
    return [code, *icd.get_ancestors(code)]


def test_splits_are_large_enough(rows_by_split: dict[str, list[Row]]) -> None:
    assert {n: len(rows) >= SPLITS[n] for n, rows in rows_by_split.items()} == dict.fromkeys(
        SPLITS, True
    )


def test_notes_have_80_to_500_words_and_vary(rows: list[Row]) -> None:
    words = [len(row["note"].split()) for row in rows]
    assert min(words) >= 80
    assert max(words) <= 500
    assert sum(w >= 250 for w in words) >= 10


def test_at_least_a_third_is_inpatient(rows: list[Row]) -> None:
    inpatient = [row for row in rows if row["setting"] == "inpatient"]
    assert len(inpatient) >= len(rows) / 3


def test_gold_spans_at_least_twelve_chapters_in_train_and_test(
    rows_by_split: dict[str, list[Row]], icd: Any
) -> None:
    for name in ("train", "test"):
        gold = {c for row in rows_by_split[name] for c in row["reference_answer"]["codes"]}
        assert len({icd.get_ancestors(c)[-1] for c in gold}) >= 12


def test_no_story_is_told_twice(by_id: dict[str, Row]) -> None:
    """Share of common words, over all pairs: two notes on one patient would be above 0.8."""
    notes = {item_id: row["note"] for item_id, row in by_id.items()}
    close = [(a, b) for a, b in combinations(notes, 2) if near(notes[a], notes[b])]
    assert close == []


def test_a_story_told_again_would_be_found(by_id: dict[str, Row]) -> None:
    lines = by_id["test-31"]["note"].splitlines()
    assert near("\n".join(lines), "\n".join(["Seen again.", *lines[::-1][:-9]]))


def near(a: str, b: str) -> bool:
    """True when two notes tell the same story."""
    return fuzz.token_set_ratio(a, b) > 70


def test_no_five_words_in_a_row_make_a_mould(rows: list[Row]) -> None:
    """No two notes share more than one twentieth of the shorter one's five-word sequences."""
    for a, b in combinations([fives(row["note"]) for row in rows], 2):
        assert len(a & b) <= 0.05 * min(len(a), len(b))


def fives(note: str) -> set[tuple[str, ...]]:
    """All sequences of five words of a note."""
    words = note.lower().split()
    return set(zip(*(words[i:] for i in range(5)), strict=False))


def test_no_note_holds_anything_that_reads_like_a_code(by_id: dict[str, Row]) -> None:
    spelled = re.compile(r"\b[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4}|[0-9A-Z]{1,4})\b")
    assert [i for i, row in by_id.items() if spelled.search(row["note"])] == []


def test_all_gold_and_optional_codes_are_billable(rows: list[Row], icd: Any) -> None:
    codes = {c for r in rows for c in [*r["reference_answer"]["codes"], *r["optional"]]}
    assert [c for c in codes if not icd.is_leaf(c)] == []


def test_no_gold_set_holds_an_excludes1_pair(rows: list[Row], icd: Any) -> None:
    found = [
        (row["id"], a, b, text)
        for row in rows
        for a in row["reference_answer"]["codes"]
        for text in excludes1(icd, a)
        for b in row["reference_answer"]["codes"]
        if a != b and named(text, b)
    ]
    assert found == []


def test_an_excludes1_pair_would_be_found(icd: Any) -> None:
    assert any(named(text, "O21.1") for text in excludes1(icd, "E87.6"))
    assert any(named(text, "R79.1") for text in excludes1(icd, "D68.32"))
    assert not any(named(text, "J44.0") for text in excludes1(icd, "J44.1"))


def excludes1(icd: Any, code: str) -> list[str]:
    """The Excludes1 notes of a code and of everything above it."""
    return [text for a in lineage(icd, code) for text in icd.get_excludes1(a)]


def named(text: str, code: str) -> bool:
    """True when a note names `code`: '(E87.6)', '(E87.-)' or '(E86-E87)'."""
    one = r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]+)?"
    for first, last in re.findall(rf"({one})(?:-({one}))?", text):
        first, last = first.rstrip("."), (last or first).rstrip(".")
        if first <= code[: len(first)] and code[: len(last)] <= last:
            return True
    return False
