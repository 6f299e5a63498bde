"""The gate refuses what a compiler refuses. The portable gate and pyslang must agree."""

from __future__ import annotations

import random

import pytest

from task import grader
from task.tools import elaborate
from tests.conftest import Row, answer, rebind


def as_pairs(bindings: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(pair["name"], pair["value"]) for pair in bindings]


def verdicts(row: Row, bindings: list[dict[str, str]]) -> tuple[bool, bool]:
    """Whether the binding elaborates, by the portable gate and by pyslang."""
    named = as_pairs(bindings)
    return not grader.faults(named, row), not elaborate.diagnose(named, row)


def test_every_gold_answer_elaborates(rows: list[Row]) -> None:
    """Both gates pass every shipped reference answer."""
    assert [r["id"] for r in rows if verdicts(r, r["reference_answer"]) != (True, True)] == []


FAULTS = {
    "unknown VIP port": {"bogus": "clk"},
    "unknown design signal": {"last": "s_lost"},
    "dropped required input": {"clk": None},
    "dropped required output": {"valid": None},
    "unknown parameter": {"BOGUS": "3"},
    "width parameter not set": {"W": None},
    "width parameter wrong": {"W": "32"},
    "width parameter zero": {"W": "0"},
    "signal too wide": {"last": "s_data"},
    "signal too narrow": {"data": "s_last"},
    "constant too large": {"code": "5'd16"},
    "concatenation too long": {"code": "{clk, count[3:0]}"},
    "index outside": {"last": "s_data[16]"},
    "range outside": {"data": "s_data[16:1]"},
    "range reversed": {"data": "s_data[0:15]"},
    "output on a constant": {"valid": "1'b1"},
    "output on a replication": {"data": "{2{s_data[7:0]}}"},
    "output on a driven signal": {"valid": "busy"},
    "two outputs on one signal": {"last": "s_valid"},
    "two outputs on one bit": {"last": "s_data[3]"},
    "another name, escaped": {"clk": "\\clk[0] "},
    "a call over a signal for a parameter": {"SEED": "count + $countones(4'd3)"},
    "parameter from a signal": {"SEED": "count"},
    "string for a number": {"SEED": '"7"'},
    "number for a string": {"MODE": "7"},
    "unknown bits in a parameter": {"SEED": "4'bxx01"},
    "huge parameter": {"SEED": "99999999999"},
    "unsized in a concatenation": {"code": "{count[2:0], 1}"},
    "literal longer than its size": {"code": "4'd16"},
    "zero replication": {"code": "{0{clk}}"},
    "string on a port": {"code": '"a"'},
    "name that is a keyword": {"input": "clk"},
    "an operator on an output": {"valid": "s_valid && busy"},
    "a parameter too large for its port": {"code": "DW"},
    "a range over a signal": {"code": "count[busy:0]"},
    "a string parameter for a number": {"SEED": "KIND"},
    "another module's port": {"valid": "other.s_valid"},
}


@pytest.mark.parametrize("values", FAULTS.values(), ids=FAULTS.keys())
def test_both_gates_see_each_fault(row: Row, values: dict[str, str | None]) -> None:
    """Neither gate passes a binding that has one fault and is otherwise right."""
    assert verdicts(row, row["reference_answer"]) == (True, True)
    assert verdicts(row, rebind(row, **values)) == (False, False)


HARMLESS = {
    "an optional port": {"abort": "1'b0"},
    "another optional parameter": {"SEED": "99"},
    "a string parameter": {"MODE": '"slow"'},
    "an input on a design input": {"abort": "s_valid"},
    "a joined output": {"data": "{s_data[15:8], s_data[7:0]}"},
    "an output on some bits of an inout": {"last": "pad[2]"},
    "bits counted upwards": {"code": "count[4+:4]"},
    "an unsized constant that fits": {"code": "7"},
    "all ones": {"code": "'1"},
    "high impedance": {"code": "4'bz"},
    "a replication": {"code": "{2{clk, busy}}"},
    "two signals swapped": {"valid": "s_last", "last": "s_valid"},
    "a design parameter": {"W": "DW"},
    "an expression of design parameters": {"W": "2 * HALF", "SEED": "DW > 8 ? 3 : 4"},
    "a string parameter of the design": {"MODE": "KIND"},
    "a negative parameter": {"SEED": "-1"},
    "a parameter as a constant": {"code": "HALF"},
    "a parameter in braces": {"abort": "{HALF} == {DW}"},
    "a constant part select": {"code": "count[0*4 +: 4]"},
    "a part select over parameters": {"data": "{s_data[DW-1:HALF], s_data[HALF-1:0]}"},
    "an index of a signal": {"abort": "count[busy]"},
    "a logical operator": {"abort": "busy && !s_valid"},
    "a bitwise operator": {"code": "~count[3:0]"},
    "a reduction": {"abort": "^count"},
    "a comparison": {"abort": "count == 16'd3"},
    "a condition": {"code": "busy ? 4'd1 : count[3:0]"},
    "parentheses": {"clk": "(clk)", "valid": "(s_valid)"},
    "a signed constant": {"code": "4'sd3"},
    "minus one": {"code": "-1"},
    "a cast": {"code": "4'(count)"},
    "a constant that is extended": {"code": "2'd1"},
    "a sum that is extended": {"code": "count[3:0] + 1"},
    "a call": {"W": "8 * $clog2(4)"},
    "a call that counts": {"abort": "$countones(count) == 1"},
    "a package's name": {"W": "pkg::DW", "code": "pkg::ONE[3:0]", "abort": "pkg::f(count)"},
    "a macro": {"W": "`DW", "abort": "`EN(x)"},
    "an escaped name": {"clk": "\\clk ", "last": "\\s_last ", "code": "\\count [3:0]"},
    "a member of a set": {"abort": "count inside {3, [5:9]}"},
    "a stream": {"code": "{<<{count[3:0]}}", "data": "{<<8{s_data}}"},
    "a pattern": {"abort": "'{default: busy}"},
    "a comment": {"abort": "busy /* idle */ & clk"},
    "two drivers of a wire": {"last": "pad[0]", "valid": "pad[0]"},
}


