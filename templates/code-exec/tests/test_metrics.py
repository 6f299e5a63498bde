"""Figures over a whole run, from stored grades: no code runs here."""

from __future__ import annotations

import json

import pytest

from task import grader
from task.metrics import metrics
from tests.conftest import Row

RIGHT = {"readable": 1.0, "loads": 1.0, "tests": 1.0, "solved": 1.0}
HALF = {"readable": 1.0, "loads": 1.0, "tests": 0.5, "solved": 0.0}
NOT_LOADED = {"readable": 1.0, "loads": 0.0, "tests": 0.0, "solved": 0.0}


@pytest.fixture(autouse=True)
def _no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader, "sandbox", lambda: pytest.fail("metrics must not run code"))


def answer(code: str = "x = 1", parts: Row | None = None) -> Row:
    """A sample with this code, and with the grade that the run stored if `parts` are given."""
    sample: Row = {"output_text": json.dumps({"code": code})}
    if parts is not None:
        sample["grade"] = {"reward": parts.get("tests", 0.0), "parts": parts}
    return sample


def test_solved_counts_answers_and_rows(row: Row) -> None:
    other = row | {"id": "other"}
    answers = [(row, answer(parts=RIGHT)), (row, answer(parts=HALF)), (other, answer(parts=HALF))]
    assert metrics(answers, [])["solved"] == {
        "answers": pytest.approx(1 / 3),
        "rows (by any answer)": 0.5,
    }


def test_tests_passed_are_averaged_over_answers(row: Row) -> None:
    figures = metrics([(row, answer(parts=RIGHT)), (row, answer(parts=HALF))], [])
    assert figures["hidden tests passed"] == {"all": 0.75}


def test_both_are_broken_down_by_difficulty_and_topic(row: Row) -> None:
    hard = row | {"id": "other", "difficulty": "hard", "topic": "buses"}
    figures = metrics([(hard, answer(parts=HALF)), (row, answer(parts=RIGHT))], [])
    assert list(figures["solved, by difficulty"].items()) == [("easy", 1.0), ("hard", 0.0)]
    assert figures["solved, by topic"] == {"buses": 0.0, "small": 1.0}
    assert figures["hidden tests passed, by difficulty"] == {"easy": 1.0, "hard": 0.5}
    assert figures["hidden tests passed, by topic"] == {"buses": 0.5, "small": 1.0}


def test_answers_that_ran_no_test_are_counted_by_the_first_reason(row: Row) -> None:
    samples = [
        {"output_text": "I cannot.", "grade": {"reward": 0.0}},
        answer("def half(n:", NOT_LOADED),
        answer("raise ValueError", NOT_LOADED),
        answer("def half(n): return 1", HALF),
    ]
    assert metrics([(row, sample) for sample in samples], [])["answers"] == {
        "unreadable": 0.25,
        "not Python": 0.25,
        "does not load": 0.25,
    }


@pytest.mark.parametrize("code", ["\0", "\ud800", "(" * 9000, "-" * 40_000 + "1"])
def test_no_text_is_too_odd_to_be_parsed(row: Row, code: str) -> None:
    assert metrics([(row, answer(code))], [])["answers"]["not Python"] == 1.0


def test_without_stored_grades_only_the_text_counts(row: Row) -> None:
    assert metrics([(row, answer())], []) == {"answers": {"unreadable": 0.0, "not Python": 0.0}}


def test_a_grade_without_parts_is_left_out(row: Row) -> None:
    """explain() may have failed: the reward stands, but its parts are unknown."""
    lost = answer() | {"grade": {"reward": 0.5}}
    assert "solved" not in metrics([(row, lost)], [])


def test_a_run_without_answers_has_no_figures() -> None:
    assert metrics([], []) == {}
