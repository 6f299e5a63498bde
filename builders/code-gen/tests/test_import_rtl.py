"""`rft import` reports every kind of file that cannot become a row, with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rft.task import Problem
from task import importer
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


def load(*paths: Path, **options: str) -> tuple[list[Row], list[Problem]]:
    results = list(importer.load(list(paths), {"vip": "apb"} | options))
    rows = [each for each in results if isinstance(each, dict)]
    return rows, [each for each in results if isinstance(each, Problem)]


def file(tmp_path: Path, text: str, name: str = "m.sv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    return path


def test_old_style_headers_are_read(tmp_path: Path) -> None:
    text = "module old(a, b); parameter X = 3; input a; output reg [X:0] b; endmodule"
    rows, problems = load(file(tmp_path, text, "old.v"))
    assert problems == []
    assert [(p["name"], p["width"]) for p in rows[0]["dut"]["ports"]] == [("a", 1), ("b", 4)]


def test_a_top_that_is_not_there_is_reported(rtl: Path) -> None:
    rows, problems = load(rtl, top="ghost")
    assert rows == []
    assert "'ghost' is not in these files" in problems[0].message


def test_modules_of_one_name_get_ids_of_their_own(tmp_path: Path) -> None:
    one = file(tmp_path, "module a(input x); endmodule", "one.v")
    two = file(tmp_path, "module a(input x, y); endmodule", "two.v")
    rows, _ = load(one, two)
    assert len({row["id"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("module a(input x);\n  assign = ;\nendmodule", 2, "expected"),
        ("module a(input x;\nendmodule", 1, "expected"),
        ('\n`include "gone.vh"\nmodule a(input x); endmodule', 2, "include=FOLDER"),
        ("module a(input [`W:0] x);\nendmodule", 1, "define=NAME=VALUE"),
        ("\nmodule a(\n input gone_pkg::t x);\nendmodule", 3, "gone_pkg"),
        ("\nmodule a #(parameter W)\n(input [W:0] x); endmodule", 2, "param=NAME=VALUE"),
        ("interface i; endinterface\nmodule a(i x); endmodule", 2, "is an interface"),
        ("module a(\n input logic x [3]\n); endmodule", 2, "unpacked array"),
        ("module a(\n input struct packed {logic q;} x); endmodule", 2, "struct or union"),
        ("module a(input x,\n input real r); endmodule", 2, "of type real"),
        ("module a(\n input \\x.y ); endmodule", 2, "escaped name"),
        ("module a({x, y}); input x, y; endmodule", 1, "concatenation"),
        ("\nmodule a; endmodule", 2, "no ports"),
        ("module a(input [99999:0] x); endmodule", 1, "too many"),
    ],
)
def test_what_cannot_be_imported_is_reported_with_file_and_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = file(tmp_path, text)
    rows, problems = load(path)
    assert rows == []
    assert (problems[0].file, problems[0].line) == (str(path), line)
    assert words in problems[0].message


def test_include_and_define_can_be_given(tmp_path: Path) -> None:
    file(tmp_path, "`define WIDTH 12", "inc/w.vh")
    path = file(tmp_path, '`include "w.vh"\nmodule a(input [`WIDTH-`LESS:0] x); endmodule')
    rows, problems = load(path, include=str(tmp_path / "inc"), define="LESS=4")
    assert problems == []
    assert rows[0]["dut"]["ports"][0]["width"] == 9


def test_an_empty_folder_is_reported(tmp_path: Path) -> None:
    assert "no .v or .sv file" in load(tmp_path)[1][0].message


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    _, problems = load(tmp_path / "gone.v")
    assert problems[0].file.endswith("gone.v")
    assert "No such file" in problems[0].message


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("apbb", None, "name a protocol"),
        ("apb:boss", None, "name a protocol"),
        ("", None, "name a protocol"),
        ("vip.json", "{", "is not valid JSON"),
        ("vip.json", '{"name": "v", "ports": 3}', "vip.ports"),
        ("vip.sv", "module v(input a", "expected"),
        ("vip.sv", "module v(inout a); endmodule", "inout"),
        ("vip.sv", "module v(input a); endmodule module w(input a); endmodule", "2 modules"),
    ],
)
def test_a_vip_that_cannot_be_used_is_reported(
    rtl: Path, tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        name = str(file(tmp_path, text, name))
    rows, problems = load(rtl, vip=name)
    assert rows == []
    assert words in problems[0].message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"name": "clk", "value": "ghost"}]', "no signal 'ghost'"),
        ('[{"name": "clk"}]', '{"name": "...", "value": "..."}'),
        ("[", "is not valid JSON"),
        ("[1]", '{"name": "...", "value": "..."}'),
    ],
)
def test_gold_that_cannot_be_right_is_reported(
    rtl: Path, tmp_path: Path, text: str, words: str
) -> None:
    gold, vip = file(tmp_path, text, "gold.json"), file(tmp_path, VIP, "vip.sv")
    rows, problems = load(rtl, vip=str(vip), gold=str(gold))
    assert rows == []
    assert words in problems[0].message


def test_a_reader_that_dies_costs_only_its_file(
    rtl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the parser's process crashes, each file is read alone and the cause is named."""
    killer = file(tmp_path, "module k(input x); endmodule", "killer.v")
    ask = importer._ask
    crash = "the SystemVerilog reader failed on this file (signal 11); simplify it."
    monkeypatch.setattr(
        importer, "_ask", lambda files, o: crash if str(killer) in files else ask(files, o)
    )
    rows, problems = load(killer, rtl)
    assert [row["design"] for row in rows] == ["adder"]
    assert problems == [Problem(str(killer), None, crash)]


