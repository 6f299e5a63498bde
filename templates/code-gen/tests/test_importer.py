"""`rft import`: module headers become rows; the others are reported with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from task import grader, importer
from task.schema import Item, messages
from tests.conftest import Row

STREAM = """\
// a header comment
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
  parameter MODE = "fast",
  parameter real SLEW = 0.5
) (input clk, input [W-1:0] data, output [W/8:0] keep, input [1:0] code = 2'b00);
endmodule
"""


@pytest.fixture
def rtl(tmp_path: Path) -> Path:
    """A Verilog file to import."""
    path = tmp_path / "adder.v"
    path.write_text(STREAM)
    return path


def load(*paths: Path, **options: str) -> tuple[list[Row], list[importer.Problem]]:
    results = list(importer.load(list(paths), {"vip": "apb"} | options))
    rows = [each for each in results if isinstance(each, dict)]
    return rows, [each for each in results if isinstance(each, importer.Problem)]


def file(tmp_path: Path, text: str, name: str = "m.sv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_module_becomes_a_row_with_widths_resolved(rtl: Path) -> None:
    rows, problems = load(rtl)
    assert problems == []
    widths = {p["name"]: (p["dir"], p["width"]) for p in rows[0]["dut"]["ports"]}
    assert widths == {
        "clk": ("input", 1),
        "s_data": ("input", 8),
        "s_more": ("input", 8),
        "level": ("output", 4),
        "pad": ("inout", 3),
    }
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


def test_parameters_may_be_given(rtl: Path) -> None:
    rows, _ = load(rtl, param="W=32")
    assert next(p for p in rows[0]["dut"]["ports"] if p["name"] == "s_data")["width"] == 32


def test_every_module_of_a_file_becomes_a_row(tmp_path: Path) -> None:
    path = file(tmp_path, "module a(input x); endmodule\nmodule b(input y); endmodule\n")
    rows, _ = load(path)
    assert [row["design"] for row in rows] == ["a", "b"]
    rows, _ = load(path, top="b")
    assert [row["design"] for row in rows] == ["b"]


def test_a_bad_file_does_not_stop_the_good_ones(rtl: Path, tmp_path: Path) -> None:
    bad = file(tmp_path, "module broken(", "bad.v")
    rows, problems = load(bad, rtl)
    assert [row["design"] for row in rows] == ["adder"]
    assert [problem.file for problem in problems] == [str(bad)]


def test_a_folder_brings_its_headers_and_packages(tmp_path: Path) -> None:
    file(tmp_path, "`define WIDTH 12", "inc/w.vh")
    file(tmp_path, "package p; localparam N = 5; endpackage", "p.sv")
    file(tmp_path, '`include "w.vh"\nmodule a(input [`WIDTH-1:0] x, input [p::N-1:0] y); endmodule')
    rows, problems = load(tmp_path)
    assert problems == []
    assert [p["width"] for p in rows[0]["dut"]["ports"]] == [12, 5]


def test_a_vip_module_becomes_the_vip(rtl: Path, tmp_path: Path) -> None:
    """Widths stay expressions over its parameters; inputs with a default are optional."""
    rows, problems = load(rtl, vip=str(file(tmp_path, VIP, "vip.sv")))
    assert problems == []
    ports = {p["name"]: (p["width"], p["required"]) for p in rows[0]["vip"]["ports"]}
    assert ports == {
        "clk": (1, True),
        "data": ("W", True),
        "keep": ("(W/8)-(0)+1", False),
        "code": (2, False),
    }
    assert rows[0]["vip"]["params"] == [
        {"name": "W", "default": "4", "doc": "bits of data"},
        {"name": "MODE", "default": '"fast"', "doc": ""},
    ]


@pytest.mark.parametrize("vip", ["apb", "apb:manager", "axi4:subordinate", "axis:monitor"])
def test_a_protocol_of_the_catalogue_names_the_vip(rtl: Path, vip: str) -> None:
    rows, _ = load(rtl, vip=vip)
    assert rows[0]["vip"]["name"].startswith(vip.partition(":")[0])


def test_a_line_more_in_the_catalogue_is_a_vip_more(
    rtl: Path, tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"protocol": "stream", "role": "manager", "title": "Our stream", "vip": row["vip"]}
    path = file(tmp_path, json.dumps(line) + "\n\n{}\n", "vips.jsonl")
    with pytest.raises(importer._Refusal) as refusal:
        importer._catalogue(path)
    assert refusal.value.problem.line == 3
    path.write_text(json.dumps(line), encoding="utf-8")
    monkeypatch.setattr(importer, "_catalogue", lambda _, read=importer._catalogue: read(path))
    rows, _ = load(rtl, vip="stream:manager")
    assert (rows[0]["protocol"], rows[0]["vip"]) == ("Our stream", row["vip"])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("module a(input x);\n  assign = ;\nendmodule", 2, "expected"),
        ("\nmodule a #(parameter W)\n(input [W:0] x); endmodule", 2, "param=NAME=VALUE"),
        ("module a(\n input logic x [3]\n); endmodule", 2, "unpacked array"),
    ],
)
def test_what_cannot_be_imported_is_reported(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = file(tmp_path, text)
    rows, problems = load(path)
    assert rows == []
    assert (problems[0].file, problems[0].line) == (str(path), line)
    assert words in problems[0].message


@pytest.mark.parametrize("vip", ["", "apbb", "apb:boss"])
def test_a_vip_that_does_not_exist_is_reported(rtl: Path, vip: str) -> None:
    assert "name a protocol (axi4, " in load(rtl, vip=vip)[1][0].message


def test_gold_bindings_come_along(rtl: Path, tmp_path: Path) -> None:
    """The row is complete: the gold answer scores 1, everything else must not be bound."""
    vip = str(file(tmp_path, VIP, "vip.sv"))
    gold = {"clk": "clk", "data": "s_data", "W": "8"}
    bindings = [{"name": n, "value": v} for n, v in gold.items()]
    path = file(tmp_path, json.dumps({"adder": bindings}), "gold.json")
    rows, problems = load(rtl, vip=vip, gold=str(path))
    assert problems == []
    assert rows[0]["must_not_bind"] == ["keep", "code", "MODE"]
    assert grader.grade({"output_json": {"predicted": bindings}}, rows[0]) == 1.0
