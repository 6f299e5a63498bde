"""Logic values: one-hot and thermometer codes, Verilog literals, test vectors."""

from __future__ import annotations

from catalogue import task


@task(
    "one-hot",
    "easy",
    examples=[(0b1000,), (0b0110,)],
    edges=[(0,), (1,), (1 << 31,), (3,), (0xFFFFFFFF,), (1 << 40,)],
    draw=lambda r: (r.choice([1 << r.randrange(32), r.getrandbits(8), 1 << r.randrange(9)]),),
    wrong=[("word.bit_length() - 1", "word.bit_length()"), ("return -2", "return -1")],
)
def one_hot_index(word: int) -> int:
    """Return the number of the only set bit of a word; -1 if no bit is set, -2 if several are."""
    if word == 0:
        return -1
    if word & (word - 1):
        return -2
    return word.bit_length() - 1


@task(
    "one-hot",
    "medium",
    examples=[([1, 1, 1, 0, 0],), ([1, 0, 1, 0],)],
    edges=[([],), ([0, 0],), ([1, 1],), ([0, 1, 1],), ([1, 1, 0, 1, 1, 0],), ([0, 0, 0, 1],)],
    draw=lambda r: (
        [1] * r.randint(1, 6)
        + [0] * r.randint(0, 2)
        + [1] * r.randint(0, 2)
        + [0] * r.randint(1, 4),
    ),
    wrong=[("a < b", "a != b"), ("sum(code)", "len(code)")],
)
def thermometer(code: list[int]) -> list[int]:
    """Read a thermometer code, lowest comparator first: return [value, bubbles].

    A clean code is ones followed by zeros. The value is the number of ones (which is right for
    small errors, too); bubbles is the number of places where a 0 is directly followed by a 1.
    """
    from itertools import pairwise

    bubbles = sum(a < b for a, b in pairwise(code))
    return [sum(code), bubbles]


@task(
    "verilog literal",
    "hard",
    examples=[("8'hFF",), ("12",)],
    edges=[
        ("4'b10_10",),
        ("'d7",),
        ("4'hFF",),
        ("8'shFF",),
        ("3'sb100",),
        ("16 'H a5",),
        ("32'o17",),
        ("8'hxz",),
        ("4'b102",),
        ("",),
    ],
    draw=lambda r: (
        f"{(w := r.randint(3, 20))}'{r.choice(['h', 'sh', 'H'])}{r.getrandbits(w + 1):x}",
    ),
    wrong=[("value &= (1 << width) - 1", "pass"), ("value >> (width - 1)", "value >> width")],
)
def read_literal(text: str) -> int:
    """Return the value of a Verilog integer literal such as 8'hFF, 4'b10_10, 3'sb100 or 12.

    Parts: an optional width (32 if left out), an apostrophe, an optional s for signed, the base
    b, o, d or h, and the digits; letters in any case, underscores between digits, spaces anywhere.
    The value is cut to the width; with s the highest of these bits is the sign. A plain number
    such as 12 is decimal and not cut. Raise ValueError for anything else, x and z digits included.
    """
    text = text.replace("_", "").replace(" ", "").lower()
    size, tick, rest = text.partition("'")
    if not tick:
        return int(text, 10)
    signed = rest.startswith("s")
    rest = rest.removeprefix("s")
    bases = {"b": 2, "o": 8, "d": 10, "h": 16}
    if rest[:1] not in bases:
        raise ValueError(text)
    width = int(size) if size else 32
    value = int(rest[1:], bases[rest[0]])
    value &= (1 << width) - 1
    if signed and value >> (width - 1):
        value -= 1 << width
    return value


