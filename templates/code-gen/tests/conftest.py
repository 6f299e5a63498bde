"""The rows of the splits, one small row made by hand, and short ways to write bindings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from task.schema import Item, messages

TASK = Path(__file__).resolve().parents[1] / "task"
SPLITS = ("train", "validation", "test")
Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The objects of a .jsonl file; none if it was deleted."""
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [json.loads(line) for line in lines if line]


def port(name: str, direction: str, width: int | str = 1, **more: Any) -> Row:
    return {"name": name, "dir": direction, "width": width, **more}


def pairs(**values: str) -> list[dict[str, str]]:
    """Bindings in the form of a row."""
    return [{"name": name, "value": value} for name, value in values.items()]


def answer(bindings: list[dict[str, str]]) -> Row:
    """A sample whose answer is these bindings."""
    return {"output_text": json.dumps({"predicted": bindings})}


def rebind(row: Row, **values: str | None) -> list[dict[str, str]]:
    """The row's reference bindings with some values replaced, added, or (None) removed."""
    table = {pair["name"]: pair["value"] for pair in row["reference_answer"]} | values
    return pairs(**{name: value for name, value in table.items() if value is not None})


@pytest.fixture(scope="session")
def rows_by_split() -> dict[str, list[Row]]:
    """The rows of each split."""
    return {split: read_rows(TASK / f"data/{split}.jsonl") for split in SPLITS}


@pytest.fixture(scope="session")
def rows(rows_by_split: dict[str, list[Row]]) -> list[Row]:
    """The rows of all splits."""
    return [row for split in SPLITS for row in rows_by_split[split]]


@pytest.fixture
def row() -> Row:
    """A stream with a 16-bit data port, bound to a VIP that drives it."""
    row: Row = {
        "id": "small",
        "design": "small",
        "protocol": "stream",
        "style": "prefix",
        "target": "the only stream",
        "settings": [],
        "dut": {
            "name": "small",
            "ports": [
                *(port(name, "input") for name in ("clk", "s_valid", "s_last")),
                *(port(name, "output") for name in ("s_ready", "busy")),
                port("s_data", "input", 16),
                port("count", "output", 16),
                port("pad", "inout", 4),
            ],
            "params": [
                {"name": "DW", "value": "16"},
                {"name": "HALF", "value": "DW / 2"},
                {"name": "KIND", "value": '"fast"'},
            ],
        },
        "vip": {
            "name": "stream_vip",
            "ports": [
                port("clk", "input", required=True),
                port("valid", "output", required=True),
                port("ready", "input", required=True, tie="1'b1"),
                port("data", "output", "W", required=True),
                port("keep", "output", "W/8", required=False),
                port("last", "output", required=False),
                port("code", "input", 4, required=False),
                port("abort", "input", required=False),
            ],
            "params": [
                {"name": "W", "default": "8", "doc": "bits of data"},
                {"name": "MODE", "default": '"fast"', "doc": ""},
                {"name": "SEED", "default": "1", "doc": ""},
                {"name": "DEPTH", "default": "4", "doc": ""},
            ],
        },
        "messages": [],
        "reference_answer": pairs(
            clk="clk", valid="s_valid", ready="s_ready", data="s_data", last="s_last", W="16"
        ),
        "critical": ["clk", "valid", "ready"],
        "must_not_bind": ["keep", "code", "abort", "MODE", "SEED", "DEPTH"],
    }
    row["messages"] = messages(Item.model_validate(row))
    return row
