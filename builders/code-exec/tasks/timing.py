"""Timing arithmetic: periods, units, slack, baud rates, PLLs, PWM, latencies. Integers only."""

from __future__ import annotations

import random
from typing import Any

from catalogue import bits, task


@task(
    "time units",
    "easy",
    examples=[("1.5ns",), ("20 us",)],
    edges=[("0.001ns",), ("3ms",), ("2s",), (" 7 PS ",), ("0.25us",), ("5",), ("1.5xs",)],
    draw=lambda r: (
        f"{r.randrange(1000)}{r.choice(['', '.5', '.125'])}{r.choice(['', ' '])}"
        f"{r.choice(['ns', 'us', 'ms', 'NS'])}",
    ),
    wrong=[('"ms": 10**9', '"ms": 10**8'), ("text.strip().lower()", "text.strip()")],
)
def parse_time(text: str) -> int:
    """Return a time such as "1.5ns" or "20 us" in whole picoseconds.

    Units: ps, ns, us, ms, s in any case of letters, with or without spaces around the number; the
    number may have decimals, and the result is always whole. Raise ValueError for a missing or an
    unknown unit.
    """
    from fractions import Fraction

    scale = {"ps": 1, "ns": 10**3, "us": 10**6, "ms": 10**9, "s": 10**12}
    text = text.strip().lower()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :]
    if unit not in scale:
        raise ValueError(text)
    return int(Fraction(number.strip()) * scale[unit])


@task(
    "time units",
    "medium",
    examples=[(1500,), (2_000_000,)],
    edges=[(0,), (999,), (1000,), (1_000_001,), (10**12,), (123_456_789_000,), (10**15 + 10**12,)],
    draw=lambda r: (r.randrange(1, 10**4) * 10 ** r.randrange(9),),
    wrong=[("ps % scale == 0", "ps >= scale"), ('return "0ps"', 'return "0s"')],
)
def format_time(ps: int) -> str:
    """Write a time, given in picoseconds, as a whole number with the largest unit that fits.

    Units: s, ms, us, ns, ps. 1500 is "1500ps" because it is no whole number of ns; 2000000 is
    "2us". Zero is "0ps".
    """
    if ps == 0:
        return "0ps"
    units = [("s", 10**12), ("ms", 10**9), ("us", 10**6), ("ns", 10**3)]
    for unit, scale in units:
        if ps % scale == 0:
            return f"{ps // scale}{unit}"
    return f"{ps}ps"


