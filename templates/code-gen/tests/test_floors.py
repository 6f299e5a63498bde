"""Answers that need no model: what each trick binds in the small row."""

from __future__ import annotations

import json

from task.floors import floors
from tests.conftest import Row


def test_the_heuristic_finds_ports_by_their_names(row: Row) -> None:
    wanted = {"clk": "clk", "valid": "s_valid", "ready": "s_ready", "data": "s_data"}
    bindings = json.loads(floors(row)["suffix heuristic"])["predicted"]
    assert {p["name"]: p["value"] for p in bindings} == wanted | {"last": "s_last"}


def test_no_floor_reads_the_gold_answer(row: Row) -> None:
    blind = {k: v for k, v in row.items() if k not in ("reference_answer", "must_not_bind")}
    assert floors(blind) == floors(row)
