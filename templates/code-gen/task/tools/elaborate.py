"""The local grader `elaborates`: does pyslang compile the binding?  grade(sample, item) -> 1 or 0.

A stub of the design and one of the VIP are written from the row's tables, wired up by the answer in
a testbench, and compiled by slang, a full SystemVerilog front end. grader.faults reaches the same
verdict without it. Runs on your machine only: a hosted grader has no pyslang.
"""

from __future__ import annotations

import re
from typing import Any

from pyslang.analysis import AnalysisManager
from pyslang.ast import Compilation
from pyslang.syntax import SyntaxTree

from task import grader

_CODES = """ConstantConversion IndexOOB MultipleContAssigns ParameterDoesNotExist PortWidthExpand
    PortWidthTruncate RangeOOB RangeSelectReversed SignedIntegerOverflow UnconnectedInputPort
    UnsizedInConcat VectorLiteralOverflow"""
FAULT_CODES = frozenset(_CODES.split())
"""Diagnostics that slang counts as warnings and a testbench engineer as mistakes."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*", re.ASCII)
_WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|\\\S+')
_ODD = re.compile(r"//|'[dD]\s*(?=[0-9_]*[xXzZ?])[0-9xXzZ?_]{2,}")
"""What slang lets pass: a comment to the line's end, and bad digits (8'd1x)."""
_MACRO = re.compile(r"`(\w+)(?:\s*\([^()]*\))?")
_OUTSIDE = "UnknownClassOrPackage"
"""What slang says of a name that only the packages and macros of the real design explain."""


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """1.0 if the binding compiles without a fault, else 0.0; an unreadable answer is a fault."""
    try:
        pairs = grader.read_pairs(sample, item)
        return 0.0 if pairs is None or diagnose(pairs, item) else 1.0
    except Exception:  # as in grader.py: a row whose tables are broken scores 0
        return 0.0


def diagnose(pairs: list[grader.Pair], item: dict[str, Any]) -> list[str]:
    """What slang says against a binding, one sentence each; empty if it elaborates.

    Values are parsed alone first, so that no value can smuggle text into the testbench.
    """
    if not pairs:
        return []
    problems = [text for pair in pairs for text in _refuse(pair, item)]
    return problems or _compile(_testbench(pairs, item), pairs, item)


def _refuse(pair: grader.Pair, item: dict[str, Any]) -> list[str]:
    """Why a pair may not even be spliced into the testbench."""
    name, value = pair[0].strip(), _plain(pair[1])
    if not _NAME.fullmatch(name):
        return [f"{name[:80]!r} is not a Verilog name."]
    if not _is_expression(value):
        return [f"The value of {name!r} is not one expression: {value[:80]!r}."]
    tables = grader.Tables(item)
    parsed = tables.parse(pair[1])
    return grader.type_faults(name, parsed, tables) if parsed and name in tables.params else []


def _is_expression(text: str) -> bool:
    """Whether a text is one expression, which calls nothing but the grader's FUNCTIONS."""
    bare = _WORD.sub('""', text)
    called = set(re.findall(r"(?<![\w$])\$[\w$]+", bare))
    if len(text) > grader.MAX_VALUE_CHARS or not bare.isascii() or _ODD.search(bare):
        return False
    tree = SyntaxTree.fromText(text)
    return (
        called <= grader.FUNCTIONS
        and not len(tree.diagnostics)
        and str(tree.root).strip() == text.strip()
        and re.search("(Expression|Name)$", tree.root.kind.name) is not None
    )


def _plain(text: str) -> str:
    """The text without comments; a `MACRO is a name of an unknown package, so none is expanded."""
    return _MACRO.sub(r"rft_outside::\1", re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL))


def _testbench(pairs: list[grader.Pair], item: dict[str, Any]) -> str:
    """SystemVerilog text: a design stub, a VIP stub, and a module that wires them up."""
    params = {p["name"] for p in item["vip"]["params"]}
    pairs = [(name.strip(), _plain(value)) for name, value in pairs]
    nets = item["dut"]["ports"]
    lines = ["`default_nettype none", "module rft_dut("]
    lines += [",\n".join(f"  {p['dir']} {_type(p)} {p['name']}" for p in nets), ");", "endmodule"]
    lines += [_vip_stub(item["vip"]), "module rft_tb;"]
    lines += [f"  {_type(p)} {p['name']};" for p in nets]
    lines += _constants(item["dut"])
    lines.append(f"  rft_dut rft_dut_i({_connect([(p['name'], p['name']) for p in nets])});")
    settings = _connect([pair for pair in pairs if pair[0] in params])
    wires = _connect([pair for pair in pairs if pair[0] not in params])
    lines += [f"  rft_vip #({settings}) rft_vip_i({wires});", "endmodule", ""]
    return "\n".join(lines)


def _constants(dut: dict[str, Any]) -> list[str]:
    """The design's parameters, which a value may use; those without a plain value are left out."""
    values = {param["name"]: _plain(str(param["value"])) for param in dut.get("params") or []}
    nets = {port["name"] for port in dut["ports"]}
    usable = [n for n, v in values.items() if _NAME.fullmatch(n) and _is_expression(v)]
    return [f"  localparam {name} = {values[name]};" for name in usable if name not in nets]


def _connect(pairs: list[grader.Pair]) -> str:
    return ", ".join(f".{name}({value} )" for name, value in pairs)  # the space ends a \\name


def _type(port: dict[str, Any]) -> str:
    kind = "wire" if port["dir"] == "inout" else "logic"
    return f"{kind} [{int(port['width']) - 1}:0]"


def _vip_stub(vip: dict[str, Any]) -> str:
    params = []
    for param in vip["params"]:
        kind = "" if str(param["default"]).startswith('"') else "int "
        params.append(f"parameter {kind}{param['name']} = {param['default']}")
    ports, checks = [], []
    for port in vip["ports"]:
        width = port["width"]
        optional = port["dir"] == "input" and not port["required"]
        ports.append(
            f"  {port['dir']} logic [({width})-1:0] {port['name']}" + (" = '0" if optional else "")
        )
        if isinstance(width, str):
            checks.append(
                f'  if (({width}) < 1 || ({width}) > {grader.MAX_BITS}) $error("no width");'
            )
    head = f"module rft_vip #({', '.join(params)})(" if params else "module rft_vip("
    return "\n".join([head, ",\n".join(ports), ");", *checks, "endmodule"])


def _compile(text: str, pairs: list[grader.Pair], item: dict[str, Any]) -> list[str]:
    tree = SyntaxTree.fromText(text)  # the tree must outlive the compilation
    compilation = Compilation()
    compilation.addSyntaxTree(tree)
    diagnostics = list(compilation.getAllDiagnostics())
    compilation.freeze()
    analysis = AnalysisManager()
    analysis.analyze(compilation)
    diagnostics += analysis.getDiagnostics()
    problems = []
    for diagnostic in diagnostics:
        code = str(diagnostic.code).removeprefix("DiagCode(").removesuffix(")")
        detail = ", ".join(str(arg) for arg in diagnostic.args)
        harmless = code == "ConstantConversion" and ", -" in detail  # -1 is all ones
        fault = diagnostic.isError() and code != _OUTSIDE
        if fault or (code in FAULT_CODES and not harmless):
            problems.append(f"slang reports {code}" + (f" ({detail})." if detail else "."))
    bound = {name.strip() for name, _ in pairs}
    for port in item["vip"]["ports"]:  # slang cannot tell a required output from an optional one
        if port["required"] and port["dir"] == "output" and port["name"] not in bound:
            problems.append(f"The required output {port['name']!r} is not connected.")
    return problems