@task(
    "verilog literal",
    "medium",
    examples=[("10xz", "1100", "&"), ("01", "1x", "|")],
    edges=[
        ("", "", "^"),
        ("01xz", "0000", "&"),
        ("01xz", "1111", "|"),
        ("01xz", "1111", "^"),
        ("zzzz", "01xz", "&"),
        ("zzzz", "01xz", "|"),
    ],
    draw=lambda r: (
        "".join(r.choices("01xz", k=(n := r.randint(4, 9)))),
        "".join(r.choices("01xz", k=n)),
        r.choice("&|^"),
    ),
    wrong=[('"0" in pair', 'pair == {"0"}'), ('operator == "^"', 'operator == "~"')],
)
def four_state(a: str, b: str, operator: str) -> str:
    """Combine two four-state vectors of equal length bit by bit with & | or ^ as Verilog does.

    Bits are 0 1 x z; z counts as x. & is 0 if either bit is 0, | is 1 if either bit is 1, whatever
    the other; otherwise, and for ^, a result with an x among its inputs is x.
    """
    out = ""
    for p, q in zip(a, b, strict=True):
        pair = {p, q}
        if operator == "&" and "0" in pair:
            out += "0"
        elif operator == "|" and "1" in pair:
            out += "1"
        elif pair & {"x", "z"}:
            out += "x"
        elif operator == "^":
            out += "1" if len(pair) == 2 else "0"
        else:
            out += p
    return out


@task(
    "verilog literal",
    "medium",
    examples=[("10??", ["1010", "0010"]), ("1", ["0", "1"])],
    edges=[
        ("????", ["0000", "xxxx"]),
        ("1x0", ["1x0", "110", "100"]),
        ("0?", []),
        ("", ["", ""]),
        ("1z0", ["110", "1x0", "1z0", "111"]),
    ],
    draw=lambda r: (
        "".join(r.choices("01?z", k=(n := r.randint(2, 4)))),
        ["".join(r.choices("0011x", k=n)) for _ in range(r.randint(4, 9))],
    ),
    wrong=[('p in "?z"', 'p == "?"'), ("range(len(values))", "range(1, len(values))")],
)
def casez_matches(pattern: str, values: list[str]) -> list[int]:
    """Return the indices of the values that a casez pattern matches.

    In the pattern ? and z match anything. In a value, z matches anything, too. All else (0, 1, x)
    must be equal. Pattern and values have one length.
    """

    def matches(value: str) -> bool:
        return all(p in "?z" or v == "z" or p == v for p, v in zip(pattern, value, strict=True))

    return [i for i in range(len(values)) if matches(values[i])]


@task(
    "test vectors",
    "medium",
    examples=[("1-0",), ("01",)],
    edges=[("",), ("-",), ("--",), ("1--1",), ("-0-",)],
    draw=lambda r: ("".join(r.choice("01-") for _ in range(r.randint(3, 6))),),
    wrong=[('("0", "1")', '("1", "0")'), ('vectors = [""]', "vectors = [pattern[:1]]")],
)
def expand_vector(pattern: str) -> list[str]:
    """Expand a test pattern with don't-cares: return all vectors of 0 and 1 that it stands for.

    A - stands for 0 and 1. The vectors are sorted as binary numbers; the empty pattern stands for
    one empty vector.
    """
    vectors = [""]
    for char in pattern:
        choices = ("0", "1") if char == "-" else (char,)
        vectors = [vector + bit for vector in vectors for bit in choices]
    return vectors


@task(
    "test vectors",
    "hard",
    examples=[(["HLX", "HHX"], ["101", "101"]), (["L"], ["0"])],
    edges=[
        ([], []),
        (["XX"], ["01"]),
        (["HL", "LH"], ["01", "10"]),
        (["H", "H", "H"], ["0", "1", "x"]),
        (["HXL"], ["zz0"]),
    ],
    draw=lambda r: (
        ["".join(r.choices("HLX", k=(n := 4))) for _ in range(3)],
        ["".join(r.choices("0001x1", k=n)) for _ in range(3)],
    ),
    wrong=[("[cycle, pin]", "[pin, cycle]"), ('want != "X" and', "")],
)
def compare_vectors(expected: list[str], observed: list[str]) -> list[list[int]]:
    """Compare what a tester observed with what it expected: return [cycle, pin] of each mismatch.

    Both lists hold one string per cycle with one character per pin. Expected: H (must be 1), L
    (must be 0), X (anything). Observed: 0, 1, or x and z, which are neither. Cycle by cycle, the
    lowest pin (index in the string) first.
    """
    found = []
    for cycle, (row, seen) in enumerate(zip(expected, observed, strict=True)):
        for pin, (want, bit) in enumerate(zip(row, seen, strict=True)):
            if want != "X" and bit != {"H": "1", "L": "0"}.get(want):
                found.append([cycle, pin])
    return found
