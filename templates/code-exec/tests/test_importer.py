"""`rft import`: a team's own functions become rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft.task import Problem
from task import importer
from task.schema import Item, check_item, messages
from tests.conftest import Grade

SOLUTION = "def clip(n, top):\n    if top < 0:\n        raise ValueError\n    return min(n, top)\n"
GOOD = {
    "prompt": "Return n, at most top.",
    "solution": SOLUTION,
    "examples": [[5, 3]],
    "tests": [[n, 4] for n in range(8)] + [[1, -1]],
}
Load = Callable[..., list[Any]]


@pytest.fixture
def load(tmp_path: Path, grade: Grade) -> Load:
    """Import lines; `grade` is asked for because solutions run in the sandbox."""

    def load(*lines: Any, **options: str) -> list[Any]:
        file = tmp_path / "mine.jsonl"
        text = "\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines)
        file.write_text(text, encoding="utf-8")
        return list(importer.load([file], options))

    return load


def test_results_are_taken_from_the_solution(load: Load) -> None:
    (row,) = load(GOOD)
    assert [test["expected"] for test in row["tests"][3:6]] == [3, 4, 4]
    assert row["tests"][-1]["raises"] == "ValueError"
    assert row["signature"] == "def clip(n, top)"


def test_an_imported_row_is_valid(load: Load) -> None:
    (row,) = load(GOOD, topic="limits")
    item = Item.model_validate(row)
    assert check_item(item) == []
    assert item.topic == "limits"
    assert "clip(5, 3) -> 3" in messages(item)[1]["content"]


def test_given_results_are_kept(load: Load) -> None:
    tests = [*GOOD["tests"][1:], {"args": [9, 9], "expected": 42, "weight": 3}]
    (row,) = load(GOOD | {"tests": tests})
    assert (row["tests"][-1]["expected"], row["tests"][-1]["weight"]) == (42, 3)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", "not a JSON object"),
        ({"prompt": "x"}, '"solution" is missing'),
        (GOOD | {"solution": "def f(:"}, "not valid Python"),
        (GOOD | {"solution": "x = 1"}, "defines 0 such functions"),
        (GOOD | {"entry": "other"}, "defines 0 such functions"),
        (GOOD | {"tests": 5}, '"tests" is not a list'),
        (GOOD | {"tests": ["x"]}, "is not a call"),
        (GOOD | {"tests": [[1, 2]]}, "8 or more"),
        (GOOD | {"difficulty": "odd"}, "difficulty"),
        (GOOD | {"solution": "def clip(n, top):\n    while True: pass\n"}, "fails on"),
        (GOOD | {"solution": "def clip(n, top):\n    return b'x'\n"}, "not plain JSON"),
    ],
)
def test_what_gives_no_row_is_named_with_its_line(load: Load, line: Any, words: str) -> None:
    good, problem = load(GOOD, line)
    assert good["entry"] == "clip"
    assert problem.line == 2
    assert words in problem.message


def test_a_missing_file_is_a_problem(tmp_path: Path, grade: Grade) -> None:
    (problem,) = importer.load([tmp_path / "none.jsonl"], {})
    assert isinstance(problem, Problem)
    assert "does not exist" in problem.message