@pytest.mark.parametrize("values", HARMLESS.values(), ids=HARMLESS.keys())
def test_both_gates_pass_what_compiles(row: Row, values: dict[str, str]) -> None:
    """The gate checks that a binding compiles; F1 measures whether it is right."""
    assert verdicts(row, rebind(row, **values)) == (True, True)


def test_a_pair_given_twice_is_a_fault(row: Row) -> None:
    for name in ("clk", "W"):
        again = next(p for p in row["reference_answer"] if p["name"] == name)
        assert verdicts(row, [*row["reference_answer"], again]) == (False, False)


UNDECIDED = [
    "s_valid && busy",
    "count & 4'hF",
    "count >> 2",
    "count[7:4][1:0]",
    "$signed(count)",
    "$time",
    "$bits(no)",
]


@pytest.mark.parametrize("value", UNDECIDED)
def test_where_only_a_compiler_can_tell_the_portable_gate_says_nothing(
    row: Row, value: str
) -> None:
    assert verdicts(row, rebind(row, code=value)) == (True, False)


def test_a_design_parameter_without_a_value_is_known_but_not_its_size(row: Row) -> None:
    row["dut"]["params"] = [{"name": "DW", "value": "from the package"}]
    assert grader.faults(as_pairs(rebind(row, W="DW")), row) == []
    assert grader.faults(as_pairs(rebind(row, W="DX")), row) != []


def test_an_empty_binding_elaborates(row: Row) -> None:
    """It does not instantiate a VIP."""
    assert verdicts(row, []) == (True, True)


