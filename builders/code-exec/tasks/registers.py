"""Registers: fields, masks, maps, access types, byte enables."""

from __future__ import annotations

from typing import Any

from catalogue import task

ACTS = ["set", "set", "clear", "mask", "read", "read", "irq", "irq"]
"""What happens to an interrupt controller, some of it more often."""


@task(
    "bit fields",
    "easy",
    examples=[(0xABCD, 7, 4), (0xF0, 3, 0)],
    edges=[(0xFFFFFFFF, 31, 0), (0x80000000, 31, 31), (1, 0, 0), (5, 0, 2), (5, 3, -1)],
    draw=lambda r: (r.getrandbits(32), (m := r.randrange(32)), r.randint(0, m)),
    wrong=[("msb - lsb + 1", "msb - lsb"), ("word >> lsb", "word >> msb")],
)
def get_field(word: int, msb: int, lsb: int) -> int:
    """Return bits msb..lsb (both included) of a register word as an unsigned integer.

    Raise ValueError if lsb is negative or msb is less than lsb.
    """
    if lsb < 0 or msb < lsb:
        raise ValueError("no such field")
    return (word >> lsb) & ((1 << (msb - lsb + 1)) - 1)


@task(
    "bit fields",
    "medium",
    examples=[(0xFFFF, 7, 4, 0), (0, 3, 0, 9)],
    edges=[(0, 0, 0, 1), (0xFF, 3, 0, 16), (0xFF, 3, 0, -1), (0xFFFFFFFF, 31, 0, 0), (7, 1, 1, 2)],
    draw=lambda r: (
        r.getrandbits(32),
        (m := r.randrange(1, 32)),
        (k := r.randint(0, m)),
        r.getrandbits(m - k + 1),
    ),
    wrong=[
        ("word & ~(mask << lsb) | value << lsb", "word | value << lsb"),
        ("value < 0 or value > mask", "value > mask + 1"),
    ],
)
def set_field(word: int, msb: int, lsb: int, value: int) -> int:
    """Return the register word with bits msb..lsb (both included) replaced by value.

    All other bits keep their value. Raise ValueError if value is negative or does not fit into
    the field.
    """
    mask = (1 << (msb - lsb + 1)) - 1
    if value < 0 or value > mask:
        raise ValueError("the value does not fit")
    return word & ~(mask << lsb) | value << lsb


@task(
    "register map",
    "medium",
    examples=[("CTRL @0x10 rw reset=0x0000_00ff",), ("STATUS @4 ro",)],
    edges=[
        ("  ID   @0xFFC   RO   reset=42  # who am I",),
        ("# only a comment",),
        ("",),
        ("X @0b101 wo reset=0b11",),
        ("BAD 0x10 rw",),
        ("BAD @0x10 zz",),
    ],
    draw=lambda r: (
        f"{r.choice(['TX', 'rx_data', 'Irq'])}{r.randrange(9)} @{hex(r.randrange(4096))} "
        f"{r.choice(['rw', 'RO', 'w1c', 'WO'])}"
        f"{r.choice(['', f' reset={r.randrange(999)}', f' reset={hex(r.getrandbits(16))} # x'])}",
    ),
    wrong=[
        ('line.partition("#")[0].split()', "line.split()"),
        ("words[2].lower()", "words[2]"),
    ],
)
def parse_register(line: str) -> dict[str, Any] | None:
    """Parse one line of a register map, such as "CTRL @0x10 rw reset=0x0000_00ff  # main".

    Words: name, @ and the address, the access type, and optionally reset= and the reset value
    (0 if it is left out). Numbers are written as in Python (10, 0x1f, 0b11, underscores). What
    follows a # is a comment. Return {"name": ..., "address": ..., "access": ..., "reset": ...}
    with the access type in lower case; the name as written. Return None for a line without words.
    Raise ValueError if the second word does not start with @ or the access type is none of rw,
    ro, wo, w1c in any case of letters.
    """
    words = line.partition("#")[0].split()
    if not words:
        return None
    access = words[2].lower()
    if not words[1].startswith("@") or access not in ("rw", "ro", "wo", "w1c"):
        raise ValueError(line)
    reset = words[3].removeprefix("reset=") if len(words) > 3 else "0"
    return {
        "name": words[0],
        "address": int(words[1][1:], 0),
        "access": access,
        "reset": int(reset, 0),
    }


