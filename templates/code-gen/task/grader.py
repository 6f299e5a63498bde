"""How good is a binding of a verification IP (VIP)?  grade(sample, item) -> float in [0, 1].

The reward is the multiset F1 over (name, value) pairs, halved when the binding would not elaborate.
One file, standard library only, no I/O: the same text runs here and in a hosted grader.
It never raises: an answer that cannot be read scores 0.

Reading order: grade, explain, read_pairs, score, faults, then the small Verilog parser.
"""

import ast
import json
import re
from collections import Counter
from typing import Any, NamedTuple

BROKEN = 0.5
"""Share of the F1 that a binding keeps when it does not elaborate."""

MAX_ANSWER_CHARS = 200_000
MAX_PAIRS = 1_000
MAX_VALUE_CHARS = 1_000
MAX_DEPTH = 16
MAX_BITS = 65_536
MAX_PIECES = 1_024
"""Bounds that keep a hostile answer cheap: what exceeds them counts as unreadable."""

Pair = tuple[str, str]
Parts = dict[str, float]


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """Reward in [0, 1] of one answer: its F1, times BROKEN if the binding does not elaborate."""
    parts = explain(sample, item)
    return parts["f1"] if parts["elaborates"] == 1.0 else BROKEN * parts["f1"]


def explain(sample: dict[str, Any], item: dict[str, Any]) -> Parts:
    """The figures behind the reward, each in [0, 1].

    precision, recall, f1: of the (name, value) pairs. over_binding: share of the row's
    must_not_bind names that were bound (0 if it lists none). elaborates: 1 if it has no fault.
    """
    try:
        pairs = read_pairs(sample)
        if pairs is None:
            return _parts(0.0, 0.0, 0.0, 0.0, 0.0)
        gold = [(pair["name"], pair["value"]) for pair in item["reference_answer"]]
        precision, recall, f1 = score(pairs, gold, item)
        bound = {name.strip() for name, _ in pairs}
        forbidden = set(item.get("must_not_bind") or [])
        over = len(bound & forbidden) / len(forbidden) if forbidden else 0.0
        return _parts(precision, recall, f1, over, 0.0 if faults(pairs, item) else 1.0)
    except Exception:  # a grader that raises fails the whole hosted job: a bad row scores 0
        return _parts(0.0, 0.0, 0.0, 0.0, 0.0)


def _parts(precision: float, recall: float, f1: float, over: float, elaborates: float) -> Parts:
    names = ("precision", "recall", "f1", "over_binding", "elaborates")
    return dict(zip(names, (precision, recall, f1, over, elaborates), strict=True))


def read_pairs(sample: dict[str, Any]) -> list[Pair] | None:
    """The (name, value) pairs of an answer, or None if it does not have the agreed shape.

    Reads sample["output_json"] if it is there, else parses sample["output_text"] as JSON
    (one ```json fence is allowed around it).
    """
    answer = sample.get("output_json")
    if answer is None:
        answer = _parse_json(sample.get("output_text"))
    if not isinstance(answer, dict) or set(answer) != {"predicted"}:
        return None
    rows = answer["predicted"]
    if not isinstance(rows, list) or len(rows) > MAX_PAIRS:
        return None
    pairs = []
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"name", "value"}:
            return None
        if not isinstance(row["name"], str) or not isinstance(row["value"], str):
            return None
        pairs.append((row["name"], row["value"]))
    return pairs


def _parse_json(text: Any) -> Any:
    if not isinstance(text, str) or len(text) > MAX_ANSWER_CHARS:
        return None
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and len(text) >= 6:
        text = text[3:-3].removeprefix("json")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# --- F1 -----------------------------------------------------------------------------------------


def score(pairs: list[Pair], gold: list[Pair], item: dict[str, Any]) -> tuple[float, float, float]:
    """Precision, recall and F1 of two multisets of pairs; all three are 1 if both are empty.

    F1 = 2 TP / (predicted + gold). Values count as equal if they mean the same bits (see meaning).
    """
    tables = _Tables(item)
    mine = Counter((name.strip(), meaning(name, value, tables)) for name, value in pairs)
    true = Counter((name.strip(), meaning(name, value, tables)) for name, value in gold)
    if not mine and not true:
        return 1.0, 1.0, 1.0
    hits = (mine & true).total()
    precision = hits / mine.total() if mine else 0.0
    recall = hits / true.total() if true else 0.0
    return precision, recall, 2 * hits / (mine.total() + true.total())


class _Tables:
    """A row's ports, widths and parameters, by name."""

    def __init__(self, item: dict[str, Any]) -> None:
        self.nets: dict[str, int] = {p["name"]: int(p["width"]) for p in item["dut"]["ports"]}
        self.driven = {p["name"] for p in item["dut"]["ports"] if p["dir"] == "output"}
        self.ports: dict[str, dict[str, Any]] = {p["name"]: p for p in item["vip"]["ports"]}
        self.params = {p["name"]: str(p["default"]) for p in item["vip"]["params"]}


