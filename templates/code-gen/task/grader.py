"""How good is a binding of a verification IP (VIP)?  grade(sample, item) -> float in [0, 1].

The reward is the multiset F1 over (name, value) pairs. It is halved when the binding would not
elaborate or when a pair that the row calls critical (clock, reset, handshake) is wrong.
One file, standard library only, no I/O: the same text runs here and in a hosted grader.
It never raises: an answer that cannot be read scores 0.

Reading order: grade, explain, read_pairs, read_answer, score, faults, then the Verilog parser.
"""

import json
import operator
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

HALF = 0.5
"""Share of the F1 that a binding keeps when it does not elaborate or a critical pair is wrong."""

MAX_PAIRS = 1_000
MAX_VALUE_CHARS = 1_000
MAX_DEPTH = 32
MAX_BITS = 65_536
MAX_PIECES = 1_024
"""Bounds that keep a hostile answer cheap: what exceeds them counts as unreadable."""

Item = dict[str, Any]
Pair = tuple[str, str]
Parts = dict[str, float]
Piece = tuple[Any, ...]


def grade(sample: dict[str, Any], item: Item) -> float:
    """Reward in [0, 1]: F1 over the pairs, halved for a fault or a wrong critical pair."""
    parts = explain(sample, item)
    return parts["f1"] if parts["elaborates"] == parts["critical"] == 1.0 else HALF * parts["f1"]


def explain(sample: dict[str, Any], item: Item) -> Parts:
    """The figures behind the reward, each in [0, 1].

    precision, recall, f1: of the (name, value) pairs. over_binding: share of the row's
    must_not_bind names that were bound (0 if it lists none). critical: share of the row's critical
    pairs that are right (1 if it has none). elaborates: 1 if the binding has no fault.
    """
    try:
        pairs = read_pairs(sample, item)
        if pairs is None:
            return dict.fromkeys(_PARTS, 0.0)
        gold = [(pair["name"], pair["value"]) for pair in item["reference_answer"]]
        precision, recall, f1 = score(pairs, gold, item)
        forbidden = set(item.get("must_not_bind") or [])
        over = len({name for name, _ in pairs} & forbidden) / len(forbidden) if forbidden else 0.0
        right = _critical(pairs, gold, item)
        elaborates = 0.0 if faults(pairs, item) else 1.0
        figures = (precision, recall, f1, over, right, elaborates)
        return dict(zip(_PARTS, figures, strict=True))
    except Exception:  # a grader that raises fails the whole hosted job: a bad row scores 0
        return dict.fromkeys(_PARTS, 0.0)


_PARTS = ("precision", "recall", "f1", "over_binding", "critical", "elaborates")


def read_pairs(sample: dict[str, Any], item: Item) -> list[Pair] | None:
    """The (name, value) pairs of an answer, or None if it does not have the agreed shape.

    `dut.x` and `<name of the design>.x` mean the design's signal x; a pair whose value is empty
    says that the port is unconnected, which is what leaving it out says.
    """
    rows = (read_answer(sample) or {}).get("predicted")
    if not isinstance(rows, list) or len(rows) > MAX_PAIRS:
        return None
    prefix = rf"(?<![\w$.\"])(?:dut|{re.escape(str(item['dut']['name']))})\.(?=[A-Za-z_])"
    pairs = []
    for row in rows:
        name, value = (row.get("name"), row.get("value")) if isinstance(row, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            return None
        if value.strip():
            pairs.append((name.strip(), re.sub(prefix, "", value)))
    return pairs


# --- Reading an answer: the same text in the grader of every use case ---------------------------

MAX_ANSWER_CHARS = 200_000
_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)", re.MULTILINE)
_TAG = re.compile(r'`*[ \t]*[^\s{]*(?:[ \t]*\{(?!\s*["}])[^{}\n]*\})?(?:[ \t]+[^\s{].*)?[ \t]*\n?')


def read_answer(sample: object) -> dict[str, Any] | None:
    """The JSON object that a sample answers with; None: the answer is unreadable.

    The object stands alone in the text, or in its only fenced block, with any tag, any line ends
    and any words around the block. No block, or two, with words around them: unreadable. Keys that
    were not asked for do no harm. sample["output_json"], if there is one, is the answer parsed.
    """
    if not isinstance(sample, dict):
        return None
    answer, text = sample.get("output_json"), sample.get("output_text")
    if answer is None and isinstance(text, str) and len(text) <= MAX_ANSWER_CHARS:
        answer = _parse_json(text)
        if answer is None:
            answer = _parse_json(fenced_block(text) or "")
    return answer if isinstance(answer, dict) else None