@task(
    "time units",
    "medium",
    examples=[(100_000, 15), (133_333, 7_500)],
    edges=[(1, 1), (1_000_000, 1_000), (1_000_000, 1_001), (800_000, 13_750), (200, 0)],
    draw=lambda r: (r.randint(10, 10**6), r.randint(1, 10**6)),
    wrong=[("-(-khz * ps // 10**9)", "khz * ps // 10**9"), ("10**9", "10**6")],
)
def cycles_for(khz: int, ps: int) -> int:
    """Return how many whole clock cycles a delay of `ps` picoseconds needs at least.

    The clock runs at `khz` kilohertz. The result must be exact for every integer: no floats.
    """
    return -(-khz * ps // 10**9)


@task(
    "slack",
    "easy",
    examples=[(10_000, 9_200, 300, 0, "setup"), (10_000, 100, 150, 0, "hold")],
    edges=[
        (5_000, 5_000, 0, 0, "setup"),
        (5_000, 0, 0, 0, "hold"),
        (1_000, 1_500, 80, 600, "setup"),
        (1_000, 400, 80, -350, "hold"),
        (2_000, 10, 10, 10, "recovery"),
    ],
    draw=lambda r: (
        r.randrange(500, 20_000, 50),
        r.randrange(20, 20_000),
        r.randrange(0, 400),
        r.randrange(-300, 300),
        r.choice(["setup", "hold"]),
    ),
    wrong=[("period + skew", "period - skew"), ("path - skew - margin", "path - margin")],
)
def slack(period: int, path: int, margin: int, skew: int, check: str) -> int:
    """Return the slack of a path between two flip-flops, in picoseconds; negative is a violation.

    path: delay from the launching clock edge to the data at the capturing flip-flop. margin: its
    setup or hold time. skew: by how much the capturing clock is later than the launching one.
    "setup": the data must be there `margin` before the next capturing edge, one period later.
    "hold": it must not change until `margin` after the same edge at the capturing flip-flop.
    Raise ValueError for any other check.
    """
    if check == "setup":
        return period + skew - margin - path
    if check == "hold":
        return path - skew - margin
    raise ValueError(check)


@task(
    "slack",
    "hard",
    examples=[([["a", "b", 3], ["b", "c", 4]], "a", "c"), ([["a", "b", 1]], "b", "a")],
    edges=[
        ([], "x", "x"),
        ([["a", "b", 1], ["a", "b", 5]], "a", "b"),
        ([["a", "b", 2], ["b", "d", 2], ["a", "c", 1], ["c", "d", 9], ["d", "e", 1]], "a", "e"),
        ([["a", "b", 2], ["c", "d", 5]], "a", "d"),
        ([["a", "b", 0], ["b", "c", 0]], "a", "c"),
    ],
    draw=lambda r: (
        [
            ["abcdefg"[i], "abcdefg"[j], r.randint(0, 20)]
            for i in range(7)
            for j in range(i + 1, 7)
            if r.random() < 0.45
        ],
        "a",
        r.choice("efg"),
    ),
    wrong=[("max(known)", "min(known)"), (" and arrival(a) >= 0", "")],
)
def longest_path(arcs: list[list[Any]], start: str, end: str) -> int:
    """Return the largest total delay from pin start to pin end of a timing graph without loops.

    Each arc is [from, to, delay]. From a pin to itself the delay is 0. Return -1 if no path leads
    from start to end.
    """

    def arrival(node: str) -> int:
        if node == start:
            return 0
        known = [arrival(a) + d for a, b, d in arcs if b == node and arrival(a) >= 0]
        return max(known) if known else -1

    return arrival(end)


@task(
    "baud rate",
    "easy",
    examples=[(16_000_000, 115_200), (1_000_000, 9_600)],
    edges=[(100, 1_000), (160, 10), (1_000_000, 62_500), (48_000_000, 3_000_000), (24, 1)],
    draw=lambda r: (
        r.choice([8, 12, 16, 25, 48, 50, 100]) * 10**6,
        r.choice([1_200, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800]),
    ),
    wrong=[
        ("(2 * clock + 16 * baud) // (32 * baud)", "clock // (16 * baud)"),
        ("max(1, divisor)", "divisor"),
    ],
)
def uart_divisor(clock: int, baud: int) -> int:
    """Return the divisor of a UART that samples 16 times per bit.

    It is clock / (16 * baud), rounded to the nearest integer (a half is rounded up), and at
    least 1. Exact for every positive integer.
    """
    divisor = (2 * clock + 16 * baud) // (32 * baud)
    return max(1, divisor)


@task(
    "baud rate",
    "medium",
    examples=[(1_000_000, 104, 9_600), (16_000_000, 1_667, 9_600)],
    edges=[(9_600, 1, 9_600), (100, 3, 50), (115_200, 2, 115_200), (1_000, 3, 1)],
    draw=lambda r: (r.randrange(10**5, 10**7), r.randint(20, 900), r.choice([9_600, 19_200])),
    wrong=[
        (" if clock >= wanted else -(error // wanted)", ""),
        ("10**6 * abs", "10**3 * abs"),
    ],
)
def baud_error(clock: int, divisor: int, baud: int) -> int:
    """Return the error of a baud rate in parts per million of the wanted rate.

    The real rate is clock / divisor. Positive: too fast. Cut off towards zero to an integer,
    computed exactly.
    """
    wanted = baud * divisor
    error = 10**6 * abs(clock - wanted)
    return error // wanted if clock >= wanted else -(error // wanted)


@task(
    "pll",
    "hard",
    examples=[(25, 100, 2, 8), (24, 50, 4, 20)],
    edges=[(10, 10, 1, 1), (100, 33, 5, 10), (7, 1000, 3, 9), (12, 13, 12, 13), (50, 75, 4, 6)],
    draw=lambda r: (r.randint(10, 60), r.randint(20, 400), r.randint(3, 8), r.randint(10, 40)),
    wrong=[
        ("range(1, dividers + 1)", "range(1, dividers)"),
        ("abs(f * m - target * d) * b[1] < b[2] * d", "abs(f * m - target * d) * b[1] <= b[2] * d"),
    ],
)
def pll_settings(f: int, target: int, dividers: int, multipliers: int) -> list[int]:
    """Choose multiplier and divider of a PLL: f * multiplier / divider closest to the target.

    Multipliers go from 1 to `multipliers`, dividers from 1 to `dividers`. Among equally close
    settings take the smallest divider, then the smallest multiplier. Compare exactly, without
    floats. Return [multiplier, divider].
    """
    b: list[int] = []
    for d in range(1, dividers + 1):
        for m in range(1, multipliers + 1):
            if not b or abs(f * m - target * d) * b[1] < b[2] * d:
                b = [m, d, abs(f * m - target * d)]
    return b[:2]


@task(
    "pwm",
    "easy",
    examples=[(8, 25), (10, 50)],
    edges=[(100, 0), (100, 100), (3, 50), (1, 49), (1, 50), (255, 1)],
    draw=lambda r: (r.randint(3, 1000), r.randrange(101)),
    wrong=[("+ 50", ""), ("period * percent", "(period - 1) * percent")],
)
def pwm_compare(period: int, percent: int) -> int:
    """Return the number of high cycles of a PWM with `period` cycles for a duty in percent.

    Rounded to the nearest integer, a half upwards; exact.
    """
    return (period * percent + 50) // 100


@task(
    "pwm",
    "hard",
    examples=[([0, 1, 1, 0, 1, 1, 0],), ([0, 0, 1],)],
    edges=[
        ([],),
        ([1, 1, 0, 1],),
        ([1, 0, 1, 0, 1, 0],),
        ([0, 1, 0, 0, 1, 1, 1, 0, 1],),
        ([0] * 6,),
        ([1] * 6,),
        ([1, 1, 0, 0, 1, 0, 0, 0, 1],),
    ],
    draw=lambda r: ([b for b in bits(r, 7, 10) for _ in range(r.randint(1, 3))],),
    wrong=[
        ("[b - a, sum(samples[a:b])]", "[b - a, sum(samples[a + 1 : b])]"),
        ("samples[i] > samples[i - 1]", "samples[i] != samples[i - 1]"),
    ],
)
def pwm_measure(samples: list[int]) -> list[list[int]]:
    """Measure a sampled PWM signal: return [period, high samples] of every complete period.

    A period goes from one rising edge to the next. The first sample is no edge; what comes
    before the first rising edge and after the last one is left out.
    """
    from itertools import pairwise

    rising = [i for i in range(1, len(samples)) if samples[i] > samples[i - 1]]
    return [[b - a, sum(samples[a:b])] for a, b in pairwise(rising)]


@task(
    "latency",
    "medium",
    examples=[([2, 1, 3], 4), ([1], 5)],
    edges=[([], 3), ([4, 4], 1), ([1, 1, 1], 0), ([0, 2], 3), ([5, 1, 1, 5], 2)],
    draw=lambda r: ([r.randint(1, 9) for _ in range(r.randint(2, 6))], r.randint(2, 30)),
    wrong=[
        ("(items - 1) * max(stages)", "items * max(stages)"),
        ("sum(stages) + (items - 1) * max(stages)", "items * sum(stages)"),
    ],
)
def pipeline_cycles(stages: list[int], items: int) -> int:
    """Return after how many cycles the last of `items` items leaves a pipeline.

    stages: the cycles each stage needs per item; a stage holds one item at a time, and waiting
    room between stages is unlimited. All items wait at the input at cycle 0. Without stages or
    items the answer is 0.
    """
    if not stages or items == 0:
        return 0
    return sum(stages) + (items - 1) * max(stages)


@task(
    "latency",
    "hard",
    examples=[
        ([["req", 1, 10], ["rsp", 1, 14]],),
        ([["req", 1, 0], ["req", 2, 3], ["rsp", 2, 9]],),
    ],
    edges=[
        ([],),
        ([["rsp", 7, 5]],),
        ([["req", 1, 0], ["req", 1, 2], ["rsp", 1, 5], ["rsp", 1, 6]],),
        ([["req", 3, 4], ["rsp", 3, 4]],),
        ([["req", 1, 0], ["rsp", 1, 9], ["rsp", 1, 10], ["req", 2, 11]],),
    ],
    draw=lambda r: (_traffic(r),),
    wrong=[
        (".pop(0)", ".pop()"),
        ("sum(spent) // len(spent)", "round(sum(spent) / len(spent) + 0.5)"),
    ],
)
def latencies(events: list[list[Any]]) -> list[int]:
    """Return [smallest, largest, mean rounded down, unanswered requests, stray responses].

    Each event is ["req" or "rsp", tag, time], in order of time. A response belongs to the oldest
    unanswered request with its tag; a response without one is stray. The first three are -1 if
    no request was answered.
    """
    waiting: dict[int, list[int]] = {}
    spent = []
    stray = 0
    for kind, tag, time in events:
        if kind == "req":
            waiting.setdefault(tag, []).append(time)
        elif waiting.get(tag):
            spent.append(time - waiting[tag].pop(0))
        else:
            stray += 1
    open_ones = sum(len(times) for times in waiting.values())
    if not spent:
        return [-1, -1, -1, open_ones, stray]
    return [min(spent), max(spent), sum(spent) // len(spent), open_ones, stray]


def _traffic(r: random.Random) -> list[list[Any]]:
    time = 0
    events: list[list[Any]] = []
    for _ in range(r.randint(6, 14)):
        time += r.randint(0, 6)
        events.append([r.choice(["req", "req", "rsp"]), r.randint(1, 3), time])
    return events