def meaning(name: str, value: str, tables: _Tables) -> object:
    """A key that is equal for two spellings of the same value of VIP port or parameter `name`.

    8'h0 = 8'd0 = 8'b0; {a, b} = {a,b}; x[7:0] = x if x has 8 bits; {x[7:4],x[3:0]} = x; a constant
    without a size takes the width of its port. Text that is no value means only itself.
    """
    parsed = parse_value(value)
    if parsed is None:
        return "text", " ".join(value[:MAX_VALUE_CHARS].split())
    pieces = _merge(parsed.pieces, tables.nets)
    if len(pieces) == 1 and name.strip() in tables.params:
        number = _number(pieces[0])
        return tuple(pieces) if number is None else (("int", number),)
    width = tables.ports.get(name.strip(), {}).get("width")
    if len(pieces) == 1 and isinstance(width, int) and 0 < width <= MAX_BITS:
        kind, content = pieces[0][0], pieces[0][1]
        if kind == "int" and content < 1 << width:
            pieces = [("bits", format(content, f"0{width}b"))]
        elif kind == "fill":
            pieces = [("bits", content * width)]
    return tuple(pieces)


def _merge(pieces: list[tuple[Any, ...]], nets: dict[str, int]) -> list[tuple[Any, ...]]:
    """The same bits in the fewest pieces: neighbours that continue each other become one."""
    merged: list[tuple[Any, ...]] = []
    for piece in pieces:
        if piece[0] == "sig" and piece[2] is None and piece[1] in nets:
            piece = ("sig", piece[1], nets[piece[1]] - 1, 0)
        last = merged[-1] if merged else ("",)
        if piece[:2] == last[:2] and piece[0] == "sig" and last[3] == (piece[2] or 0) + 1:
            merged[-1] = ("sig", piece[1], last[2], piece[3])
        else:
            merged.append(piece)
    return _join_bits(merged)


