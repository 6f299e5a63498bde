"""Codes on the line: level codes, stuffing, framing of bytes, lanes."""

from __future__ import annotations

from catalogue import bits, octets, task


@task(
    "line code",
    "easy",
    examples=[([1, 0, 1], 0), ([0, 0], 1)],
    edges=[([], 0), ([1, 1, 1, 1], 0), ([0] * 4, 0), ([1], 1), ([0, 1, 1, 0], 1)],
    draw=lambda r: (bits(r, 5, 14), r.randrange(2)),
    wrong=[("if bit == 0", "if bit == 1"), ("levels.append(level)", "levels.append(level ^ 1)")],
)
def nrzi_encode(bits: list[int], level: int) -> list[int]:
    """Return the line levels of an NRZI code as USB uses it.

    A 0 changes the level of the line, a 1 leaves it; `level` is the level before the first bit.
    """
    levels = []
    for bit in bits:
        if bit == 0:
            level ^= 1
        levels.append(level)
    return levels


@task(
    "line code",
    "medium",
    examples=[([0, 1, 1, 0],), ([1, 1],)],
    edges=[([],), ([0],), ([0, 0, 0, 1],), ([1, 0, 1],), ([0, 1, 0, 1, 0, 1, 1, 0],)],
    draw=lambda r: (
        [b for bit in bits(r, 3, 7) for b in (bit ^ 1, bit)]
        + r.choice([[], [], [], [], [], [0, 0]]),
    ),
    wrong=[("found.append(b)", "found.append(a)"), ("a == b", "a == b == 1")],
)
def manchester_decode(levels: list[int]) -> list[int]:
    """Decode a Manchester code (IEEE 802.3): 0 then 1 is the bit 1, 1 then 0 is the bit 0.

    levels holds two half bits per bit, beginning with the first half. Raise ValueError if their
    number is odd or two halves are equal.
    """
    if len(levels) % 2:
        raise ValueError("half a bit is missing")
    found = []
    for a, b in zip(levels[::2], levels[1::2], strict=True):
        if a == b:
            raise ValueError("no transition")
        found.append(b)
    return found


@task(
    "bit stuffing",
    "medium",
    examples=[([1, 1, 1, 1, 1, 1],), ([0, 1, 0],)],
    edges=[
        ([],),
        ([0] * 5,),
        ([0] * 4,),
        ([1] * 10,),
        ([0, 0, 0, 0, 0, 1, 1, 1, 1, 0],),
        ([0] * 11,),
    ],
    draw=lambda r: ([b for b in bits(r, 3, 5) for _ in range(r.randint(1, 6))],),
    wrong=[("run = 1\n            last", "run = 0\n            last"), ("run == 5", "run == 6")],
)
def can_stuff(bits: list[int]) -> list[int]:
    """Stuff bits as CAN does: after five equal bits in a row insert one of the other value.

    An inserted bit counts as the first of the next row. Also after the very last bit.
    """
    out = []
    run, last = 0, -1
    for bit in bits:
        run = run + 1 if bit == last else 1
        last = bit
        out.append(bit)
        if run == 5:
            run = 1
            last = 1 - bit
            out.append(last)
    return out


@task(
    "bit stuffing",
    "hard",
    examples=[([1, 1, 1, 1, 1, 0, 1],), ([0, 1, 0],)],
    edges=[
        ([],),
        ([0] * 6,),
        ([1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1],),
        ([0] * 5 + [1] * 5 + [0],),
        ([0] * 5,),
        ([1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1],),
    ],
    draw=lambda r: ([b for b in bits(r, 3, 6) for _ in range(r.choice([1, 2, 4, 5]))],),
    wrong=[
        ("return None", "continue"),
        ("run, last = 1, bit\n            stuffed", "run, last = 0, bit\n            stuffed"),
    ],
)
def can_destuff(bits: list[int]) -> list[int] | None:
    """Remove the bits that CAN stuffs; return None for a stuff error.

    After five equal bits in a row the next bit was inserted and is left out; it must differ from
    the five, or the frame has a stuff error. The inserted bit counts as the first of the next row.
    """
    out = []
    run, last, stuffed = 0, -1, False
    for bit in bits:
        if stuffed:
            if bit == last:
                return None
            run, last = 1, bit
            stuffed = False
            continue
        run = run + 1 if bit == last else 1
        last = bit
        out.append(bit)
        stuffed = run == 5
    return out


