"""Short ways to write rows, bindings and answers in the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TASK = Path(__file__).resolve().parents[2] / "task"
SPLITS = ("train", "validation", "test")
Row = dict[str, Any]


def port(name: str, direction: str, width: int | str = 1, **more: Any) -> Row:
    return {"name": name, "dir": direction, "width": width, **more}


def pairs(**values: str) -> list[dict[str, str]]:
    """Bindings as a row has them."""
    return [{"name": name, "value": value} for name, value in values.items()]


def answer(bindings: list[dict[str, str]]) -> Row:
    """A sample whose answer is these bindings."""
    return {"output_text": json.dumps({"predicted": bindings})}


def rebind(row: Row, **values: str | None) -> list[dict[str, str]]:
    """The row's gold bindings with some values replaced, added, or (None) removed."""
    table = {pair["name"]: pair["value"] for pair in row["reference_answer"]} | values
    return pairs(**{name: value for name, value in table.items() if value is not None})
