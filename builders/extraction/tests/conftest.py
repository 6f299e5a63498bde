"""The shipped rows, the code set and its index."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

import task
from task.tools.shortlist import Index, load_index

Row = dict[str, Any]


@pytest.fixture(scope="session")
def folder() -> Path:
    """The folder task/ of the template."""
    return Path(task.__file__).parent


@pytest.fixture(scope="session")
def rows_by_split(folder: Path) -> dict[str, list[Row]]:
    """The shipped rows of each split."""
    return {
        split: [json.loads(line) for line in (folder / f"data/{split}.jsonl").open("rb")]
        for split in ("train", "validation", "test")
    }


@pytest.fixture(scope="session")
def rows(rows_by_split: dict[str, list[Row]]) -> list[Row]:
    """The shipped rows of all splits."""
    return [row for split in rows_by_split.values() for row in split]


@pytest.fixture(scope="session")
def by_id(rows: list[Row]) -> dict[str, Row]:
    """The shipped rows by id."""
    return {row["id"]: row for row in rows}


@pytest.fixture(scope="session")
def icd() -> Any:
    """The code set (1.7 s to load)."""
    return importlib.import_module("simple_icd_10_cm")


@pytest.fixture(scope="session")
def index() -> Index:
    """The index of the installed code set (built in seconds the first time, then cached)."""
    return load_index()