@task(
    "byte framing",
    "hard",
    examples=[([1, 0, 2],), ([0],)],
    edges=[
        ([],),
        ([1, 2, 3],),
        ([0, 0, 0],),
        ([5, 0],),
        (list(range(1, 255)),),
        (list(range(1, 256)),),
        ([0, *[7] * 254, 0],),
    ],
    draw=lambda r: ([r.choice([0, 0, r.randrange(256), 0x11]) for _ in range(r.randint(3, 14))],),
    wrong=[
        ("len(block) == 254", "len(block) == 255"),
        (
            "out += [len(block) + 1, *block]\n            block = []\n        if",
            "out += [len(block), *block]\n            block = []\n        if",
        ),
    ],
)
def cobs_encode(data: list[int]) -> list[int]:
    """Encode bytes with Consistent Overhead Byte Stuffing, without the final zero.

    The data with a zero added at its end is cut after every zero into blocks. A block of n bytes
    other than zero is written as n+1 and the bytes; the zero itself is left out. After 254 bytes
    without a zero the code 255 and these bytes are written, and a new block begins that no zero
    stands before. If the data ends right there, no further block is written.
    """
    out: list[int] = []
    block: list[int] = []
    full = False
    for byte in data:
        full = False
        if byte == 0:
            out += [len(block) + 1, *block]
            block = []
        if byte:
            block.append(byte)
        if len(block) == 254:
            out += [255, *block]
            block = []
            full = True
    return out if full else [*out, len(block) + 1, *block]


@task(
    "byte framing",
    "medium",
    examples=[([0xC0, 1, 2, 0xC0],), ([5, 0xC0],)],
    edges=[
        ([],),
        ([0xC0, 0xC0, 0xC0],),
        ([1, 0xDB, 0xDC, 0xC0],),
        ([0xDB, 0xDD, 0xC0, 9],),
        ([0xDB, 7, 0xC0, 3, 0xC0],),
        ([0xDB, 0xC0, 4, 0xC0],),
    ],
    draw=lambda r: (
        [
            b
            for _ in range(r.randint(4, 9))
            for b in r.choice(
                [
                    [r.randrange(99)],
                    [r.randrange(99)],
                    [0xC0],
                    [0xDB, 0xDC],
                    [0xDB, 0xDD],
                    [0xDB, 1],
                ]
            )
        ]
        + [0xC0],
    ),
    wrong=[
        ("{0xDC: 0xC0, 0xDD: 0xDB}", "{0xDC: 0xDB, 0xDD: 0xC0}"),
        ("if packet and good", "if good"),
    ],
)
def slip_packets(stream: list[int]) -> list[list[int]]:
    """Split a SLIP stream (RFC 1055) into its packets.

    0xC0 ends a packet; empty packets are left out, and so are bytes at the end that no 0xC0
    follows. Inside, 0xDB 0xDC stands for 0xC0 and 0xDB 0xDD for 0xDB. A packet in which 0xDB is
    followed by anything else (0xC0 included, which ends the packet all the same) is dropped.
    """
    packets = []
    packet: list[int] = []
    good, escaped = True, False
    for byte in stream:
        if byte == 0xC0:
            if packet and good and not escaped:
                packets.append(packet)
            packet, good, escaped = [], True, False
        elif escaped:
            good = good and byte in (0xDC, 0xDD)
            packet.append({0xDC: 0xC0, 0xDD: 0xDB}.get(byte, byte))
            escaped = False
        elif byte == 0xDB:
            escaped = True
        else:
            packet.append(byte)
    return packets


@task(
    "lanes",
    "easy",
    examples=[([1, 2, 3, 4, 5], 2), ([1, 2], 4)],
    edges=[([], 3), ([9], 1), ([1, 2, 3, 4], 4), ([1, 2, 3, 4, 5, 6, 7], 3)],
    draw=lambda r: (octets(r, 4, 14), r.randint(2, 5)),
    wrong=[
        ("data[lane::lanes]", "data[lane * lanes : lane * lanes + lanes]"),
        ("range(lanes)]", "range(min(lanes, len(data)))]"),
    ],
)
def stripe(data: list[int], lanes: int) -> list[list[int]]:
    """Distribute bytes over lanes in turn (byte i goes to lane i modulo lanes).

    Return one list per lane; lanes without a byte are empty lists.
    """
    return [data[lane::lanes] for lane in range(lanes)]


@task(
    "lanes",
    "medium",
    examples=[([[0xBC, 1, 2], [7, 0xBC, 3, 4]], 0xBC), ([[1], [2]], 0xBC)],
    edges=[
        ([], 5),
        ([[5, 5, 1], [5, 2]], 5),
        ([[1, 5], [5]], 5),
        ([[5, 1], [2, 3], [5]], 5),
        ([[9, 5, 1, 2], [5, 3, 4, 6]], 5),
    ],
    draw=lambda r: (
        [
            octets(r, 0, 3) + [0xBC] * (r.random() < 0.93) + octets(r, 2, 5)
            for _ in range(r.randint(2, 4))
        ],
        0xBC,
    ),
    wrong=[("lane.index(marker) + 1", "lane.index(marker)"), ("zip(*rest, strict=False)", "rest")],
)
def deskew(lanes: list[list[int]], marker: int) -> list[int] | None:
    """Align lanes at their first marker and merge what follows; None if a lane has no marker.

    Everything up to and including the first marker of a lane is dropped. Then one byte is taken
    from each lane in turn (first of lane 0, first of lane 1, ..., second of lane 0, ...) until the
    shortest lane is used up. Without lanes the result is an empty list.
    """
    if not all(marker in lane for lane in lanes):
        return None
    rest = [lane[lane.index(marker) + 1 :] for lane in lanes]
    return [byte for row in zip(*rest, strict=False) for byte in row]
