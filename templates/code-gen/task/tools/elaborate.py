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

from task.grader import MAX_BITS, MAX_VALUE_CHARS, read_pairs

FAULT_CODES = frozenset(
    {
        "ConstantConversion",
        "IndexOOB",
        "MultipleContAssigns",
        "ParameterDoesNotExist",
        "PortWidthExpand",
        "PortWidthTruncate",
        "RangeOOB",
        "RangeSelectReversed",
        "SignedIntegerOverflow",
        "UnconnectedInputPort",
        "UnsizedInConcat",
        "VectorLiteralOverflow",
    }
)
"""Diagnostics that slang counts as warnings and a testbench engineer as mistakes."""

REFUSED = re.compile(
    "Assign|crement|Equivalence|Implication|Inside|MinTypMax|New|Null|Real|Scoped|Stream|Tagged|Time"
    "|Wildcard"
)
"""Kinds of expressions, by words in their names, that are more than a value; but see CALLS."""
CALLS = frozenset({"$bits", "$clog2", "$signed", "$unsigned"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*", re.ASCII)
_ODD = re.compile(r"""// | /\* | '[dD]\s*(?=[0-9_]*[xXzZ?])[0-9xXzZ?_]{2,}""", re.VERBOSE)
"""What slang lets pass: comments and bad digits (8'd1x)."""
_VALUE = re.compile(r"""[A-Za-z0-9_$'"\[\]{}():,+?*/%<>=!~&|^\-\s]+""", re.ASCII)

Pair = tuple[str, str]


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """1.0 if the binding compiles without a fault, else 0.0; an unreadable answer is a fault."""
    try:
        pairs = read_pairs(sample, item)
        return 0.0 if pairs is None or diagnose(pairs, item) else 1.0
    except Exception:  # as in grader.py: a row whose tables are broken scores 0
        return 0.0


def diagnose(pairs: list[Pair], item: dict[str, Any]) -> list[str]:
    """What slang says against a binding, one sentence each; empty if it elaborates.

    Values are parsed alone first, so that no value can smuggle text into the testbench.
    """
    if not pairs:
        return []
    problems = [text for pair in pairs for text in _refuse(pair, item)]
    return problems or _compile(_testbench(pairs, item), pairs, item)


def _refuse(pair: Pair, item: dict[str, Any]) -> list[str]:
    """Why a pair may not even be spliced into the testbench."""
    name, value = pair[0].strip(), pair[1].strip()
    if not _NAME.fullmatch(name):
        return [f"{name[:80]!r} is not a Verilog name."]
    if not _is_expression(value):
        return [f"The value of {name!r} is not one expression: {value[:80]!r}."]
    defaults = {p["name"]: str(p["default"]) for p in item["vip"]["params"]}
    if name not in defaults:
        return []
    meant = {p["name"]: str(p["value"]).strip() for p in item["dut"].get("params") or []}
    literal = meant.get(value, value)  # a parameter of the design stands for its value
    textual = literal.startswith('"') == defaults[name].startswith('"') or "?" in literal
    if not textual or re.search(r"'(h?[0-9a-f_]*|[bod]?[0-9_]*)[xz?]", literal.lower()):
        return [f"The value of {name!r} has the wrong type: {value[:80]!r}."]
    return []


def _is_expression(text: str) -> bool:
    """Whether a text is one value: no assignment, no path, no call but those of CALLS."""
    if len(text) > MAX_VALUE_CHARS or not _VALUE.fullmatch(text) or _ODD.search(text):
        return False
    tree = SyntaxTree.fromText(text)
    if len(tree.diagnostics) or str(tree.root).strip() != text:
        return False
    nodes: list[Any] = []
    tree.root.visit(nodes.append)
    kinds = [getattr(node.kind, "name", "") for node in nodes]
    calls = [n for n, kind in zip(nodes, kinds, strict=True) if kind == "InvocationExpression"]
    return (
        bool(re.search("Expression|IdentifierName|Select", tree.root.kind.name))
        and all(str(call.left).strip() in CALLS for call in calls)
        and not any(REFUSED.search(kind) for kind in kinds)
    )


def _testbench(pairs: list[Pair], item: dict[str, Any]) -> str:
    """SystemVerilog text: a design stub, a VIP stub, and a module that wires them up."""
    params = {p["name"] for p in item["vip"]["params"]}
    pairs = [(name.strip(), value.strip()) for name, value in pairs]
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
    taken = {p["name"] for p in dut["ports"]}
    lines = []
    for param in dut.get("params") or []:
        name, value = param["name"], str(param["value"]).strip()
        if name not in taken and _NAME.fullmatch(name) and _is_expression(value):
            lines.append(f"  localparam {name} = {value};")
            taken.add(name)
    return lines


def _connect(pairs: list[Pair]) -> str:
    return ", ".join(f".{name}({value})" for name, value in pairs)


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
            checks.append(f'  if (({width}) < 1 || ({width}) > {MAX_BITS}) $error("no width");')
    head = f"module rft_vip #({', '.join(params)})(" if params else "module rft_vip("
    return "\n".join([head, ",\n".join(ports), ");", *checks, "endmodule"])


def _compile(text: str, pairs: list[Pair], item: dict[str, Any]) -> list[str]:
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
        if diagnostic.isError() or (code in FAULT_CODES and not harmless):
            problems.append(f"slang reports {code}" + (f" ({detail})." if detail else "."))
    bound = {name.strip() for name, _ in pairs}
    for port in item["vip"]["ports"]:  # slang cannot tell a required output from an optional one
        if port["required"] and port["dir"] == "output" and port["name"] not in bound:
            problems.append(f"The required output {port['name']!r} is not connected.")
    return problems