@task(
    "register map",
    "medium",
    examples=[([["A", 0, 4], ["B", 4, 4]],), ([["A", 0, 8], ["B", 4, 4]],)],
    edges=[
        ([],),
        ([["B", 4, 4], ["A", 0, 5]],),
        ([["A", 0, 16], ["B", 4, 2], ["C", 8, 2]],),
        ([["A", 0, 4], ["B", 0, 4]],),
        ([["Z", 0, 4], ["A", 2, 4]],),
    ],
    draw=lambda r: (
        [[f"R{i}", r.randrange(24), r.choice([1, 2, 4, 8])] for i in range(r.randint(3, 7))],
    ),
    wrong=[
        ("start < other + length", "start <= other + length"),
        ("registers[i + 1 :]", "registers[i + 1 : i + 2]"),
    ],
)
def find_overlaps(registers: list[list[Any]]) -> list[list[str]]:
    """Find the registers of a map that share a byte.

    Each register is [name, address, size in bytes]. Return a list of pairs [first, second] of
    names, each pair once: within a pair, and among the pairs, in the order of the input list.
    """
    found = []
    for i, (first, start, size) in enumerate(registers):
        for second, other, length in registers[i + 1 :]:
            if start < other + length and other < start + size:
                found.append([first, second])
    return found


@task(
    "masks",
    "medium",
    examples=[(0b1101_1000,), (0,)],
    edges=[(1,), (0xFFFFFFFF,), (0x80000001,), (0b101010,), (1 << 63,)],
    draw=lambda r: (r.getrandbits(20) & r.getrandbits(20) | r.getrandbits(8) << 9,),
    wrong=[("found[::-1]", "found"), ("[bit - 1, low]", "[bit, low]")],
)
def mask_to_ranges(mask: int) -> list[list[int]]:
    """Turn a bit mask into the list of its runs of ones as [msb, lsb], highest run first.

    0b11011000 is [[7, 6], [4, 3]]; a run of one bit has msb equal to lsb; 0 gives [].
    """
    found = []
    bit = 0
    while mask >> bit:
        low = bit
        while mask >> bit & 1:
            bit += 1
        if bit > low:
            found.append([bit - 1, low])
        else:
            bit += 1
    return found[::-1]


@task(
    "masks",
    "medium",
    examples=[("7:4,0",), ("31",)],
    edges=[("",), ("0:3",), (" 15 : 8 , 8:7 ",), ("3,3,3:3",), ("63:60",), ("1:0,1",)],
    draw=lambda r: (
        ",".join(
            f"{r.randrange(32)}:{r.randrange(32)}" if r.random() < 0.6 else str(r.randrange(32))
            for _ in range(r.randint(1, 4))
        ),
    ),
    wrong=[("mask |= ", "mask += "), ("max(ends), min(ends)", "ends[0], ends[-1]")],
)
def parse_mask(text: str) -> int:
    """Turn a list of bits such as "7:4,0" (bits 7 to 4 and bit 0) into a mask, here 0xf1.

    Ranges may be written in either order (4:7 is 7:4) and may overlap; spaces do not matter; the
    empty text is 0.
    """
    mask = 0
    for part in text.replace(" ", "").split(","):
        if part:
            ends = [int(end) for end in part.split(":")]
            high, low = max(ends), min(ends)
            mask |= (1 << (high - low + 1)) - 1 << low
    return mask


