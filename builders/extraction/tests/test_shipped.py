"""What the datasheet states about the shipped rows and the starter rows."""

from __future__ import annotations

import json
from collections import Counter
from statistics import mean
from typing import Any

import pytest
import starter

from task.floors import floors, frequent
from task.grader import grade
from task.metrics import metrics

Row = dict[str, Any]
Splits = dict[str, list[Row]]


def test_every_gold_code_has_evidence_and_a_reason(rows: list[Row]) -> None:
    for row in rows:
        assert {e["code"] for e in row["evidence"]} == set(row["reference_answer"]["codes"])
        assert all(len(e["why"]) > 15 for e in row["evidence"])


def test_every_candidate_is_described_as_in_the_code_set(rows: list[Row], icd: Any) -> None:
    for row in rows:
        shown = {c["code"]: c["description"] for c in row["candidates"]}
        assert shown == {c: icd.get_description(c) for c in shown}
        assert all(icd.is_leaf(c) for c in [*shown, *row["optional"]])


def test_both_settings_and_single_codes_occur_in_every_split(rows_by_split: Splits) -> None:
    for rows in rows_by_split.values():
        assert {r["setting"] for r in rows} == {"outpatient", "inpatient"}
        assert any(len(r["reference_answer"]["codes"]) == 1 for r in rows)


@pytest.mark.parametrize("name", ["empty", "all candidates", "top 50", "top 3", "word overlap"])
def test_answers_that_need_no_model_score_below_0_3(rows_by_split: Splits, name: str) -> None:
    rows = rows_by_split["test"]
    assert mean(grade({"output_text": floors(r)[name]}, r) for r in rows) < 0.3


def test_the_most_frequent_codes_are_counted_over_the_training_rows(rows_by_split: Splits) -> None:
    (code,) = frequent(1)
    golds = [row["reference_answer"]["codes"] for row in rows_by_split["train"]]
    assert sum(code in codes for codes in golds) == max(
        sum(other in codes for codes in golds) for other in {c for codes in golds for c in codes}
    )


@pytest.mark.parametrize("most", [0, 30])
def test_hacks_that_know_the_gold_score_below_0_3(rows_by_split: Splits, most: int) -> None:
    """The categories alone (0), or the reference and 30 siblings that might earn credit."""

    def hack(row: Row) -> dict[str, str]:
        gold = row["reference_answer"]["codes"]
        siblings = [*row["near_misses"], *frequent(60)][:most]
        codes = [*gold, *siblings] if most else [code[:3] for code in gold]
        return {"output_text": json.dumps({"codes": codes})}

    assert mean(grade(hack(row), row) for row in rows_by_split["test"]) < 0.3


def test_every_row_shows_between_20_and_40_candidates(rows: list[Row]) -> None:
    assert [r["id"] for r in rows if not 20 <= len(r["candidates"]) <= 40] == []


def test_gold_is_always_among_the_candidates_of_training_rows_only(rows_by_split: Splits) -> None:
    def missing(split: str) -> int:
        return sum(
            code not in {c["code"] for c in row["candidates"]}
            for row in rows_by_split[split]
            for code in row["reference_answer"]["codes"]
        )

    assert missing("train") == 0
    assert missing("test") > 0


def test_the_search_finds_two_thirds_of_the_gold_of_the_test_split(rows_by_split: Splits) -> None:
    figures = metrics([(row, {}) for row in rows_by_split["test"]], rows_by_split["train"])
    assert figures["candidates"]["reference codes among them"] > 0.67
    assert 0.67 < figures["candidates"]["best F1"] < 1


def test_starter_codes_and_descriptions_are_those_of_the_code_set(icd: Any) -> None:
    for code, (description, _) in starter.CONDITIONS.items():
        assert icd.is_leaf(code)
        assert icd.get_description(code) == description


def test_the_starter_notes_of_each_split_have_sentences_of_their_own() -> None:
    sentences = [{text for half in said for text in half} for said in starter.SAID.values()]
    assert len(set.union(*sentences)) == sum(map(len, sentences))


def test_no_starter_answer_is_the_right_one_often() -> None:
    for split in starter.ROWS:
        rows = starter.rows(split)
        golds = Counter(json.dumps(row["reference_answer"]) for row in rows)
        assert max(golds.values()) <= len(rows) / 8
