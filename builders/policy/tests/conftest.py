"""The shipped rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task

TASK = Path(task.__file__).parent
Row = dict[str, Any]


@pytest.fixture(scope="session")
def rows_by_split() -> dict[str, list[Row]]:
    """The shipped rows of each split."""
    return {
        split: [json.loads(line) for line in (TASK / f"data/{split}.jsonl").open(encoding="utf-8")]
        for split in ("train", "validation", "test")
    }


@pytest.fixture(scope="session")
def rows(rows_by_split: dict[str, list[Row]]) -> list[Row]:
    """All shipped rows."""
    return [row for rows in rows_by_split.values() for row in rows]
