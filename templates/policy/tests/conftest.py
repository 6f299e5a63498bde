"""The rows of the project, and one small row that is easy to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from task.schema import Item, messages
from task.tools.criteria import judged_text

TASK = Path(__file__).resolve().parents[1] / "task"
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
    """All rows."""
    return [row for split in SPLITS for row in rows_by_split[split]]


def money(name: str, weight: str, figure: str, expected: int, **more: Any) -> Row:
    """A numeric criterion about an amount in cents."""
    line = {"id": name, "weight": weight, "figure": figure, "expected": expected}
    kind = {"kind": "numeric", "unit": "cents", "tolerance": 100, "group": "basis"}
    return {**kind, **line, "text": f"{figure} is {expected} cents.", **more}


def judged(name: str, weight: str, text: str) -> Row:
    """A criterion that the judge decides."""
    return {"kind": "judged", "id": name, "weight": weight, "text": text}


@pytest.fixture
def row() -> Row:
    """Two shareholders, a year of income, and a distribution to one of them."""
    divided = {"group": "allocation", "part_of": "ordinary income", "total": 9_000_000}
    figures = {
        "income_jane": "Jane's part of the ordinary income.",
        "income_john": "John's part of the ordinary income.",
        "basis_jane": "Jane's stock basis at the end of the year.",
    }
    row: Row = {
        "id": "small",
        "company": "Oak Tools, Inc.",
        "entity": "S corporation",
        "topic": "distribution",
        "style": "memo",
        "facts": "Jane held 40 and John 60 of the 100 shares all through 2023. Ordinary income was "
        "$90,000. Jane's basis was $10,000 on January 1, and $20,000 was distributed to her.",
        "question": "What do Jane and John report, and what is Jane's basis at the end?",
        "figures": [
            {"name": name, "unit": "cents", "description": text} for name, text in figures.items()
        ],
        "reference_answer": {
            "figures": [
                {"name": "income_jane", "value": 3_600_000},
                {"name": "income_john", "value": 5_400_000},
                {"name": "basis_jane", "value": 2_600_000},
            ],
            "missing": [],
            "citations": ["IRC 1367(a)"],
            "analysis": "Income raises basis before the distribution lowers it (IRC 1367(a)).",
        },
        "rubric": [
            money("c1", "0.20", "income_jane", 3_600_000, **divided),
            money("c2", "0.20", "income_john", 5_400_000, **divided),
            money("c3", "0.30", "basis_jane", 2_600_000),
            money("n1", "-0.05", "basis_jane", 4_600_000, group="law"),
            judged("j1", "0.15", "Says that income is added before a distribution is measured."),
            judged("j2", "0.15", "Names IRC 1367(a) or Reg. 1.1367-1 as an authority."),
            judged("j3", "-0.10", "Treats the distribution as a dividend."),
        ],
        "judged_text": "",
    }
    item = Item.model_validate(row)
    row["judged_text"] = judged_text(item.rubric)
    row["messages"] = messages(item)
    return row
