"""The rows of task/data, and one small row that is easy to read."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from task import grader
from task.schema import Item, messages

TASK = Path(grader.__file__).parent
SPLITS = ("train", "validation", "test")

Row = dict[str, Any]
Grade = Callable[..., float]


@pytest.fixture(scope="session")
def rows_by_split() -> dict[str, list[Row]]:
    """The rows of each split."""
    rows = {}
    for split in SPLITS:
        text = (TASK / f"data/{split}.jsonl").read_text(encoding="utf-8")
        rows[split] = [json.loads(line) for line in text.split("\n") if line.strip()]
    return rows


@pytest.fixture(scope="session")
def rows(rows_by_split: dict[str, list[Row]]) -> list[Row]:
    """The rows of all splits."""
    return [row for split in SPLITS for row in rows_by_split[split]]


@pytest.fixture
def row() -> Row:
    """Halve an even number, refuse an odd one: eight tests, of which the last two weigh twice."""
    row: Row = {
        "id": "half",
        "family": "half",
        "topic": "small",
        "difficulty": "easy",
        "entry": "half",
        "signature": "def half(n: int) -> int",
        "prompt": "Return half of n. Raise ValueError for an odd n.",
        "examples": [{"args": [4], "expected": 2, "raises": None}],
        "tests": [
            {"args": [n], "expected": n // 2, "raises": None, "weight": 1.0}
            for n in (0, 2, 6, 8, -2, 100)
        ]
        + [{"args": [n], "expected": None, "raises": "ValueError", "weight": 2.0} for n in (1, -3)],
        "reference_answer": {
            "code": "def half(n):\n    if n % 2:\n        raise ValueError\n    return n // 2\n"
        },
        "messages": [],
    }
    row["messages"] = messages(Item.model_validate(row))
    return row


@pytest.fixture(scope="session")
def grade() -> Grade:
    """Grade code in the sandbox; tests that need it are skipped without the sandbox's packages."""
    if importlib.util.find_spec("wasmtime") is None:
        pytest.skip("the extra 'sandbox' is not installed")

    def grade(code: str, row: Row) -> float:
        return grader.grade({"output_text": json.dumps({"code": code})}, row)

    return grade
