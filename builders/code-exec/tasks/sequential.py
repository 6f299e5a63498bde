"""Small sequential circuits, cycle by cycle: counters, queues, arbiters, clock dividers."""

from __future__ import annotations

import random

from catalogue import task


@task(
    "gray code",
    "easy",
    examples=[(5,), (2,)],
    edges=[(0,), (1,), (7,), (8,), (255,), (1 << 40,)],
    draw=lambda r: (r.getrandbits(16),),
    wrong=[("n ^ n >> 1", "n ^ n << 1"), ("n >> 1", "n >> 2")],
)
def gray_encode(n: int) -> int:
    """Return the reflected binary Gray code of a non-negative integer (5 = 0b101 gives 0b111)."""
    return n ^ n >> 1


@task(
    "gray code",
    "medium",
    examples=[(7,), (3,)],
    edges=[(0,), (1,), (4,), (12,), (255,), (0x8000,)],
    draw=lambda r: (r.getrandbits(16),),
    wrong=[("while code:", "if code:"), ("n ^= code", "n |= code")],
)
def gray_decode(code: int) -> int:
    """Return the integer whose reflected binary Gray code is given (0b111 gives 5)."""
    n = 0
    while code:
        n ^= code
        code >>= 1
    return n


@task(
    "gray code",
    "medium",
    examples=[([0, 1, 3, 2],), ([0, 3, 2],)],
    edges=[
        ([],),
        ([5],),
        ([7, 7],),
        ([1, 6, 4, 3],),
        ([0, 1, 0, 2, 6, 4, 5],),
        ([8, 0, 8, 9, 1, 3, 12],),
    ],
    draw=lambda r: (_walk(r),),
    wrong=[
        ('bin(a ^ b).count("1") != 1', 'bin(a).count("1") - bin(b).count("1") not in (1, -1)'),
        ("i + 1", "i"),
    ],
)
def gray_glitches(values: list[int]) -> list[int]:
    """Check a sampled Gray counter: neighbouring values must differ in exactly one bit.

    Return the indices of the values that do not follow properly on the one before them (a value
    that stays the same does not either).
    """
    from itertools import pairwise

    found = []
    for i, (a, b) in enumerate(pairwise(values)):
        if bin(a ^ b).count("1") != 1:
            found.append(i + 1)
    return found


def _walk(r: random.Random) -> list[int]:
    values = [r.randrange(16)]
    for _ in range(r.randint(6, 12)):
        step = 1 << r.randrange(4) if r.random() < 0.7 else r.choice([0, 3, 6, 9, 15])
        values.append(values[-1] ^ step)
    return values


@task(
    "fifo",
    "medium",
    examples=[(2, [5, 6, 7, None, None]), (1, [None, 3, None])],
    edges=[(0, [1, None]), (3, []), (2, [None, None]), (1, [1, 2, None, 3, None, None]), (9, [4])],
    draw=lambda r: (
        r.randint(1, 3),
        [r.randrange(100) if r.random() < 0.55 else None for _ in range(r.randint(8, 16))],
    ),
    wrong=[("queue.pop(0)", "queue.pop()"), ("len(queue) < depth", "len(queue) <= depth")],
)
def run_fifo(depth: int, operations: list[int | None]) -> list[list[int]]:
    """Model a FIFO with room for depth values.

    An integer among the operations is a push of that value, null (None) is a pop. A push to a
    full FIFO and a pop from an empty one do nothing, but are counted. Return
    [popped values in order, values left in order, [lost pushes, failed pops]].
    """
    queue: list[int] = []
    popped = []
    lost = failed = 0
    for operation in operations:
        if operation is not None:
            if len(queue) < depth:
                queue.append(operation)
            else:
                lost += 1
        elif queue:
            popped.append(queue.pop(0))
        else:
            failed += 1
    return [popped, queue, [lost, failed]]


@task(
    "fifo",
    "hard",
    examples=[(8, 3, 2, 20), (4, 1, 1, 10)],
    edges=[(10, 1, 4, 100), (16, 1, 2, 7), (5, 3, 3, 0), (1, 7, 2, 50), (20, 2, 9, 18)],
    draw=lambda r: (r.randint(4, 40), r.randint(1, 3), r.randint(2, 7), r.randint(10, 120)),
    wrong=[
        ("cycle % read == read - 1", "cycle % read == 0"),
        ("cycle < burst * write", "cycle <= burst * write + read"),
    ],
)
def fifo_depth(burst: int, write: int, read: int, cycles: int) -> int:
    """Return the largest number of words a FIFO holds over the first `cycles` clock cycles.

    A word is written in every write-th cycle (cycles 0, write, 2*write, ...) until burst words
    were written. One word is read, if there is one, in the last of every read cycles (cycles
    read-1, 2*read-1, ...). In one cycle the write happens before the read; the largest number is
    looked for right after each write.
    """
    held = deepest = 0
    for cycle in range(cycles):
        if cycle % write == 0 and cycle < burst * write:
            held += 1
            deepest = max(deepest, held)
        if cycle % read == read - 1 and held:
            held -= 1
    return deepest