def _join_bits(pieces: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    joined: list[tuple[Any, ...]] = []
    run: list[str] = []
    for piece in [*pieces, ("end",)]:
        if piece[0] == "bits":
            run.append(piece[1])
            continue
        if run:
            joined.append(("bits", "".join(run)))
            run = []
        joined.append(piece)
    return joined[:-1]


def _number(piece: tuple[Any, ...]) -> int | None:
    """The value of a constant piece; None for a signal, a string, or bits with x or z."""
    if piece[0] == "int":
        return int(piece[1])
    if piece[0] == "bits" and set(piece[1]) <= {"0", "1"}:
        return int(piece[1], 2)
    return None


# --- The elaboration gate -----------------------------------------------------------------------


def faults(pairs: list[Pair], item: dict[str, Any]) -> list[str]:
    """Why a compiler would refuse this binding, one sentence each; empty if it elaborates.

    An empty binding instantiates no VIP and so has no fault. tools/elaborate.py reaches the same
    verdict with a real SystemVerilog front end.
    """
    if not pairs:
        return []
    tables = _Tables(item)
    problems: list[str] = []
    bound: dict[str, _Value] = {}
    for raw_name, text in pairs:
        name, value = raw_name.strip(), parse_value(text)
        if name not in tables.ports and name not in tables.params:
            problems.append(f"The VIP has no port or parameter {name[:80]!r}.")
        elif name in bound:
            problems.append(f"{name!r} is bound twice.")
        elif value is None:
            problems.append(f"The value {text[:80]!r} of {name!r} is not one expression.")
        else:
            bound[name] = value
    sizes: dict[str, int | None] = {name: _whole(text) for name, text in tables.params.items()}
    for name in bound.keys() & tables.params.keys():
        problems += _check_param(name, bound[name], sizes, tables)
    taken: dict[str, int] = {}
    for name, port in tables.ports.items():
        width = eval_width(port["width"], sizes)
        if width is None or not 1 <= width <= MAX_BITS:
            problems.append(f"The parameters give port {name!r} no width.")
        elif name in bound:
            problems += _check_port(port, width, bound[name], tables, taken)
        elif port["required"]:
            problems.append(f"The required port {name!r} is not connected.")
    return problems


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else None


def _check_param(
    name: str, value: "_Value", sizes: dict[str, int | None], tables: _Tables
) -> list[str]:
    """Put the value into `sizes`, or say why a parameter cannot have it."""
    textual = tables.params[name].startswith('"')
    if textual != (value.pieces[0][0] == "str"):
        return [f"Parameter {name!r} must be {'a string' if textual else 'a number'}."]
    if any(piece[0] == "sig" for piece in value.pieces):
        return [f"Parameter {name!r} must be a constant."]
    pieces = _join_bits(value.pieces)
    if any(set(str(piece[1])) & {"x", "z"} for piece in pieces if piece[0] != "str"):
        return [f"Parameter {name!r} must not have unknown bits."]
    sizes[name] = _number(pieces[0]) if len(pieces) == 1 else None
    if (sizes[name] or 0) >= 1 << 31:
        return [f"Parameter {name!r} is too large."]
    return []


def _check_port(
    port: dict[str, Any], width: int, value: "_Value", tables: _Tables, taken: dict[str, int]
) -> list[str]:
    """The faults of one connection; `taken` collects the design bits that VIP outputs drive."""
    name = port["name"]
    problems = []
    bits = 0
    pieces = _join_bits(value.pieces)
    for kind, content, *select in pieces:
        if kind == "bits":  # a constant alone may be shorter or longer than its port if it fits
            known = set(content) <= {"0", "1"}
            fits = len(pieces) == 1 and not (known and len(content.lstrip("0")) > width)
            bits += width if fits else len(content)
        elif kind == "fill":
            bits += width
        elif kind == "int":
            bits += width if content < 1 << min(width, 64) else 0
        elif kind == "str":
            problems.append(f"Port {name!r} cannot take a string.")
        elif content not in tables.nets:
            problems.append(f"The design has no signal {content[:80]!r}, used for {name!r}.")
        else:
            size = tables.nets[content]
            high, low = (size - 1, 0) if select[0] is None else select
            if not 0 <= low <= high < size:
                problems.append(
                    f"{content}[{high}:{low}] is outside the {size} bits of {content!r}."
                )
                continue
            bits += high - low + 1
            if port["dir"] == "output":
                problems += _drive(name, content, high, low, tables, taken)
    if not problems and bits != width:
        problems.append(f"Port {name!r} has {width} bits, its value has {bits}.")
    if port["dir"] == "output" and not value.assignable:
        problems.append(f"The output {name!r} cannot drive a constant or a replication.")
    return problems


def _drive(
    name: str, net: str, high: int, low: int, tables: _Tables, taken: dict[str, int]
) -> list[str]:
    if net in tables.driven:
        return [f"The output {name!r} drives {net!r}, which the design drives itself."]
    mask = (1 << high + 1) - (1 << low)
    clash = taken.get(net, 0) & mask
    taken[net] = taken.get(net, 0) | mask
    return [f"Two VIP outputs drive {net!r}."] if clash else []


def eval_width(width: int | str, params: dict[str, int | None]) -> int | None:
    """A port's width in bits: an int, or + - * / % $clog2 over parameters; None if it has no value.

    >>> eval_width("DATA_WIDTH/8", {"DATA_WIDTH": 64})
    8
    """
    if isinstance(width, int):
        return width
    try:
        return _eval(ast.parse(width[:200].replace("$clog2", "clog2"), mode="eval").body, params)
    except (SyntaxError, ValueError, IndexError, ArithmeticError, RecursionError, MemoryError):
        return None


def _eval(node: ast.AST, params: dict[str, int | None]) -> int | None:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return params.get(node.id)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "clog2":
        value = _eval(node.args[0], params)
        return None if value is None else max(value - 1, 0).bit_length()
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _eval(node.left, params), _eval(node.right, params)
    if left is None or right is None or max(abs(left), abs(right)) > 1 << 31:
        return None
    if isinstance(node.op, ast.Add):
        return left + right
    if isinstance(node.op, ast.Sub):
        return left - right
    if isinstance(node.op, ast.Mult):
        return left * right
    if isinstance(node.op, ast.Div):
        return left // right
    return left % right if isinstance(node.op, ast.Mod) else None


# --- The Verilog that a value may be ------------------------------------------------------------
#
#   value  = signal | signal [ n ] | signal [ n : n ] | signal [ n +: n ] | signal [ n -: n ]
#          | constant | { value, ... } | { n { value, ... } } | "string"


class _Value(NamedTuple):
    pieces: list[tuple[Any, ...]]
    """("sig", name, high, low) | ("bits", "0101") | ("int", 5) | ("fill", "0") | ("str", text)"""
    assignable: bool
    """Whether an output may drive it: signals and concatenations of signals only."""


_TOKEN = re.compile(
    r"""\s*(?:(?P<based>(?:[0-9][0-9_]*)?\s*'[bodhBODH]\s*[0-9a-fA-FxXzZ?_]+)
    |(?P<fill>'[01xXzZ])|(?P<int>[0-9][0-9_]*)|(?P<id>[A-Za-z_][A-Za-z0-9_$]*)
    |(?P<op>\+:|-:|[{}\[\],:])|(?P<str>"[^"\\\n]*"))\s*""",
    re.VERBOSE | re.ASCII,
)


def parse_value(text: str) -> _Value | None:
    """The value that `text` spells, or None unless it is exactly one expression of the grammar."""
    text = text.strip()
    if len(text) > MAX_VALUE_CHARS:
        return None
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    try:
        value, end = _expression([*tokens, ("end", "")], 0, 0)
    except (ValueError, IndexError):
        return None
    return value if end == len(tokens) else None


def _expression(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[_Value, int]:
    """Parse from token `at`; returns the value and the next token's index; ValueError if wrong."""
    kind, text = tokens[at]
    if kind == "id":
        return _signal(tokens, at)
    if kind == "based":
        return _Value([_based(text)], False), at + 1
    if kind == "int":
        return _Value([("int", _int(text))], False), at + 1
    if kind == "fill":
        return _Value([("fill", text[1].lower())], False), at + 1
    if kind == "str":
        return _Value([("str", text)], False), at + 1
    if text != "{" or depth >= MAX_DEPTH:
        raise ValueError
    if tokens[at + 1][0] == "int" and tokens[at + 2][1] == "{":
        count = _int(tokens[at + 1][1])
        inner, at = _list(tokens, at + 2, depth + 1)
        pieces = _join_bits(inner.pieces)
        if count == 0 or tokens[at][1] != "}":
            raise ValueError
        if len(pieces) == 1 and pieces[0][0] == "bits" and count * len(pieces[0][1]) <= MAX_BITS:
            return _Value([("bits", pieces[0][1] * count)], False), at + 1
        if count * len(pieces) > MAX_PIECES:
            raise ValueError
        return _Value(pieces * count, False), at + 1
    return _list(tokens, at, depth)


def _list(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[_Value, int]:
    pieces: list[tuple[Any, ...]] = []
    assignable = True
    while True:  # `at` is on the opening brace or on a comma
        value, at = _expression(tokens, at + 1, depth + 1)
        if value.pieces[0][0] in ("int", "fill", "str"):
            raise ValueError  # no size: not allowed inside braces
        pieces += value.pieces
        assignable = assignable and value.assignable
        if tokens[at][1] == "}":
            return _Value(pieces, assignable), at + 1
        if tokens[at][1] != ",":
            raise ValueError


def _signal(tokens: list[tuple[str, str]], at: int) -> tuple[_Value, int]:
    name = tokens[at][1]
    if tokens[at + 1][1] != "[":
        return _Value([("sig", name, None, None)], True), at + 1
    first, operator = _index(tokens[at + 2]), tokens[at + 3][1]
    if operator == "]":
        return _Value([("sig", name, first, first)], True), at + 4
    second = _index(tokens[at + 4])
    if operator not in (":", "+:", "-:") or tokens[at + 5][1] != "]":
        raise ValueError
    high, low = first, second
    if operator == "+:":
        high, low = first + second - 1, first
    elif operator == "-:":
        high, low = first, first - second + 1
    return _Value([("sig", name, high, low)], True), at + 6


def _index(token: tuple[str, str]) -> int:
    if token[0] != "int":
        raise ValueError
    return _int(token[1])


def _int(text: str) -> int:
    digits = text.replace("_", "")
    if len(digits) > 10 or int(digits) >= 1 << 31:
        raise ValueError
    return int(digits)


_DIGIT_BITS = {"b": 1, "o": 3, "h": 4}


def _based(text: str) -> tuple[Any, ...]:
    """A constant such as 8'hF_f as its bits; without a size it is a plain number."""
    size_text, _, rest = text.replace("_", "").replace(" ", "").lower().partition("'")
    rest = "".join(rest.split()).replace("?", "z")
    base, digits = rest[0], rest[1:]
    size = _int(size_text.strip()) if size_text.strip() else None
    if not digits or (size is not None and not 0 < size <= MAX_BITS):
        raise ValueError
    if set(digits) & {"x", "z"}:
        bits = _unknown_bits(base, digits)
    elif base == "d":
        bits = format(int(digits, 10), "b")
    else:
        bits = format(int(digits, {"b": 2, "o": 8, "h": 16}[base]), "b")
    if size is None:
        if set(bits) <= {"0", "1"} and len(bits) <= 32:
            return ("int", int(bits, 2))
        if set(bits) in ({"x"}, {"z"}):
            return ("fill", bits[0])
        raise ValueError
    pad = bits[0] if bits[0] in "xz" else "0"
    if len(set(bits)) == 1 and pad != "0":
        return ("bits", pad * size)
    if len(bits.lstrip("0")) > size:
        raise ValueError  # does not fit its own size
    return ("bits", bits[-size:].rjust(size, pad))


def _unknown_bits(base: str, digits: str) -> str:
    if base == "d":
        if len(digits) != 1:
            raise ValueError
        return digits
    width = _DIGIT_BITS[base]
    return "".join(d * width if d in "xz" else format(int(d, 16), f"0{width}b") for d in digits)
