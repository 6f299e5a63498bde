"""Buses: address maps and bursts."""

from __future__ import annotations

from typing import Any

from catalogue import task


@task(
    "address map",
    "medium",
    examples=[([["rom", 0, 4096], ["ram", 4096, 4096]], 4100), ([["rom", 0, 4096]], 9000)],
    edges=[
        ([], 0),
        ([["a", 16, 16]], 15),
        ([["a", 16, 16]], 32),
        ([["a", 16, 16]], 31),
        ([["all", 0, 256], ["uart", 32, 8]], 33),
        ([["x", 0, 64], ["y", 0, 16], ["z", 8, 16]], 9),
    ],
    draw=lambda r: (
        [
            [n, r.randrange(0, 32, 4), r.choice([8, 16, 32])]
            for n in r.sample("pqrst", r.randint(2, 4))
        ],
        r.randrange(44),
    ),
    wrong=[
        ("base <= address < base + size", "base <= address <= base + size"),
        ("size < best[1]", "size > best[1]"),
    ],
)
def decode_address(regions: list[list[Any]], address: int) -> list[Any] | None:
    """Decode an address: return [name, offset] of the region that it lies in, None if in none.

    A region is [name, base, size]. Where regions overlap the smallest one answers, among those of
    one size the first. The offset is the address less the region's base.
    """
    best: list[Any] = []
    for name, base, size in regions:
        if base <= address < base + size and (not best or size < best[1]):
            best = [name, size, address - base]
    return [best[0], best[2]] if best else None


@task(
    "address map",
    "medium",
    examples=[(3, 0x1000, 256), (0, 0x40, 64)],
    edges=[
        (1, 0, 1),
        (5, 0x100, 0x30),
        (2, 3, 4),
        (1, 0xFFFFFFC0, 0x40),
        (9, 100, 1000),
        (1, 5, 0),
    ],
    draw=lambda r: (r.randint(1, 6), r.randrange(5000), r.choice([16, 60, 256, 1000])),
    wrong=[
        ("(base + size - 1) // size * size", "base"),
        ("while size & (size - 1)", "while size % 2"),
    ],
)
def place_blocks(count: int, base: int, size: int) -> list[int]:
    """Return the base addresses of `count` blocks placed one after the other.

    Each block takes `size` bytes, rounded up to a power of two (at least 1), and its base is a
    multiple of that. The first block goes to the lowest possible address that is not below
    `base`, the others follow without gaps.
    """
    size = max(size, 1)
    while size & (size - 1):
        size += 1
    first = (base + size - 1) // size * size
    return [first + i * size for i in range(count)]


@task(
    "burst",
    "medium",
    examples=[("incr", 0x1004, 4, 3), ("wrap", 0x28, 4, 4)],
    edges=[
        ("fixed", 0x10, 8, 3),
        ("incr", 0x1003, 4, 3),
        ("wrap", 0x3C, 4, 4),
        ("incr", 5, 1, 1),
        ("wrap", 0x30, 8, 8),
        ("wrap", 0, 2, 2),
    ],
    draw=lambda r: (
        (k := r.choice(["incr", "wrap", "wrap", "fixed"])),
        r.randrange(256) * (s := r.choice([1, 2, 4, 8])) + (r.randrange(s) if k == "incr" else 0),
        s,
        r.choice([2, 4, 8]),
    ),
    wrong=[
        ("found[-1] // size * size + size", "found[-1] + size"),
        ("low + (next - low) % total", "next"),
    ],
)
def burst_addresses(kind: str, address: int, size: int, beats: int) -> list[int]:
    """Return the address of every beat of an AXI burst; size is the number of bytes per beat.

    "fixed": always the start address. "incr": the start address first, as it is; each further
    beat is at the next multiple of size. "wrap": rises by size, and goes back to the lower
    boundary when it reaches the upper one; the boundaries are the multiples of size * beats
    around the start, which is aligned to size.
    """
    total = size * beats
    low = address // total * total
    found = [address]
    for _ in range(beats - 1):
        next = found[-1] // size * size + size
        if kind == "wrap":
            next = low + (next - low) % total
        found.append(address if kind == "fixed" else next)
    return found


@task(
    "burst",
    "hard",
    examples=[(0x0FF8, 6, 4), (0x100, 3, 4)],
    edges=[
        (0, 0, 4),
        (0, 256, 4),
        (0, 257, 4),
        (0xFFC, 1, 4),
        (0x800, 600, 8),
        (0x1FFC, 2, 4),
        (0, 300, 16),
    ],
    draw=lambda r: (r.randrange(2048) * 8, r.randint(100, 700), r.choice([1, 2, 4, 8])),
    wrong=[("(4096 - address % 4096) // size", "4096 // size"), (", 256)", ")")],
)
def split_bursts(address: int, beats: int, size: int) -> list[list[int]]:
    """Split a transfer into AXI bursts [address, beats], in order, each as long as possible.

    A burst has at most 256 beats of size bytes and does not cross a multiple of 4096. The address
    is aligned to size.
    """
    bursts = []
    while beats > 0:
        count = min(beats, (4096 - address % 4096) // size, 256)
        bursts.append([address, count])
        address += count * size
        beats -= count
    return bursts


@task(
    "burst",
    "medium",
    examples=[(0b0110, 4, 0x100), (0b1111, 4, 0x20)],
    edges=[(0, 4, 0x10), (0b1001, 4, 0), (0b11110000, 8, 8), (0b1, 1, 7), (0b1011, 4, 0x44)],
    draw=lambda r: (r.getrandbits(8), 8, 8 * r.randrange(64)),
    wrong=[("base + start", "start"), ("lane > start", "lane >= start")],
)
def strobe_runs(strobe: int, lanes: int, base: int) -> list[list[int]]:
    """Turn the byte strobes of one beat into writes [address, length] of neighbouring bytes.

    Bit i of the strobe stands for the byte at base + i, for i below lanes. Every run of set bits
    is one write, the lowest address first.
    """
    runs = []
    lane = 0
    while lane < lanes:
        start = lane
        while lane < lanes and strobe >> lane & 1:
            lane += 1
        if lane > start:
            runs.append([base + start, lane - start])
        else:
            lane += 1
    return runs
