"""Answers that need no model: what each trick binds in the small row."""

from __future__ import annotations

import json

from task import grader
from task.floors import floors
from tests.conftest import Row


def bindings(row: Row, name: str) -> dict[str, str]:
    return {p["name"]: p["value"] for p in json.loads(floors(row)[name])["predicted"]}


def test_the_heuristic_finds_ports_by_their_names(row: Row) -> None:
    wanted = {"clk": "clk", "valid": "s_valid", "ready": "s_ready", "data": "s_data"}
    assert bindings(row, "suffix heuristic") == wanted | {"last": "s_last"}


def test_the_heuristic_fits_widths_where_it_should(row: Row) -> None:
    assert bindings(row, "suffix heuristic, widths fitted")["W"] == "16"


def test_binding_everything_leaves_nothing_out(row: Row) -> None:
    names = {x["name"] for x in [*row["vip"]["ports"], *row["vip"]["params"]]}
    assert set(bindings(row, "bind everything")) == names


def test_no_floor_reads_the_gold_answer(row: Row) -> None:
    blind = {k: v for k, v in row.items() if k not in ("reference_answer", "must_not_bind")}
    assert floors(blind) == floors(row)


def test_the_empty_floor_earns_only_rows_that_bind_nothing(row: Row) -> None:
    sample = {"output_text": floors(row)["empty"]}
    assert grader.grade(sample, row) == 0.0
    assert grader.grade(sample, row | {"reference_answer": []}) == 1.0
