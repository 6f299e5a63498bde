"""The rows of task/data, and one small row that is easy to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from task import grader
from task.schema import Item, messages

TASK = Path(grader.__file__).parent
SPLITS = ("train", "validation", "test")

Row = dict[str, Any]


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
    """A message that is a return and not urgent."""
    answer = {"team": "returns", "urgent": False}
    row: Row = {"id": "mug", "text": "The mug broke. May I return it?", "reference_answer": answer}
    return row | {"messages": messages(Item.model_validate(row))}