def fenced_block(text: str) -> str | None:
    """What stands in the only fenced block of a text; None if it has no block or several."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = _FENCE.split(text)
    if len(parts) < 3:  # a fence may stand within a line
        parts = text.split("```")
    return _TAG.sub("", parts[1], count=1) if len(parts) == 3 else None


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text.strip("\ufeff\u200b\u00a0 \t\r\n\f"))
    except (ValueError, RecursionError):
        return None


# --- End of the reading; the F1 -----------------------------------------------------------------


def score(pairs: list[Pair], gold: list[Pair], item: Item) -> tuple[float, float, float]:
    """Precision, recall and F1 of two multisets of pairs; all three are 1 if both are empty.

    F1 = 2 TP / (predicted + gold). Values count as equal if they mean the same bits (see meaning).
    """
    tables = Tables(item)
    mine = Counter((name.strip(), meaning(name, value, tables)) for name, value in pairs)
    true = Counter((name.strip(), meaning(name, value, tables)) for name, value in gold)
    if not mine and not true:
        return 1.0, 1.0, 1.0
    hits = (mine & true).total()
    precision = hits / mine.total() if mine else 0.0
    recall = hits / true.total() if true else 0.0
    return precision, recall, 2 * hits / (mine.total() + true.total())


def _critical(pairs: list[Pair], gold: list[Pair], item: Item) -> float:
    """Share of the gold pairs with a critical name that were answered; 1 if there are none."""
    named = set(item.get("critical") or [])
    wanted = [pair for pair in gold if pair[0].strip() in named]
    answered = [pair for pair in pairs if pair[0] in named]
    return score(answered, wanted, item)[1] if wanted else 1.0


class Tables:
    """A row's ports, widths and parameters, by name."""

    def __init__(self, item: Item) -> None:
        dut, vip = item["dut"], item["vip"]
        self.nets: dict[str, int] = {p["name"]: int(p["width"]) for p in dut["ports"]}
        self.directions = {p["name"]: p["dir"] for p in dut["ports"]}
        self.ports: dict[str, dict[str, Any]] = {p["name"]: p for p in vip["ports"]}
        self.params = {p["name"]: str(p["default"]) for p in vip["params"]}
        self.driven: dict[str, int] = {}
        """The bits of each signal that VIP outputs drive, as a mask; _drive fills it."""
        self.constants: dict[str, Piece] = {}
        """The design's parameters; one may use those before it."""
        for param in dut.get("params") or []:
            piece = _constant(str(param["value"]), self.constants) or _UNKNOWN
            self.constants[param["name"]] = (*piece[:2], 32) if piece[0] == "int" else piece

    def parse(self, text: str) -> "_Value | None":
        """The value that an answer spells, over the design's signals and parameters."""
        return parse_value(text, self.nets, self.constants)


def meaning(name: str, value: str, tables: Tables) -> object:
    """A key that is equal for two spellings of the same value of VIP port or parameter `name`.

    8'h0 = 8'd0 = 8'b0; {a, b} = {a,b}; x[7:0] = x if x has 8 bits; {x[7:4],x[3:0]} = x; a parameter
    of the design is its value; a constant without a size takes the width of its port. Text that is
    no value means only itself.
    """
    parsed = tables.parse(value)
    if parsed is None:
        return "text", " ".join(value[:MAX_VALUE_CHARS].split())
    pieces = _merge(parsed.pieces)
    if len(pieces) == 1 and name.strip() in tables.params:
        number = _number(pieces[0])
        return tuple(pieces) if number is None else (("int", number),)
    width = tables.ports.get(name.strip(), {}).get("width")
    if len(pieces) == 1 and isinstance(width, int) and 0 < width <= MAX_BITS:
        kind, content = pieces[0][0], pieces[0][1]
        if kind == "int" and 0 <= content < 1 << width:
            pieces = [("bits", format(content, f"0{width}b"))]
        elif kind == "fill":
            pieces = [("bits", content * width)]
    return tuple(piece[:2] if piece[0] == "int" else piece for piece in pieces)


