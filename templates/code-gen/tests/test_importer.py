"""`rft import`: module headers become rows; the others are reported with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rft.task import Problem
from task import grader, importer
from task.schema import Item, messages
from tests.conftest import Row

STREAM = """\
module adder #(parameter W = 8, parameter D = W * 2, localparam L = 3) (
  input wire clk,
  input wire [W-1:0] s_data, s_more,
  output reg [$clog2(D)-1:0] level,
  inout [L:1] pad
);
  parameter INNER = 1;
  `ifdef FORMAL bind_me_here `endif
  missing_part u0 (.secret_answer(clk));
endmodule
"""
VIP = """\
module my_vip #(
  parameter int W = 4, // bits of data
  parameter MODE = "fast"
) (input clk, input [W-1:0] data, output [W/8:0] keep, input [1:0] code = 2'b00);
endmodule
"""


@pytest.fixture
def rtl(tmp_path: Path) -> Path:
    """A Verilog file to import."""
    return file(tmp_path, STREAM, "adder.v")


def load(*paths: Path, **options: str) -> tuple[list[Row], list[Problem]]:
    results = list(importer.load(list(paths), {"vip": "apb"} | options))
    rows = [each for each in results if isinstance(each, dict)]
    return rows, [each for each in results if isinstance(each, Problem)]


def file(tmp_path: Path, text: str, name: str) -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_module_becomes_a_row_with_widths_resolved(rtl: Path) -> None:
    rows, problems = load(rtl)
    assert problems == []
    ports = [f"{p['dir']}[{p['width']}] {p['name']}" for p in rows[0]["dut"]["ports"]]
    vectors = ["input[8] s_data", "input[8] s_more", "output[4] level", "inout[3] pad"]
    assert ports == ["input[1] clk", *vectors]
    assert {p["name"]: p["value"] for p in rows[0]["dut"]["params"]} == {"W": "8", "D": "16"}


def test_a_row_is_an_item_without_an_answer_yet(rtl: Path) -> None:
    rows, _ = load(rtl, bus="the sample input", settings="Seed: 7.; Time-out: 64 cycles.")
    item = Item.model_validate(rows[0] | {"messages": []})
    assert item.reference_answer is None
    assert "to the sample input. Seed: 7. Time-out" in messages(item)[1]["content"]


def test_the_body_never_enters_the_row(rtl: Path) -> None:
    rows, _ = load(rtl)
    text = json.dumps(rows[0])
    assert not any(word in text for word in ("secret_answer", "missing_part", "FORMAL"))


def test_gold_bindings_come_along(rtl: Path, tmp_path: Path) -> None:
    """The row is complete: the reference answer scores 1, all else must stay unbound."""
    vip = str(file(tmp_path, VIP, "vip.sv"))
    gold = {"clk": "clk", "data": "s_data", "W": "8"}
    bindings = [{"name": n, "value": v} for n, v in gold.items()]
    path = file(tmp_path, json.dumps({"adder": bindings}), "gold.json")
    rows, problems = load(rtl, vip=vip, gold=str(path))
    assert problems == []
    assert rows[0]["must_not_bind"] == ["keep", "code", "MODE"]
    assert grader.grade({"output_json": {"predicted": bindings}}, rows[0]) == 1.0
