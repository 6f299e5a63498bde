"""The rows in task/data, one small row made by hand, and the index of the code set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task
from task.schema import Item, messages
from task.tools.shortlist import Index, load_index

TASK = Path(task.__file__).parent
SPLITS = ("train", "validation", "test")

Row = dict[str, Any]


@pytest.fixture(scope="session")
def rows_by_split() -> dict[str, list[Row]]:
    """The rows of each split."""
    return {
        split: [json.loads(line) for line in (TASK / f"data/{split}.jsonl").open(encoding="utf-8")]
        for split in SPLITS
    }


@pytest.fixture(scope="session")
def rows(rows_by_split: dict[str, list[Row]]) -> list[Row]:
    """The rows of all splits."""
    return [row for split in SPLITS for row in rows_by_split[split]]


@pytest.fixture(scope="session")
def index() -> Index:
    """The index of the installed code set (built in seconds the first time, then cached)."""
    return load_index()


@pytest.fixture
def row() -> Row:
    """Heart failure with hypertension and kidney disease: one code combines them; no diabetes."""
    row: Row = {
        "id": "ward-1",
        "encounter_date": "2026-05-04",
        "setting": "inpatient",
        "release": "FY2026-April",
        "note": "Acute on chronic systolic heart failure. Hypertension. Chronic kidney disease, "
        "stage 3b. Diabetes was excluded. Takes furosemide.",
        "candidates": [
            {"code": "E11.9", "description": "Type 2 diabetes mellitus without complications"},
            {"code": "I10", "description": "Essential (primary) hypertension"},
            {
                "code": "I50.23",
                "description": "Acute on chronic systolic (congestive) heart failure",
            },
            {"code": "N18.32", "description": "Chronic kidney disease, stage 3b"},
        ],
        "reference_answer": {"codes": ["I13.0", "I50.23", "N18.32"]},
        "near_misses": ["I13.2", "I50.22", "N18.31"],
        "evidence": [
            {"code": "I13.0", "span": "Hypertension", "why": "Combines the three conditions."},
            {"code": "I50.23", "span": "systolic heart failure", "why": "Type and acuity."},
            {"code": "N18.32", "span": "stage 3b", "why": "I13 asks for the stage."},
        ],
        "optional": ["Z79.899"],
        "must_not_code": ["E11", "I10"],
        "traps": ["combination", "ruled-out"],
        "provenance": "made for this test",
        "messages": [],
    }
    row["messages"] = messages(Item.model_validate(row))
    return row
