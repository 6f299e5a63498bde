"""Files of a test bench: hex dumps, memory images, value changes."""

from __future__ import annotations

import random
from typing import Any

from catalogue import octets, task


@task(
    "hex dump",
    "medium",
    examples=[([0x48, 0x69, 0x21, 0x00], 0), (list(range(60, 78)), 16)],
    edges=[([], 0), ([0x7E, 0x7F, 0x20, 0x1F], 0xFFF0), (list(b"0123456789abcdef"), 0), ([255], 5)],
    draw=lambda r: (octets(r, 1, 40), r.randrange(0, 0x10000, 16)),
    wrong=[("32 <= b < 127", "32 < b < 127"), ("{text:<47}", "{text}")],
)
def hex_dump(data: list[int], start: int) -> list[str]:
    """Write bytes as the lines of a hex dump, 16 bytes per line.

    A line is the address as 8 lower-case hex digits, two spaces, the bytes as two lower-case hex
    digits each with one space between them, padded with spaces on the right to 47 characters, two
    spaces, and the bytes as characters between bars: those from 32 to 126 as they are, a dot for
    any other. For [0x48, 0x69]: "00000000  48 69" + 42 spaces + "  |Hi|".
    """
    lines = []
    for i in range(0, len(data), 16):
        row = data[i : i + 16]
        text = " ".join(f"{b:02x}" for b in row)
        shown = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        lines.append(f"{start + i:08x}  {text:<47}  |{shown}|")
    return lines


@task(
    "hex dump",
    "medium",
    examples=[("00000000  48 69 21  |Hi!|\n00000010  0a  |.|",), ("0000  ff 00",)],
    edges=[
        ("",),
        ("00  01\n\n02  02 03  |12 34|",),
        ("08  AA  |a|\n*\n20  bb",),
        ("0010  0a 0b  | 0c |",),
        ("10: 01 02",),
    ],
    draw=lambda r: (
        "\n".join(
            f"{16 * i:08x}  {bytes(octets(r, 1, 8)).hex(' ')}" + r.choice(["  |x 1f|", ""])
            for i in range(r.randint(1, 4))
        ),
    ),
    wrong=[('.partition("|")[0]', ""), ("words[0], 16", "words[0], 10")],
)
def parse_dump(text: str) -> list[list[int]]:
    """Read a hex dump back: return [address, byte, byte, ...] for every line with bytes.

    A line is an address in hex, an optional colon, and bytes of two hex digits, separated by
    spaces; what follows a bar | is the text column, to be ignored. Empty lines and lines that are
    just * are skipped.
    """
    found = []
    for line in text.splitlines():
        words = line.partition("|")[0].replace(":", " ").split()
        if len(words) > 1:
            found.append([int(words[0], 16), *(int(word, 16) for word in words[1:])])
    return found


@task(
    "memory image",
    "medium",
    examples=[("@10 aa bb\ncc",), ("01 02 // two words\n03",)],
    edges=[
        ("",),
        ("@ff\n1\n@0 2 3",),
        ("/* x\n@5 */ 7_7 8",),
        ("@2 a @2 b",),
        ("// all @1 2\n  9 /* 1 */ 8",),
        ("DEAD_beef",),
    ],
    draw=lambda r: (
        "\n".join(
            r.choice(["", f"@{r.randrange(64):x} ", "// 55\n", "/* 1\n2 */ "])
            + " ".join(f"{r.randrange(256):02x}" for _ in range(r.randint(1, 3)))
            for _ in range(r.randint(2, 5))
        ),
    ),
    wrong=[("address += 1", "address += 4"), ("int(word[1:], 16)", "int(word[1:])")],
)
def read_memh(text: str) -> list[list[int]]:
    """Read a file for Verilog's $readmemh: return [address, word] pairs sorted by address.

    The words are hex numbers (underscores allowed) separated by white space; they fill rising
    addresses from 0. @ and a hex number sets the address of the next word. // comments go to the
    end of the line, /* */ comments may span lines. If an address is written twice, the later word
    counts.
    """
    import re

    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
    memory = {}
    address = 0
    for word in text.split():
        if word.startswith("@"):
            address = int(word[1:], 16)
        else:
            memory[address] = int(word.replace("_", ""), 16)
            address += 1
    return [[a, memory[a]] for a in sorted(memory)]