def _merge(pieces: list[Piece]) -> list[Piece]:
    """The same bits in the fewest pieces: neighbours that continue each other become one."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else ("",)
        if piece[0] == last[0] == "bits":
            merged[-1] = ("bits", last[1] + piece[1])
        elif piece[0] == last[0] == "sig" and piece[1] == last[1] and last[3] == piece[2] + 1:
            merged[-1] = ("sig", piece[1], last[2], piece[3])
        else:
            merged.append(piece)
    return merged


def _number(piece: Piece) -> int | None:
    """The value of a constant piece; None for a signal, a string, or bits with x or z."""
    if piece[0] == "int":
        return int(piece[1])
    if piece[0] == "bits" and set(piece[1]) <= {"0", "1"}:
        return int(piece[1], 2)
    return None


# --- The elaboration gate -----------------------------------------------------------------------


def faults(pairs: list[Pair], item: Item) -> list[str]:
    """Why a compiler would refuse this binding, one sentence each; empty if it elaborates.

    An empty binding instantiates no VIP and so has no fault. Where only a compiler could tell (the
    width of `a + b`), nothing is said: tools/elaborate.py asks a real SystemVerilog front end.
    """
    if not pairs:
        return []
    tables = Tables(item)
    problems: list[str] = []
    bound: dict[str, _Value] = {}
    for raw_name, text in pairs:
        name, value = raw_name.strip(), tables.parse(text)
        if name not in tables.ports and name not in tables.params:
            problems.append(f"The VIP has no port or parameter {name[:80]!r}.")
        elif name in bound:
            problems.append(f"{name!r} is bound twice.")
        elif value is None:
            problems.append(f"The value {text[:80]!r} of {name!r} is not one expression.")
        else:
            bound[name] = value
    sizes = {name: _constant(text, {}) or _UNKNOWN for name, text in tables.params.items()}
    for name in bound.keys() & tables.params.keys():
        problems += _check_param(name, bound[name], sizes, tables)
    for name, port in tables.ports.items():
        width, known = eval_width(port["width"], sizes)
        if known and (width is None or not 1 <= width <= MAX_BITS):
            problems.append(f"The parameters give port {name!r} no width.")
        elif name in bound:
            problems += _check_port(port, width, bound[name], tables)
        elif port["required"]:
            problems.append(f"The required port {name!r} is not connected.")
    return problems


def _check_param(name: str, value: "_Value", sizes: dict[str, Piece], tables: Tables) -> list[str]:
    """Put the value into `sizes`, or say why a parameter cannot have it."""
    if problems := type_faults(name, value, tables):
        return problems
    if value.names:
        return [f"Parameter {name!r} must be a constant; it uses {min(value.names)[:80]!r}."]
    pieces = _merge(value.pieces)
    fill = pieces[0][0] == "fill"  # '1 is -1
    number = -int(pieces[0][1]) if fill else _number(pieces[0]) if len(pieces) == 1 else None
    sizes[name] = _UNKNOWN if number is None or number >= 1 << 31 else ("int", number)
    return []


def type_faults(name: str, value: "_Value", tables: Tables) -> list[str]:
    """What an engineer refuses although it compiles: a string for a number, unknown bits."""
    pieces = _merge(value.pieces)
    textual = tables.params[name].startswith('"')
    if pieces[0][0] != "expr" and textual != (pieces[0][0] == "str"):
        return [f"Parameter {name!r} must be {'a string' if textual else 'a number'}."]
    if any(set(piece[1]) & {"x", "z"} for piece in pieces if piece[0] in ("bits", "fill")):
        return [f"Parameter {name!r} must not have unknown bits."]
    return []


def _check_port(
    port: dict[str, Any], width: int | None, value: "_Value", tables: Tables
) -> list[str]:
    """The faults of one connection."""
    name = port["name"]
    problems = [
        f"The design has no signal {net[:80]!r}, used for {name!r}."
        for net in sorted(value.names - tables.nets.keys())
    ]
    pieces = _merge(value.pieces)
    sizes = [None if width is None else _size(piece, width, len(pieces) == 1) for piece in pieces]
    for kind, content, *select in pieces:
        if kind != "sig" or content not in tables.nets:
            continue
        (high, low), size = select, tables.nets[content]
        if not 0 <= low <= high < size:
            problems.append(f"{content}[{high}:{low}] is outside the {size} bits of {content!r}.")
        elif port["dir"] == "output":
            problems += _drive(name, content, (1 << high + 1) - (1 << low), tables)
    bits = None if None in sizes else sum(size or 0 for size in sizes)
    if not problems and bits is not None and bits != width:
        problems.append(f"Port {name!r} has {width} bits, its value has {bits}.")
    if port["dir"] == "output" and not value.assignable:
        problems.append(f"The output {name!r} can drive signals only.")
    return problems


def _size(piece: Piece, width: int, alone: bool) -> int | None:
    """The bits that a piece has on a port of this width; None if only a compiler can tell."""
    kind, content = piece[:2]
    if kind == "bits":  # a constant alone may be shorter or longer than its port if it fits
        known = set(content) <= {"0", "1"}
        return width if alone and not (known and len(content.lstrip("0")) > width) else len(content)
    if kind == "int":
        return width if content < 1 << min(width, 64) else 0
    if kind == "sig":
        return int(piece[2] - piece[3] + 1)
    if kind == "str" and "\\" not in content:
        return max(width, 8 * (len(content) - 2))
    return width if kind == "fill" else None


def _drive(name: str, net: str, bits: int, tables: Tables) -> list[str]:
    """Note that an output drives these bits of a signal, or say why it cannot."""
    if tables.directions[net] == "output":
        return [f"The output {name!r} drives {net!r}, which the design drives itself."]
    if tables.directions[net] == "inout":  # a wire, which may have several drivers
        return []
    clash = tables.driven.get(net, 0) & bits
    tables.driven[net] = tables.driven.get(net, 0) | bits
    return [f"Two VIP outputs drive {net!r}."] if clash else []


def eval_width(width: int | str, params: dict[str, Piece]) -> tuple[int | None, bool]:
    """A port's width in bits under these parameters, and whether it could be worked out.

    >>> eval_width("DATA_WIDTH/8", {"DATA_WIDTH": ("int", 64)})
    (8, True)
    """
    piece = _constant(str(width), params)
    return (None, True) if piece is None else (_number(piece), piece[0] != "expr")


def _constant(text: str, params: dict[str, Piece]) -> Piece | None:
    """The one piece of a constant; None if the text is not a constant over these parameters."""
    value = parse_value(text, {}, params)
    return value.pieces[0] if value and not value.names and len(value.pieces) == 1 else None


# --- The Verilog that a value may be ------------------------------------------------------------
#
# Any expression over the design's signals and parameters. Constants are worked out; what else an
# operator, a cast or a function makes is one piece whose width is not known. A macro, or a name of
# a package, may be anything.


class _Value(NamedTuple):
    pieces: list[Piece]
    """("sig", name, high, low) | ("bits", "0101") | ("int", 5) | ("fill", "0") | ("str", text)
    | ("expr", ...): anything else, its bits not known here. An int has its size too, 32, unless it
    is a literal, which must not stand within braces."""
    assignable: bool
    """Whether an output may drive it: signals and concatenations of signals only."""
    names: frozenset[str] = frozenset()
    """The signals in it."""


_UNKNOWN: Piece = ("expr", "?")

_TOKEN = re.compile(
    r"""(?:\s|/\*(?:[^*]|\*(?!/))*\*/)*(?:(?P<end>\Z)
    |(?P<based>(?:[0-9][0-9_]*)?\s*'[sS]?[bodhBODH]\s*[0-9a-fA-FxXzZ?_]+)|(?P<fill>'[01xXzZ])
    |(?P<real>[0-9][0-9_]*(?=[.eEmunpfs])(?:\.[0-9_]+)?(?:[eE][-+]?[0-9]+)?(?:[munpf]?s)?\b)
    |(?P<int>[0-9][0-9_]*)|(?P<str>"(?:[^"\\\n]|\\.)*")
    |(?P<op>inside\b|<<<|>>>|===|!==|==\?|!=\?|<->|\*\*|<<|>>|<=|>=|==|!=|&&|\|\||~&|~\||~\^|\^~|->
      |\+:|-:|'\(|'\{|::|[-+*/%<>!~&|^?:{}()\[\],.])
    |\\?(?P<id>(?<=\\)\S+|[`$]?[A-Za-z_][A-Za-z0-9_$]*))""",
    re.VERBOSE | re.ASCII,
)
_LEVELS = (
    "-> <->", "||", "&&", "|", "^ ~^ ^~", "&", "== != === !== ==? !=?", "< <= > >= inside",
    "<< >> <<< >>>", "+ -", "* / %", "**",
)  # fmt: skip
_BINARY = {sign: level for level, signs in enumerate(_LEVELS, 1) for sign in signs.split()}
_TIGHTEST = len(_BINARY)
_UNARY = {"+", "-", "!", "~", "&", "~&", "|", "~|", "^", "~^", "^~"}

_FUNCTIONS = """type $bits $size $left $right $low $high $increment $dimensions $typename $signed
    $unsigned $clog2 $countones $countbits $onehot $onehot0 $isunknown $isunbounded $rtoi $itor $abs
    $min $max $pow $sqrt $ln $log10 $exp $floor $ceil $sin $cos $tan $hypot $atan2 $bitstoreal
    $realtobits $unpacked_dimensions $sampled $past $rose $fell $stable $changed $time $stime
    $realtime $random $urandom $urandom_range $sformatf $test$plusargs"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""What a value may call: functions of IEEE 1800 that touch no file and run no program."""


def parse_value(
    text: str, nets: dict[str, int] | None = None, constants: dict[str, Piece] | None = None
) -> _Value | None:
    """The value that `text` spells, or None unless it is exactly one expression of the grammar.

    `nets`: the width of each signal; `constants`: the value of each parameter.
    """
    text = text.strip()
    if len(text) > MAX_VALUE_CHARS:
        return None
    tokens: list[tuple[str, str]] = []
    at = 0
    while not tokens or tokens[-1][0] != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    parser = _Parser(tokens, nets or {}, constants or {})
    try:
        value = parser.expression()
    except (ValueError, IndexError):
        return None
    return value if parser.at == len(tokens) - 1 and value.pieces else None


@dataclass
class _Parser:
    """Precedence climbing over the tokens; raises ValueError where the text is wrong."""

    tokens: list[tuple[str, str]]
    nets: dict[str, int]
    constants: dict[str, Piece]
    at: int = 0
    depth: int = 0

    def take(self, text: str) -> bool:
        """Whether the next token is this operator; then it is passed."""
        taken = self.tokens[self.at] == ("op", text)
        self.at += taken
        return taken

    def need(self, text: str) -> None:
        if not self.take(text):
            raise ValueError(text)

    def expression(self, level: int = 0) -> _Value:
        """An expression of operators that bind more tightly than `level`; 0: any."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError("too deep")
        left = self.unary()
        while (rank := _BINARY.get(sign := self.sign(), 0)) > level:
            self.at += 1
            right = self.items("{", "}") if sign == "inside" else [self.expression(rank)]
            left = _combine(sign, [left, *right])
        if level == 0 and self.take("?"):
            then = self.expression()
            self.need(":")
            left = _combine("?", [left, then, self.expression()])
        self.depth -= 1
        return left

    def sign(self) -> str:
        """The next token if it is an operator, else nothing."""
        kind, text = self.tokens[self.at]
        return text if kind == "op" else ""

    def unary(self) -> _Value:
        sign = self.sign()
        if sign not in _UNARY:
            value = self.primary()
            while (sign := self.sign()) in ("'(", "'{"):  # a cast, such as 8'(x), or a pattern
                inner = self.items(sign, ")" if sign == "'(" else "}")
                value = _opaque((sign, *value.pieces), inner)
            return value
        self.at += 1
        return _combine(sign, [self.expression(_TIGHTEST)])

    def primary(self) -> _Value:
        kind, text = self.tokens[self.at]
        if text == "'{":
            return _opaque(text, self.items("'{", "}"), joined=True)
        self.at += 1
        if kind == "id":
            return self.name(text)
        if kind in _LITERALS:
            return _Value([_LITERALS[kind](text)], False)
        if text == "(":
            value = self.expression()
            while self.take(":"):  # minimum : typical : maximum
                value = _opaque(":", [value, self.expression()])
            self.need(")")
            return value
        if text == "{":
            return self.selected(self.braces())
        raise ValueError(text)

    def items(self, opening: str, closing: str) -> list[_Value]:
        """What stands between commas: x, a range [x:y], or x behind a key as in {default: x}."""
        self.need(opening)
        values: list[_Value] = []
        while not self.take(closing):
            if values:
                self.need(",")
            if self.sign() == "[":
                values += [bound for _, *both in self.selects() for bound in both if bound]
            else:
                value = self.expression()
                values.append(self.expression() if self.take(":") else value)
        return values

    def name(self, name: str) -> _Value:
        """A signal, a part of one, a parameter, a call, or a name of another scope."""
        while (sign := self.sign()) in ("::", "."):
            self.at += 1
            kind, inner = self.tokens[self.at]
            if kind != "id":
                raise ValueError(inner)
            self.at += 1
            name += sign + inner
        if "::" in name or name[0] == "`" or name in FUNCTIONS:
            return self.selected(self.call(name))
        if name in self.constants and name not in self.nets:
            return self.selected(_Value([self.constants[name]], False))
        width = self.nets.get(name, 1)
        whole = _Value([("sig", name, width - 1, 0)], True, frozenset({name}))
        selects = self.selects()
        if not selects:
            return whole
        sign, first, second = selects[0]
        high, low = (_index(first), _index(second)) if second else (_index(first),) * 2
        dynamic = frozenset().union(*(v.names for _, a, b in selects for v in (a, b) if v))
        if len(selects) > 1 or high is None or low is None:
            if sign == ":" and dynamic:
                raise ValueError("a range is constant")
            parts = [(by, *(tuple(v.pieces) for v in (a, b) if v)) for by, a, b in selects]
            return _Value([("expr", name, *parts)], not dynamic, whole.names | dynamic)
        if sign == "+:":
            high, low = high + low - 1, high
        elif sign == "-:":
            high, low = high, high - low + 1
        return _Value([("sig", name, high, low)], True, whole.names)

    def selects(self) -> list[tuple[str, _Value, _Value | None]]:
        """The brackets behind a name: the operator between its expressions, and these."""
        selects: list[tuple[str, _Value, _Value | None]] = []
        while self.take("["):
            first, second = self.expression(), None
            sign = self.sign()
            if sign in (":", "+:", "-:"):
                self.at += 1
                second = self.expression()
            self.need("]")
            selects.append((sign, first, second))
        return selects

    def selected(self, value: _Value) -> _Value:
        """The value, or what the brackets behind it leave of it."""
        selects = self.selects()
        bounds = [bound for _, *both in selects for bound in both if bound]
        whole = _opaque(("[]", *(sign for sign, *_ in selects)), [value, *bounds])
        return whole._replace(assignable=value.assignable) if selects else value

    def call(self, name: str) -> _Value:
        """A call, or a macro or a package's name: nothing is said of what is in it."""
        inner = self.items("(", ")") if self.sign() == "(" else []
        number = _index(inner[0]) if inner else None
        if name == "$clog2" and number is not None and number >= 0:
            return _Value([("int", max(number - 1, 0).bit_length(), 32)], False)
        pieces = [piece for value in inner for piece in value.pieces]
        if name == "$bits" and all(piece[0] == "sig" and piece[1] in self.nets for piece in pieces):
            return _Value([("int", sum(p[2] - p[3] + 1 for p in pieces), 32)], False)
        return _Value([("expr", name, *pieces)], name not in FUNCTIONS)

    def braces(self) -> _Value:
        """A concatenation, replication or stream; the opening brace is passed."""
        if (sign := self.sign()) in ("<<", ">>"):
            self.at += 1
            if self.sign() != "{":
                self.expression()  # the size of a slice
            value = _opaque(sign, self.items("{", "}"), joined=True)
            self.need("}")
            return value
        first = self.expression()
        if self.take("{"):
            value = self.replication(_index(first), self.braces())
        else:
            parts = [first]
            while self.take(","):
                parts.append(self.expression())
            pieces = [_sized(piece) for part in parts for piece in part.pieces]
            names = frozenset().union(*(part.names for part in parts))
            value = _Value(pieces, all(part.assignable for part in parts), names)
        self.need("}")
        return value

    @staticmethod
    def replication(count: int | None, inner: _Value) -> _Value:
        parts = _merge(inner.pieces)
        if count is None:
            return _opaque("{}", [inner])
        if len(parts) == 1 and parts[0][0] == "bits" and 0 < count * len(parts[0][1]) <= MAX_BITS:
            return _Value([("bits", parts[0][1] * count)], False)
        if count < 0 or count * len(parts) > MAX_PIECES:
            raise ValueError(count)
        return _Value(parts * count, False, inner.names)


def _sized(piece: Piece) -> Piece:
    """A piece within braces, where a constant needs a size; parameters have 32 bits."""
    if piece[0] == "fill" or (piece[0] == "int" and len(piece) == 2):
        raise ValueError("no size")
    if piece[0] == "str":
        return "expr", piece[1]
    return ("bits", format(piece[1] % (1 << 32), "032b")) if piece[0] == "int" else piece


def _index(value: _Value) -> int | None:
    """The number that a value is; None if it depends on signals or on what is not known."""
    return _number(value.pieces[0]) if len(value.pieces) == 1 else None


def _combine(sign: str, operands: list[_Value]) -> _Value:
    """An operator on its operands: a number if all of them are plain ones, else one piece."""
    pieces = [piece for value in operands for piece in _merge(value.pieces)]
    if len(pieces) == len(operands) and all(piece[0] == "int" for piece in pieces):
        number = _evaluate(sign, [piece[1] for piece in pieces])
        if number is not None and abs(number) < 1 << 31:
            return _Value([("int", number, 32)], False)
    return _opaque(sign, operands)


def _opaque(sign: object, operands: list[_Value], joined: bool = False) -> _Value:
    """One piece whose bits are not known here; an output may drive signals that are `joined`."""
    names = frozenset().union(*(value.names for value in operands))
    pieces = (tuple(_merge(value.pieces)) for value in operands)
    assignable = joined and all(value.assignable for value in operands)
    return _Value([("expr", sign, *pieces)], assignable, names)


def _evaluate(sign: str, numbers: list[int]) -> int | None:
    """The value of an operator on whole numbers; None where it has none."""
    if sign == "?":
        return numbers[1] if numbers[0] else numbers[2]
    if len(numbers) == 1:
        return {"+": numbers[0], "-": -numbers[0], "!": int(not numbers[0])}.get(sign)
    if len(numbers) != 2:
        return None
    left, right = numbers
    if sign in _PLAIN:
        return int(getattr(operator, _PLAIN[sign])(left, right))
    if sign in ("&&", "||"):
        return int(bool(left and right if sign == "&&" else left or right))
    if sign in ("/", "%") and right:
        quotient = abs(left) // abs(right) * (1 if left * right >= 0 else -1)
        return quotient if sign == "/" else left - quotient * right
    if sign in ("<<", ">>", "<<<", ">>>", "**") and 0 <= right <= 40 and left >= 0:
        return int({"<": left << right, ">": left >> right, "*": left**right}[sign[0]])
    return None


_SIGNS = "+ - * & | ^ == === != !== < <= > >="
_ACTS = "add sub mul and_ or_ xor eq eq ne ne lt le gt ge"
_PLAIN = dict(zip(_SIGNS.split(), _ACTS.split(), strict=True))
"""Operators that Python's `operator` has, by their names there."""


def _int(text: str) -> int:
    digits = text.replace("_", "")
    if len(digits) > 10 or int(digits) >= 1 << 31:
        raise ValueError
    return int(digits)


def _based(text: str) -> Piece:
    """A constant such as 8'hF_f as its bits; without a size it is a plain number."""
    text = "".join(text.split()).replace("_", "").replace("?", "z").lower()
    size_text, _, rest = text.replace("'s", "'").partition("'")
    size = _int(size_text) if size_text else None
    base, digits = rest[0], rest[1:]
    if not digits or (size is not None and not 0 < size <= MAX_BITS):
        raise ValueError
    if base == "d":
        bits = digits if digits in ("x", "z") else format(int(digits), "b")
    else:
        each = {"b": 1, "o": 3, "h": 4}[base]
        numbers = [digit if digit in "xz" else int(digit, 1 << each) for digit in digits]
        bits = "".join(n * each if isinstance(n, str) else f"{n:0{each}b}" for n in numbers)
    pad = bits[0] if bits[0] in "xz" else "0"
    bits = bits.lstrip("0") or "0"
    if size is not None:
        if len(bits) > size and set(bits) != {pad}:
            raise ValueError  # does not fit its own size
        return ("bits", bits[-size:].rjust(size, pad))
    if set(bits) <= {"0", "1"} and len(bits) <= 32:
        return ("int", int(bits, 2))
    return ("fill", pad) if set(bits) == {pad} else ("expr", text)


_LITERALS: dict[str, Callable[[str], Piece]] = {
    "based": _based,
    "int": lambda text: ("int", _int(text)),
    "fill": lambda text: ("fill", text[1].lower()),
    "str": lambda text: ("str", text),
    "real": lambda text: ("expr", text),
}