@task(
    "arbiter",
    "medium",
    examples=[(0, [0b0110, 0b0110], 4), (3, [0b1111], 4)],
    edges=[
        (0, [], 4),
        (2, [0, 0b1000, 0, 0b1001], 4),
        (1, [3, 3, 3, 3], 2),
        (7, [0xFF] * 5, 8),
        (0, [1, 1, 1], 4),
    ],
    draw=lambda r: (
        (n := r.choice([3, 4, 5])) and r.randrange(n),
        [r.getrandbits(n) for _ in range(r.randint(5, 10))],
        n,
    ),
    wrong=[
        ("last = candidate", "last = (last + 1) % ports"),
        ("(last + step) % ports", "(last + step - 1) % ports"),
    ],
)
def round_robin(last: int, requests: list[int], ports: int) -> list[int]:
    """Model a round-robin arbiter: return the granted port of each cycle, -1 where none asks.

    In each cycle bit i of the request mask says whether port i asks. The search begins with the
    port after the one that was granted last (at the start: `last`) and goes upwards, from the
    highest port to port 0; the port granted last comes at the very end. A cycle without a request
    changes nothing.
    """
    grants = []
    for mask in requests:
        grant = -1
        for step in range(1, ports + 1):
            candidate = (last + step) % ports
            if mask >> candidate & 1:
                grant = last = candidate
                break
        grants.append(grant)
    return grants


@task(
    "arbiter",
    "hard",
    examples=[([3, 1], 8), ([1, 1, 1], 4)],
    edges=[([], 3), ([0, 2], 4), ([5], 3), ([0, 0], 2), ([4, 2, 1], 0), ([1, 4], 11)],
    draw=lambda r: ([r.randint(0, 5) for _ in range(r.randint(2, 4))], r.randint(6, 14)),
    wrong=[
        ("credit[best] -= total", "credit[best] = 0"),
        ("credit[i] > credit[best]", "credit[i] >= credit[best]"),
    ],
)
def weighted_grants(weights: list[int], cycles: int) -> list[int]:
    """Model a smooth weighted arbiter of ports that always ask; return the port of each cycle.

    Every port has a credit, 0 at the start. In each cycle every port's credit grows by its weight;
    the port with the largest credit is granted (the lowest number if several have it), and its
    credit falls by the sum of all weights. If all weights are 0, or there is no port, the result
    is empty.
    """
    total = sum(weights)
    if total == 0:
        return []
    credit = [0] * len(weights)
    grants = []
    for _ in range(cycles):
        best = 0
        for i, weight in enumerate(weights):
            credit[i] += weight
            if credit[i] > credit[best]:
                best = i
        credit[best] -= total
        grants.append(best)
    return grants


@task(
    "clock divider",
    "easy",
    examples=[(4, 8), (3, 7)],
    edges=[(2, 5), (5, 0), (7, 14), (2, 1), (6, 13)],
    draw=lambda r: (r.randint(2, 9), r.randint(8, 24)),
    wrong=[("(n + 1) // 2", "n // 2"), ("cycle % n", "(cycle + 1) % n")],
)
def divided_clock(n: int, cycles: int) -> list[int]:
    """Return the level of a clock divided by n in each input cycle, beginning with a high phase.

    The period is n cycles; the high phase comes first. For an odd n it is one cycle longer than
    the low phase. n is at least 2.
    """
    return [1 if cycle % n < (n + 1) // 2 else 0 for cycle in range(cycles)]


@task(
    "clock divider",
    "medium",
    examples=[(3, 8, 8), (1, 4, 5)],
    edges=[(0, 5, 6), (4, 4, 3), (7, 8, 16), (1, 1, 4), (5, 12, 0), (2, 3, 10)],
    draw=lambda r: (r.randint(1, 9), r.randint(9, 16), r.randint(8, 24)),
    wrong=[("total >= modulus", "total > modulus"), ("total -= modulus", "total = 0")],
)
def fractional_pulses(increment: int, modulus: int, cycles: int) -> list[int]:
    """Model a fractional clock enable: return the indices of the cycles that carry a pulse.

    An accumulator starts at 0. In each cycle (the first is 0) the increment is added; when it
    then has reached the modulus, or passed it, that cycle carries a pulse and the modulus is
    subtracted.
    """
    total = 0
    pulses = []
    for cycle in range(cycles):
        total += increment
        if total >= modulus:
            total -= modulus
            pulses.append(cycle)
    return pulses