HOSTILE = [
    "x), .evil(1'b1",
    "clk), .abort(busy",
    'clk); endmodule module evil; initial $system("true"); endmodule //',
    "clk // ",
    "clk /* ",
    '`include "/etc/passwd"',
    "`define X",
    '$system("true")',
    "clk;",
    "clk,",
    "",
    " ",
    "clk clk",
    "other.clk",
    "f(clk)",
    "`clk `busy",
    '\\clk" ), .abort(1), .code("',
    '$fopen("x")',
    "clk++",
    "clk = busy",
    "сlk",  # noqa: RUF001
    "clk\x00",
    "{clk",
    "clk}",
    "{}",
    "{,}",
    "8'd1x",
    "'",
    "1'",
    "'h",
    "8'hg",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_one_expression_or_nothing(row: Row, value: str) -> None:
    """Both gates refuse text that is more than one expression."""
    assert verdicts(row, rebind(row, clk=value)) == (False, False)
    assert grader.grade(answer(rebind(row, clk=value)), row) <= 0.5


@pytest.mark.parametrize("name", ["clk(clk), .valid", "clk ", "", "a b", "clk\n"])
def test_a_name_is_a_name_or_nothing(row: Row, name: str) -> None:
    """Only spaces around a name are ignored."""
    bindings = [{"name": name, "value": "clk"}, *rebind(row, clk=None)]
    fine = name.strip() == "clk"
    assert verdicts(row, bindings) == (fine, fine)


@pytest.mark.parametrize(
    "value",
    ["(" * 900, "{" * 900 + "clk" + "}" * 900, "{99999999{clk}}", "9" * 900, "{" * 100_000],
)
def test_deep_and_giant_values_are_refused_by_both(row: Row, value: str) -> None:
    assert verdicts(row, rebind(row, clk=value)) == (False, False)


def mutate(rng: random.Random, row: Row) -> list[dict[str, str]]:
    """The reference binding after one to three random edits, most of them faults."""
    bindings = [dict(pair) for pair in row["reference_answer"]]
    names = [x["name"] for x in row["vip"]["ports"] + row["vip"]["params"]] + ["bogus"]
    for _ in range(rng.randrange(1, 4)):
        net = rng.choice(row["dut"]["ports"])
        high, low = rng.randrange(net["width"] + 1), rng.randrange(net["width"] + 1)
        select = f"{net['name']}[{high}:{low}]"
        plain = ("1'b0", "4'hF", "'0", "12", "64", "bogus", "a+b", "3'bx", "4'd20", "")
        value = rng.choice((net["name"], select, f"{{{select}, clk}}", rng.choice(plain)))
        index = rng.randrange(len(bindings)) if bindings else 0
        edit = rng.choice(("drop", "change", "add", "rename")) if bindings else "add"
        if edit == "drop":
            bindings.pop(index)
        elif edit == "change":
            bindings[index]["value"] = value
        elif edit == "rename":
            bindings[index]["name"] = rng.choice(names)
        else:
            bindings.append({"name": rng.choice(names), "value": value})
    return bindings


def test_the_gates_agree_on_random_edits_of_every_row(rows: list[Row]) -> None:
    """Both gates give the same verdict on six random edits of each reference answer."""
    rng = random.Random(7)
    edits = [(row, mutate(rng, row)) for row in rows for _ in range(6)]
    seen = [verdicts(row, bindings) for row, bindings in edits]
    assert [edits[n][1] for n, (mine, slang) in enumerate(seen) if mine != slang] == []
    assert 0.02 < sum(mine for mine, _ in seen) / len(seen) < 0.5


def test_the_local_grader_says_it_with_a_number(row: Row) -> None:
    assert elaborate.grade(answer(row["reference_answer"]), row) == 1.0
    assert elaborate.grade(answer(rebind(row, bogus="clk")), row) == 0.0
    assert elaborate.grade({"output_text": "no JSON"}, row) == 0.0


def test_diagnoses_are_sentences_that_name_the_culprit(row: Row) -> None:
    bindings = as_pairs(rebind(row, last="s_lost"))
    for said in (grader.faults(bindings, row), elaborate.diagnose(bindings, row)):
        assert len(said) >= 1
        assert "s_lost" in said[0]
        assert said[0].endswith(".")


def test_the_order_of_the_pairs_does_not_change_the_verdict(row: Row) -> None:
    """A width parameter may come after the ports that need it."""
    assert verdicts(row, row["reference_answer"][::-1]) == (True, True)
    assert verdicts(row, rebind(row, W="32")[::-1]) == (False, False)


def constant(rng: random.Random, depth: int = 0) -> str:
    """A random constant expression over numbers and the row's design parameters."""
    if depth > 2 or rng.random() < 0.5:
        return rng.choice(("0", "1", "4", "16", "DW", "HALF", "4'd3", "8'hff", "1'b1"))
    one, other = constant(rng, depth + 1), constant(rng, depth + 1)
    operator = rng.choice(("+", "-", "*", "/", "%", "<<", "==", "&&"))
    return rng.choice((f"{one} {operator} {other}", f"({one})", f"-{one}", f"$clog2({one})"))


def expression(rng: random.Random, depth: int = 0) -> str:
    """A random expression over the row's signals, in and out of their bounds."""
    name = rng.choice(("clk", "s_data", "count", "busy", "pad"))
    low, high = constant(rng, 2), constant(rng, 2)
    selects = ("", f"[{low}]", f"[{high}:{low}]", f"[{low} +: {high}]", "[busy]")
    signal = name + rng.choice(selects)
    if depth > 2 or rng.random() < 0.4:
        return rng.choice((signal, constant(rng)))
    one, other = expression(rng, depth + 1), expression(rng, depth + 1)
    operator = rng.choice(("&", "|", "&&", "||", "==", "+", "-", "<", ">>"))
    forms = (f"{one} {operator} {other}", f"({one})", f"~{signal}", f"!{signal}", f"&{signal}")
    forms += (f"{{{one}, {other}}}", f"{{{low}{{{signal}}}}}", f"{one} ? {other} : {signal}")
    return rng.choice((*forms, f"4'({one})", f"$unsigned({one})"))


def test_the_portable_gate_condemns_nothing_that_a_compiler_accepts(row: Row) -> None:
    """Random expressions on ports and parameters; some pass both gates, some neither."""
    rng = random.Random(3)
    values = [(rng.choice(("abort", "code", "data", "keep")), expression(rng)) for _ in range(400)]
    values += [(rng.choice(("W", "SEED")), constant(rng)) for _ in range(200)]
    outcomes = [(pair, verdicts(row, rebind(row, **dict([pair])))) for pair in values]
    assert [pair for pair, (mine, slang) in outcomes if slang and not mine] == []
    assert sum(mine and slang for _, (mine, slang) in outcomes) > 60
    assert sum(not mine and not slang for _, (mine, slang) in outcomes) > 60