@task(
    "access types",
    "easy",
    examples=[("w1c", 0b1111, 0b0101), ("ro", 7, 0)],
    edges=[
        ("rw", 0xFF, 0x100),
        ("w1s", 0b1000, 0b0011),
        ("w0c", 0xF0, 0x3C),
        ("w1t", 0b1100, 0b1010),
        ("wo", 1, 0x1FFFFFFFF),
        ("xx", 1, 1),
    ],
    draw=lambda r: (
        r.choice(["rw", "w1c", "w1s", "w0c", "w1t", "ro"]),
        r.getrandbits(32),
        r.getrandbits(32),
    ),
    wrong=[
        ("old & ~data", "old & data"),
        ('"w0c": old & data', '"w0c": old & ~data'),
    ],
)
def write_register(access: str, old: int, data: int) -> int:
    """Model a write of data to a 32-bit register that holds old; return what it holds then.

    Access types: rw and wo take the data; ro keeps its value; w1c clears the bits written as 1;
    w1s sets the bits written as 1; w0c clears the bits written as 0; w1t toggles the bits written
    as 1. The result has 32 bits (higher bits of data are lost). Raise ValueError for any other
    access type.
    """
    results = {
        "rw": data,
        "wo": data,
        "ro": old,
        "w1c": old & ~data,
        "w1s": old | data,
        "w0c": old & data,
        "w1t": old ^ data,
    }
    if access not in results:
        raise ValueError(access)
    return results[access] & 0xFFFFFFFF


@task(
    "access types",
    "hard",
    examples=[([["set", 5], ["read", 0]],), ([["set", 1], ["clear", 1], ["read", 0]],)],
    edges=[
        ([],),
        ([["read", 0], ["read", 0]],),
        ([["set", 3], ["mask", 1], ["read", 0], ["mask", 255], ["read", 0]],),
        ([["set", 6], ["clear", 2], ["read", 0], ["read", 0], ["clear", 4], ["read", 0]],),
        ([["mask", 0], ["set", 255], ["irq", 0], ["mask", 128], ["irq", 0]],),
        ([["set", 255], ["reset", 0], ["irq", 0], ["read", 0]],),
    ],
    draw=lambda r: ([[r.choice(ACTS), r.getrandbits(4)] for _ in range(r.randint(8, 14))],),
    wrong=[("pending &= ~value", "pending ^= value"), ("mask = 255\n    s", "mask = 0\n    s")],
)
def run_interrupts(events: list[list[Any]]) -> list[int]:
    """Model an interrupt controller with 8 lines: a pending register and a mask register.

    Each event is [kind, value]. "set": the lines whose bits are 1 become pending. "clear": the
    bits written as 1 are no longer pending. "mask": the mask register becomes value. "reset":
    pending and mask return to their start. "read": append pending to the result, whatever the
    mask. "irq": append 1 if a pending line has its mask bit set, else 0. At the start nothing is
    pending and the mask is 255. For "reset", "read" and "irq" value means nothing. Return the
    appended numbers.
    """
    pending = 0
    mask = 255
    seen = []
    for kind, value in events:
        if kind == "set":
            pending |= value
        elif kind == "clear":
            pending &= ~value
        elif kind == "mask":
            mask = value
        elif kind == "reset":
            pending, mask = 0, 255
        elif kind == "read":
            seen.append(pending)
        elif kind == "irq":
            seen.append(1 if pending & mask else 0)
    return seen


@task(
    "packing",
    "medium",
    examples=[([4, 4], [0xA, 0x5]), ([1, 7], [1, 3])],
    edges=[
        ([], []),
        ([8], [256]),
        ([1] * 8, [1, 0, 0, 0, 0, 0, 0, 1]),
        ([3, 5], [1]),
        ([32, 32], [1, 2]),
        ([4, 4], [1, -1]),
    ],
    draw=lambda r: (
        (w := [r.randint(1, 9) for _ in range(r.randint(2, 6))]),
        [r.getrandbits(n) for n in w],
    ),
    wrong=[("word << width | value", "word | value << width"), ("not 0 <= value <", "value >")],
)
def pack_fields(widths: list[int], values: list[int]) -> int:
    """Pack unsigned values into one word, the first field in the highest bits.

    pack_fields([4, 4], [0xA, 0x5]) is 0xA5. Raise ValueError if the lists differ in length or a
    value does not fit into its width. Without fields the word is 0.
    """
    if len(widths) != len(values):
        raise ValueError("lengths differ")
    word = 0
    for width, value in zip(widths, values, strict=True):
        if not 0 <= value < 1 << width:
            raise ValueError(value)
        word = word << width | value
    return word


