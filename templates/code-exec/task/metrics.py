"""Figures over a whole run, which `rft eval` prints at the end. No answer is run again.

What the code did comes from the grade that the run stored, where `sample["grade"]` holds it; the
other figures come from the text of the answers.
"""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Iterable
from statistics import mean
from typing import Any

from task.grader import read_code

Row = dict[str, Any]
Answers = list[tuple[Row, dict[str, Any]]]
"""(row, sample) as graders get them, and in the sample under "grade" the result of the grader:
{"reward": float, "parts": {name: float}}."""
Figures = dict[str, dict[str, float]]

Parts = dict[str, float]
NOTHING: Parts = {"tests": 0.0, "solved": 0.0}
"""Parts known from a reward of 0 alone; explain() in task/grader.py names all parts."""

LEVELS = ("easy", "medium", "hard")


def metrics(answers: Answers, train: list[Row]) -> Figures:
    """Return the figures of a run's answers, by heading; `train` is not used.

    Figures are shares in [0, 1]. Those of tests and of solved answers are left out if no answer
    has a stored grade.
    """
    graded = [(row, parts) for row, sample in answers if (parts := _parts(sample)) is not None]
    figures = {
        "answers": _failures(answers),
        "solved": _solved(graded),
        "solved, by difficulty": _by(graded, "difficulty", "solved"),
        "solved, by topic": _by(graded, "topic", "solved"),
        "hidden tests passed": {"all": _mean(p["tests"] for _, p in graded)} if graded else {},
        "hidden tests passed, by difficulty": _by(graded, "difficulty", "tests"),
        "hidden tests passed, by topic": _by(graded, "topic", "tests"),
    }
    return {heading: named for heading, named in figures.items() if named}


def _parts(sample: dict[str, Any]) -> Parts | None:
    """The parts of the stored grade; None if there is no grade, or if it lacks its parts."""
    grade = sample.get("grade") or {}
    parts: Parts = grade.get("parts") or {}
    if grade.get("reward") == 0.0:
        return NOTHING | parts
    return parts if parts.keys() >= NOTHING.keys() else None


def _failures(answers: Answers) -> dict[str, float]:
    """Shares of all answers that failed before any test ran, by the first reason that applies.

    unreadable: not in the agreed form. not Python: a syntax error. does not load: raises at import
    or lacks the function, as far as a stored grade tells.
    """
    if not answers:
        return {}
    reasons: dict[str, list[bool]] = defaultdict(list)
    for _, sample in answers:
        code = read_code(sample)
        python = code is not None and _is_python(code)
        reasons["unreadable"].append(code is None)
        reasons["not Python"].append(code is not None and not python)
        if (parts := _parts(sample)) is not None:
            reasons["does not load"].append(python and parts.get("loads") == 0.0)
    return {reason: _mean(failed) for reason, failed in reasons.items()}


def _is_python(code: str) -> bool:
    """True if the code parses; it is not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a string is the model's affair
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _solved(graded: list[tuple[Row, Parts]]) -> dict[str, float]:
    """Share of the answers that pass all tests, and of the rows with at least one such answer."""
    rows: dict[str, list[float]] = defaultdict(list)
    for row, parts in graded:
        rows[str(row.get("id"))].append(parts["solved"])
    if not rows:
        return {}
    return {
        "answers": _mean(solved for group in rows.values() for solved in group),
        "rows (by any answer)": _mean(max(group) for group in rows.values()),
    }


def _by(graded: list[tuple[Row, Parts]], field: str, part: str) -> dict[str, float]:
    """Mean of a part of the grade for each value of a field of the row."""
    values: dict[str, list[float]] = defaultdict(list)
    for row, parts in graded:
        values[str(row.get(field))].append(parts[part])
    names = [name for name in LEVELS if name in values]  # easy first, topics in alphabetical order
    return {name: _mean(values[name]) for name in [*names, *sorted(values.keys() - {*names})]}


def _mean(values: Iterable[float]) -> float:
    return float(mean(values))
