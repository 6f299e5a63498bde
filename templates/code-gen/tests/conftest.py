"""The shipped rows, and one small row that is easy to read."""

from __future__ import annotations

import json

import pytest

from task.schema import Item, messages
from tests.task.vip_rows import SPLITS, TASK, Row, pairs, port


@pytest.fixture(scope="session")
def rows_by_split() -> dict[str, list[Row]]:
    """The shipped rows of each split."""
    return {
        split: [json.loads(line) for line in (TASK / f"data/{split}.jsonl").open(encoding="utf-8")]
        for split in SPLITS
    }


@pytest.fixture(scope="session")
def rows(rows_by_split: dict[str, list[Row]]) -> list[Row]:
    """All shipped rows."""
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
                port("clk", "input"),
                port("s_valid", "input"),
                port("s_ready", "output"),
                port("s_data", "input", 16),
                port("s_last", "input"),
                port("busy", "output"),
                port("count", "output", 16),
                port("pad", "inout", 4),
            ],
            "params": [],
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
        "must_not_bind": ["keep", "code", "abort", "MODE", "SEED", "DEPTH"],
    }
    row["messages"] = messages(Item.model_validate(row))
    return row
