"""Serial lines: UART, SPI, I2C."""

from __future__ import annotations

import random

from catalogue import bits, task


@task(
    "uart",
    "easy",
    examples=[(0x55, 8, "none", 1), (0x03, 7, "even", 2)],
    edges=[(0, 8, "odd", 1), (0xFF, 8, "even", 1), (0x80, 8, "none", 2), (0x1F, 5, "odd", 1)],
    draw=lambda r: (
        r.getrandbits(7),
        r.choice([7, 8]),
        r.choice(["none", "even", "odd"]),
        r.choice([1, 2]),
    ),
    wrong=[("range(width)", "reversed(range(width))"), ('kind == "odd"', 'kind == "even"')],
)
def uart_frame(word: int, width: int, kind: str, stops: int) -> list[int]:
    """Return the line levels of one UART frame.

    A start bit 0, the width data bits with the lowest first, a parity bit unless kind is "none",
    and `stops` stop bits 1. "even": data and parity bit hold an even number of ones; "odd": an
    odd one.
    """
    data = [word >> i & 1 for i in range(width)]
    parity = [] if kind == "none" else [(sum(data) + (kind == "odd")) % 2]
    return [0, *data, *parity, *[1] * stops]


@task(
    "uart",
    "hard",
    examples=[([1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1],), ([1, 1, 1],)],
    edges=[
        ([],),
        ([0] * 9 + [1],),
        ([0] * 10,),
        ([0, *[1] * 8, 0, 1, 1, 0, *[0, 1] * 4, 1],),
        ([1, 0, 1, 1, 0],),
        ([0, *[1] * 9, 0, *[0] * 8, 1],),
    ],
    draw=lambda r: (_line(r),),
    wrong=[
        ("i += 10", "i += 9"),
        ("value += samples[i + 1 + k] << k", "value += samples[i + 1 + k] << (7 - k)"),
    ],
)
def uart_receive(samples: list[int]) -> list[int]:
    """Receive UART frames (8 data bits, no parity, one stop bit) from a line sampled once per bit.

    The idle line is 1. A 0 begins a frame: start bit, eight data bits with the lowest first, stop
    bit. Append the byte, or -1 if the stop bit is 0; then go on after the stop bit's place. A
    frame that is cut off by the end of the record is left out.
    """
    found = []
    i = 0
    while i < len(samples):
        if samples[i] == 1:
            i += 1
            continue
        if i + 10 > len(samples):
            break
        value = 0
        for k in range(8):
            value += samples[i + 1 + k] << k
        found.append(value if samples[i + 9] else -1)
        i += 10
    return found


def _line(r: random.Random) -> list[int]:
    line = []
    for _ in range(r.randint(1, 3)):
        line += [1] * r.randint(0, 3) + [0] + bits(r, 8, 8) + [1 if r.random() < 0.8 else 0]
    return line[: len(line) - r.choice([0, 0, 0, 3])]


@task(
    "spi",
    "medium",
    examples=[(0, [[0, 0], [1, 1], [0, 1], [1, 0]]), (1, [[0, 0], [1, 1], [0, 0]])],
    edges=[
        (0, []),
        (3, [[1, 0], [0, 1], [1, 1], [0, 0], [1, 0]]),
        (2, [[1, 1], [0, 0], [1, 1]]),
        (1, [[0, 1], [1, 0], [0, 1], [1, 1], [0, 0]]),
        (0, [[1, 1], [1, 0]]),
    ],
    draw=lambda r: (
        (m := r.randrange(4)),
        [[(m >> 1) ^ (i // 2 % 2), r.randrange(2)] for i in range(r.randint(6, 16))],
    ),
    wrong=[("mode in (0, 3)", "mode in (0, 2)"), ("after[1]", "before[1]")],
)
def spi_bits(mode: int, samples: list[list[int]]) -> list[int]:
    """Return the bits that an SPI receiver takes from samples [clock, data].

    In modes 0 and 3 the data is taken at rising edges of the clock, in modes 1 and 2 at falling
    ones. An edge lies between two neighbouring samples; the data is that of the later one.
    """
    from itertools import pairwise

    level = 1 if mode in (0, 3) else 0
    found = []
    for before, after in pairwise(samples):
        if before[0] != after[0] and after[0] == level:
            found.append(after[1])
    return found


@task(
    "i2c",
    "medium",
    examples=[(0x50, True), (0x3FF, False)],
    edges=[
        (0, False),
        (0x7F, True),
        (0x80, False),
        (0x80, True),
        (0x400, False),
        (-1, True),
        (0x2A5, True),
    ],
    draw=lambda r: (r.choice([r.randrange(128), r.randrange(1024)]), r.random() < 0.5),
    wrong=[
        ("address > 0x3FF", "address > 0x7FF"),
        ("0xF0 | address >> 7 & 6", "0xF0 | address >> 8 & 6"),
    ],
)
def i2c_address(address: int, read: bool) -> list[int]:
    """Return the byte or bytes that address an I2C device; the lowest bit of the first is R/W.

    Up to 0x7F: one byte, the 7-bit address and R/W (1 = read). From 0x80 to 0x3FF: two bytes,
    first 11110, the two highest address bits and R/W, then the eight low bits. Raise ValueError
    for any other address.
    """
    if address < 0 or address > 0x3FF:
        raise ValueError(address)
    bit = 1 if read else 0
    if address <= 0x7F:
        return [address << 1 | bit]
    return [0xF0 | address >> 7 & 6 | bit, address & 0xFF]


@task(
    "i2c",
    "hard",
    examples=[
        ([[1, 1], [1, 0], [0, 0], [0, 1], [1, 1], [0, 1], [0, 0], [1, 0], [1, 1]],),
        ([[1, 1], [1, 1]],),
    ],
    edges=[
        ([],),
        ([[1, 0], [1, 1], [1, 0]],),
        ([[1, 1], [1, 0], [0, 0], [1, 0], [0, 1], [1, 1], [1, 0]],),
        ([[0, 1], [0, 0], [1, 0], [0, 0]],),
        ([[0, 0], [1, 1], [0, 0], [1, 1]],),
    ],
    draw=lambda r: ([[r.randrange(2), r.randrange(2)] for _ in range(r.randint(8, 16))],),
    wrong=[("data[1] < before[1]", "data[1] > before[1]"), ("before[0] == 1 and", "")],
)
def i2c_events(samples: list[list[int]]) -> list[str]:
    """Decode samples [SCL, SDA] of an I2C bus into events "start", "stop", "0" and "1".

    Compare neighbouring samples. SCL high in both: SDA falling is a start, SDA rising a stop. SCL
    rising: a bit, with the value of SDA in the later sample. Anything else is no event.
    """
    from itertools import pairwise

    events = []
    for before, data in pairwise(samples):
        if before[0] == 1 and data[0] == 1:
            if data[1] != before[1]:
                events.append("start" if data[1] < before[1] else "stop")
        elif before[0] == 0 and data[0] == 1:
            events.append(str(data[1]))
    return events
