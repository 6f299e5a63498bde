"""The figures over a whole run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from task.metrics import agreement, alpha, metrics


def row(item_id: str, *gold: str, **fields: Any) -> dict[str, Any]:
    """A bare row."""
    return {"id": item_id, "reference_answer": {"codes": list(gold)}, "messages": [], **fields}


def answer(*codes: str) -> dict[str, str]:
    """A bare sample."""
    return {"output_text": json.dumps({"codes": codes})}


def test_f1_is_pooled_and_averaged() -> None:
    answers = [(row("a", "I10", "E11.9"), answer("i10")), (row("b", "R05.1"), answer("I10"))]
    figures = metrics(answers, [])["F1"]
    assert figures["samples"] == pytest.approx((2 / 3 + 0) / 2)
    assert figures["micro"] == pytest.approx(2 * 1 / (2 + 3))
    assert figures["macro"] == pytest.approx((2 / 3 + 0 + 0) / 3)
    assert figures["exact match"] == 0


def test_an_entry_not_written_like_a_code_counts_as_wrong() -> None:
    assert metrics([(row("a", "I10"), answer("I10", "??"))], [])["F1"]["micro"] == 2 / 3


def test_an_optional_code_is_not_counted() -> None:
    figures = metrics([(row("a", "I10", optional=["Z79.4"]), answer("I10", "Z79.4"))], [])
    assert figures["F1"]["micro"] == figures["F1"]["exact match"] == 1


def test_f1_is_broken_down_by_chapter_and_trap() -> None:
    figures = metrics([(row("a", "I10", "E11.9", traps=["history"]), answer("I10", "E11.65"))], [])
    assert figures["F1 by chapter (micro)"] == {"endocrine": 0.0, "circulatory": 1.0}
    assert figures["F1 by trap (mean)"] == {"history": 0.5}


def test_over_coding_is_over_the_rows_that_forbid_something() -> None:
    rows = [row("a", "I10"), row("b", "I10", must_not_code=["E11", "R05"])]
    figures = metrics([(r, answer("I10", "E11.9")) for r in rows], [])
    assert figures["over-coding"] == {"entries coded": 0.5, "answers with any": 1.0}


def test_codes_that_training_never_showed_are_counted() -> None:
    figures = metrics([(row("a", "I10", "R05.1"), answer("R05.1"))], [row("t", "I10")])
    expected = {"share": 0.5, "recall on them": 1, "recall on the others": 0}
    assert figures["codes not in train"] == expected


def test_the_reach_of_the_candidates_is_given_where_they_are_shown() -> None:
    asked = {"candidates": [{"code": "I10"}], "messages": [{"content": "Candidate codes:"}]}
    reach = metrics([(row("a", "I10", "R05.1", **asked), answer())], [])["candidates"]
    assert reach == {"reference codes among them": 0.5, "rows with all": 0, "best F1": 2 / 3}
    assert "candidates" not in metrics([(row("a", "I10", candidates=[]), answer())], [])


def test_no_answer_has_no_figures() -> None:
    assert metrics([], []) == {}


def test_coders_that_agree_have_alpha_1() -> None:
    rows = [row("a", "I10"), row("b", "R05.1")]
    same = [(r, answer(*r["reference_answer"]["codes"])) for r in rows]
    figures = agreement({"A": same, "B": same})["agreement (alpha)"]
    assert figures == {"gold and A": 1, "gold and B": 1, "all": 1}


def test_alpha_of_a_worked_case() -> None:
    """Two raters, 4 decisions (2 rows x 2 codes), 1 apart: alpha = 1 - 7 * 2 / (2 * 3 * 5)."""
    first, second = {"a": {"I10"}, "b": {"R05"}}, {"a": {"I10"}, "b": {"R05", "I10"}}
    assert alpha(first, second) == pytest.approx(1 - (8 - 1) * 2 / (2 * 3 * 5))


def test_a_row_that_a_coder_did_not_see_is_no_disagreement() -> None:
    assert alpha({"a": {"I10"}, "b": {"R05"}}, {"a": {"I10"}}) == 1