@task(
    "packing",
    "hard",
    examples=[("a:4 b:4", 0xA5), ("en:1 -:3 gain:s4", 0x8F)],
    edges=[
        ("x:s8", 0x80),
        ("-:8", 0xFF),
        ("a:1 b:s1 c:1", 0b011),
        ("", 0),
        ("lo:s4 -:24 hi:s4", 0x70000008),
        ("v:8", 0x1FF),
    ],
    draw=lambda r: (
        " ".join(f"{n}:{r.choice(['', 's'])}{r.randint(1, 8)}" for n in r.sample("abcd-", 4)),
        r.getrandbits(24),
    ),
    wrong=[
        ("reversed(layout.split())", "layout.split()"),
        ("value >> (width - 1)", "value >> width"),
    ],
)
def unpack_fields(layout: str, word: int) -> dict[str, int]:
    """Unpack a word by a layout such as "en:1 -:3 gain:s4"; the last field has the lowest bits.

    Each field is name:width, or name:swidth for a two's complement value (gain:s4). Fields with
    the name - are reserved and left out of the result. Bits of the word above the first field are
    ignored.
    """
    found = {}
    for field in reversed(layout.split()):
        name, _, kind = field.partition(":")
        width = int(kind.lstrip("s"))
        value = word & ((1 << width) - 1)
        word >>= width
        if kind.startswith("s") and value >> (width - 1):
            value -= 1 << width
        if name != "-":
            found[name] = value
    return found


@task(
    "byte enables",
    "easy",
    examples=[(0x11223344, 0xAABBCCDD, 0b0101), (0, 0xFFFFFFFF, 0b1000)],
    edges=[(1, 2, 0), (0x12345678, 0x9ABCDEF0, 0b1111), (0, 0xFF, 1), (0xFFFFFFFF, 0, 0b0110)],
    draw=lambda r: (r.getrandbits(32), r.getrandbits(32), r.randrange(16)),
    wrong=[("strobe >> lane & 1", "strobe >> (3 - lane) & 1"), ("old & ~mask", "old")],
)
def strobe_write(old: int, data: int, strobe: int) -> int:
    """Return a 32-bit word after a write with byte strobes.

    Bit i of strobe says whether byte i (byte 0 = bits 7..0) is taken from data; all other bytes
    keep their old value.
    """
    mask = 0
    for lane in range(4):
        if strobe >> lane & 1:
            mask |= 0xFF << 8 * lane
    return old & ~mask | data & mask


@task(
    "byte enables",
    "medium",
    examples=[(0x1001, 2, 4), (0x1000, 4, 4)],
    edges=[(0, 1, 8), (7, 1, 8), (3, 2, 4), (5, 8, 4), (0, 0, 4), (0xFFE, 4, 4)],
    draw=lambda r: (r.randrange(4096), r.randint(1, 12), r.choice([2, 4, 8])),
    wrong=[("address % width", "address % 4"), ("end - base, width", "end - base, width - 1")],
)
def write_beats(address: int, size: int, width: int) -> list[list[int]]:
    """Split a write of size bytes from a byte address into the beats of a bus width bytes wide.

    Return one [address, strobe] per beat, in rising order: the address is aligned to the width,
    and bit i of the strobe is 1 if the byte at that address plus i is written. No size, no beats.
    """
    beats = []
    end = address + size
    base = address - address % width
    while base < end:
        first = max(address - base, 0)
        last = min(end - base, width)
        beats.append([base, (1 << last) - (1 << first)])
        base += width
    return beats if size else []