@task(
    "memory image",
    "hard",
    examples=[(":0200100001FFEE",), (":00000001FF",)],
    edges=[
        (":020000021200EA",),
        (":0200100001FFEF",),
        ("0200100001FFEE",),
        (":020010000 1FFEE",),
        (":0300100001FFEE",),
        (":0100000055aa",),
        (":",),
    ],
    draw=lambda r: (_intel(r),),
    wrong=[
        ("sum(data) & 0xFF", "sum(data[:-1]) & 0xFF"),
        ("data[1] << 8 | data[2]", "data[2] << 8 | data[1]"),
    ],
)
def read_intel_hex(record: str) -> list[Any]:
    """Read one Intel HEX record: return [type, address, list of data bytes].

    A colon, then bytes in hex of either case: the count of data bytes, the address (two bytes,
    the high one first), the type, the data, and a checksum that makes the sum of all bytes
    0 modulo 256. Raise ValueError if the colon is missing, something is no pair of hex digits
    (spaces are not allowed), the count is wrong, or the checksum is.
    """
    if not record.startswith(":") or " " in record:
        raise ValueError(record)
    data = list(bytes.fromhex(record[1:]))
    if len(data) < 5 or len(data) != data[0] + 5 or sum(data) & 0xFF:
        raise ValueError(record)
    return [data[3], data[1] << 8 | data[2], data[4:-1]]


def _intel(r: random.Random) -> str:
    data = octets(r, 1, 8)
    record = [len(data), *octets(r, 2, 2), r.choice([0, 0, 4]), *data]
    record.append(-sum(record) & 0xFF)
    if r.random() < 0.25:
        record[r.randrange(len(record))] ^= 1
    return ":" + bytes(record).hex().upper()


@task(
    "vcd",
    "medium",
    examples=[('#0\n0!\n1"\n#5\n1!',), ("#3\nb101 #\n",)],
    edges=[
        ("",),
        ("#0\n$dumpvars\nx!\n$end\n#2\n0!",),
        ("#1\n#2\n#7\nbz1x0 %",),
        ("#0\nb1 ! \n#4\nr1.5 !\nB0 !",),
        ("1!\n#9\n0!",),
    ],
    draw=lambda r: (
        "\n".join(
            f"#{10 * t}\n"
            + "\n".join(
                r.choice([f"{r.choice('01xz')}{s}", f"b{r.getrandbits(4):b} {s}"])
                for s in r.sample("!%&", r.randint(1, 3))
            )
            for t in range(r.randint(2, 4))
        ),
    ),
    wrong=[('line[0] in "01xz"', 'line[0] in "01"'), ("time = 0", "time = -1")],
)
def read_vcd(text: str) -> list[list[Any]]:
    """Read the value changes of a VCD file: return [time, identifier, value] in their order.

    #N sets the time (0 before the first). A scalar change is one of 0 1 x z directly followed by
    the identifier (1!). A vector change is b or B, the value, a space and the identifier
    (b101 #). The value is returned as text without the b. Any other line, such as $dumpvars, $end
    or a real number (r1.5 !), is skipped.
    """
    changes: list[list[Any]] = []
    time = 0
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("#"):
            time = int(line[1:])
        elif line and line[0] in "01xz":
            changes.append([time, line[1:], line[0]])
        elif line[:1] in ("b", "B"):
            value, _, name = line[1:].partition(" ")
            changes.append([time, name, value])
    return changes


@task(
    "vcd",
    "easy",
    examples=[([[0, "x"], [5, "0"], [9, "1"]], 7), ([[0, "1"]], 0)],
    edges=[
        ([], 3),
        ([[4, "1"]], 3),
        ([[4, "1"]], 4),
        ([[1, "0"], [1, "1"], [8, "z"]], 1),
        ([[2, "101"], [6, "11"]], 99),
    ],
    draw=lambda r: (
        [[t, r.choice("01xz")] for t in sorted(r.choices(range(20), k=r.randint(3, 8)))],
        r.randrange(22),
    ),
    wrong=[("time <= when", "time < when"), ('value = "x"', 'value = "0"')],
)
def value_at(changes: list[list[Any]], when: int) -> str:
    """Return the value of a signal at a time, "x" before its first change.

    changes: [time, value] in order of time; a change at the very time counts, and of several at
    one time the last.
    """
    value = "x"
    for time, new in changes:
        if time <= when:
            value = new
    return value