def test_hostile_text_is_reported_not_raised(tmp_path: Path) -> None:
    """Very deep nesting and binary noise give a Problem, whatever the parser does with them."""
    deep = file(tmp_path, "module a(input [" + "(" * 100_000 + "1:0] x); endmodule", "deep.sv")
    noise = tmp_path / "noise.sv"
    noise.write_bytes(bytes(range(256)) * 50)
    rows, problems = load(deep, noise)
    assert rows == []
    assert {problem.file for problem in problems} == {str(deep), str(noise)}


def test_a_slow_reader_is_stopped(rtl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "TIME_LIMIT_S", 0.0)
    assert "took more than" in load(rtl)[1][0].message


def test_a_vip_description_becomes_the_vip(rtl: Path, tmp_path: Path, row: Row) -> None:
    path = file(tmp_path, json.dumps(row["vip"]), "vip.json")
    rows, _ = load(rtl, vip=str(path))
    assert rows[0]["vip"] == row["vip"]


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


def test_parameters_may_be_given(rtl: Path) -> None:
    rows, _ = load(rtl, param="W=32")
    assert next(p for p in rows[0]["dut"]["ports"] if p["name"] == "s_data")["width"] == 32


def test_a_folder_brings_its_headers_and_packages(tmp_path: Path) -> None:
    file(tmp_path, "`define WIDTH 12", "inc/w.vh")
    file(tmp_path, "package p; localparam N = 5; endpackage", "p.sv")
    file(tmp_path, '`include "w.vh"\nmodule a(input [`WIDTH-1:0] x, input [p::N-1:0] y); endmodule')
    rows, problems = load(tmp_path)
    assert problems == []
    assert [p["width"] for p in rows[0]["dut"]["ports"]] == [12, 5]


def messages_of(*paths: Path, **options: str) -> str:
    return " ".join(problem.message for problem in load(*paths, **options)[1])


TYPED = (
    "module a #(parameter type req_t = logic, int W = 3)(input req_t x, output [W-1:0] y); "
    "endmodule"
)


def test_a_port_of_a_type_parameter_is_refused_until_the_type_is_given(tmp_path: Path) -> None:
    path = file(tmp_path, TYPED)
    assert "--set param=req_t=TYPE" in messages_of(path)
    rows, problems = load(path, param="req_t=logic[7:0],W=5")
    assert problems == []
    assert [port["width"] for port in rows[0]["dut"]["ports"]] == [8, 5]


@pytest.mark.parametrize(
    ("param", "words"), [("WW=3", "no module has the parameter 'WW'"), ("W", "NAME=VALUE")]
)
def test_a_value_for_no_parameter_is_refused(tmp_path: Path, param: str, words: str) -> None:
    path = file(tmp_path, TYPED)
    assert words in messages_of(path, param=param)
    assert load(path, param=param)[0] == []


def test_include_and_define_reach_the_file_of_the_vip(rtl: Path, tmp_path: Path) -> None:
    file(tmp_path, "`define VW 9", "inc/v.vh")
    text = '`include "v.vh"\nmodule v #(parameter P = `EXTRA)(input [`VW-1:0] d); endmodule'
    vip = file(tmp_path, text, "vip/v.sv")
    rows, _ = load(rtl, vip=str(vip), include=str(tmp_path / "inc"), define="EXTRA=5")
    assert rows[0]["vip"]["ports"][0]["width"] == 9
    assert rows[0]["vip"]["params"][0]["default"] == "5"


def test_headers_are_found_from_the_folders_above_them(tmp_path: Path) -> None:
    file(tmp_path, "`define WIDTH 12", "include/axi/w.svh")
    file(tmp_path, '`include "axi/w.svh"\nmodule a(input [`WIDTH-1:0] x); endmodule')
    assert load(tmp_path)[0][0]["dut"]["ports"][0]["width"] == 12


def test_primitives_are_skipped_and_capital_suffixes_count(tmp_path: Path) -> None:
    inverter = "primitive inv(q, d); output q; input d; table 0 : 1; 1 : 0; endtable endprimitive"
    file(tmp_path, f"{inverter}\nmodule a(input x); endmodule", "A.V")
    rows, problems = load(tmp_path)
    assert [row["design"] for row in rows] == ["a"]
    assert problems == []


@pytest.mark.parametrize(
    "text",
    [
        "module a(input do); endmodule",
        '`begin_keywords "1364-2005"\nmodule a(input do); endmodule\n`end_keywords',
    ],
)
def test_a_keyword_as_a_name_is_told_with_its_remedy(tmp_path: Path, text: str) -> None:
    assert "'do' is a keyword of SystemVerilog" in messages_of(file(tmp_path, text))


def test_a_vip_of_the_catalogue_says_what_is_critical(rtl: Path) -> None:
    assert load(rtl, vip="axis")[0][0]["critical"] == ["aclk", "aresetn", "tvalid", "tready"]
