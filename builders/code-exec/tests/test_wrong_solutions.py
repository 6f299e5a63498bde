"""Plausible wrong solutions: the hidden tests are strong enough that none of them scores 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import build_data
from conftest import Row


def test_the_file_holds_the_mistakes_of_the_tasks(tmp_path: Path) -> None:
    """After a change of tasks/, call build_data.write_wrong_solutions()."""
    build_data.write_wrong_solutions(tmp_path / "wrong.jsonl")
    assert (tmp_path / "wrong.jsonl").read_bytes() == build_data.WRONG.read_bytes()


def test_every_row_has_two_that_differ(rows: list[Row], wrong: dict[str, list[str]]) -> None:
    assert wrong.keys() == {row["id"] for row in rows}
    for row in rows:
        codes = {*wrong[row["id"]], row["reference_answer"]["code"]}
        assert len(codes) == len(wrong[row["id"]]) + 1 >= 3, row["id"]


def test_they_are_in_no_row(rows: list[Row], wrong: dict[str, list[str]]) -> None:
    for row in rows:
        text = json.dumps(row)
        assert not [code for code in wrong[row["id"]] if json.dumps(code) in text]


def test_none_scores_one(
    rows: list[Row], wrong: dict[str, list[str]], grade_code: Callable[[str, Row], float]
) -> None:
    """On average they pass about half of the tests, so they are plausible."""
    scores = [(grade_code(code, row), row["id"]) for row in rows for code in wrong[row["id"]]]
    assert max(scores)[0] < 0.99, max(scores)
    assert 0.3 < mean(score for score, _ in scores) < 0.7
