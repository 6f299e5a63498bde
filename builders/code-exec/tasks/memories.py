"""Memories: caches, banks, march tests."""

from __future__ import annotations

from catalogue import task


@task(
    "cache",
    "easy",
    examples=[(0x12345678, 64, 128), (0x40, 16, 4)],
    edges=[(0, 32, 1), (0xFFFFFFFF, 64, 256), (0x3F, 64, 2), (0x1000, 1, 16), (0x80, 64, 2)],
    draw=lambda r: (r.getrandbits(32), r.choice([16, 32, 64]), r.choice([32, 64, 128, 512])),
    wrong=[("line // sets", "address // sets"), ("line % sets", "(line + 1) % sets")],
)
def split_address(address: int, size: int, sets: int) -> list[int]:
    """Split an address for a cache: return [tag, index, offset].

    size: bytes per line; sets: number of sets; both powers of two. The lowest bits are the offset
    within the line, then comes the index of the set, the rest is the tag.
    """
    line, offset = address // size, address % size
    return [line // sets, line % sets, offset]


@task(
    "cache",
    "hard",
    examples=[([0, 1, 0, 2, 0, 1], 2), ([5, 5, 5], 1)],
    edges=[
        ([], 4),
        ([1, 2, 3], 0),
        ([1, 2, 1, 3, 2], 2),
        ([1, 2, 3, 1, 2, 3], 3),
        ([1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5], 3),
    ],
    draw=lambda r: ([r.randrange(6) for _ in range(r.randint(10, 18))], r.randint(2, 4)),
    wrong=[("held.remove(line)", "continue"), ("held.pop(0)", "held.pop()")],
)
def lru_misses(lines: list[int], ways: int) -> list[int]:
    """Model a fully associative cache with the LRU policy: return the indices of the misses.

    lines: the line of each access, in order. The cache holds `ways` lines and is empty at the
    start; when it is full, a miss replaces the line that was used least recently (hits count as
    use). With 0 ways every access is a miss.
    """
    held: list[int] = []
    misses = []
    for i, line in enumerate(lines):
        if line in held:
            held.remove(line)
        else:
            misses.append(i)
            if len(held) == ways and held:
                held.pop(0)
        if ways:
            held.append(line)
    return misses


@task(
    "cache",
    "hard",
    examples=[("LRWs",), ("RR",)],
    edges=[("",), ("W",), ("Rr",), ("WrW",), ("Lww",), ("RwRr",), ("WWrR",)],
    draw=lambda r: ("".join(r.choice("RWrwL") for _ in range(r.randint(3, 9))),),
    wrong=[
        ('state == "M" and event in "rw"', 'state == "M" and event == "w"'),
        ("shared = True", "shared = False"),
    ],
)
def mesi(events: str) -> list[str]:
    """Follow one cache line through the MESI protocol, beginning in I; return the state each time.

    Events: R and W are this core's read and write; r and w are another core's read and write, seen
    on the bus; L evicts the line from this cache; any other letter does nothing. A read in I leads
    to S if another core may hold the line, else to E. Another core may hold it after any r or w,
    until this core writes. This core's write leads to M; r leads M and E to S; w leads to I. When
    M is left because of L, r or w, the line is written back, and "*" is appended to the new state
    in the result (as "S*").
    """
    state, shared = "I", False
    found = []
    for event in events:
        back = "*" if (state == "M" and event in "rw") or (state == "M" and event == "L") else ""
        if event == "R" and state == "I":
            state = "S" if shared else "E"
        elif event == "W":
            state, shared = "M", False
        elif event == "L":
            state = "I"
        elif event in "rw":
            shared = True
            state = "I" if event == "w" or state == "I" else "S"
        found.append(state + back)
    return found


@task(
    "banks",
    "medium",
    examples=[([0, 4, 8, 1], 4), ([0, 1, 2, 3], 4)],
    edges=[([], 8), ([3], 1), ([1, 2, 3], 1), ([5, 5, 5], 2), ([0, 8, 16, 24], 16)],
    draw=lambda r: ([r.randrange(32) for _ in range(r.randint(4, 12))], r.choice([2, 4, 8])),
    wrong=[("address % banks", "address // banks"), ("max(load)", "max(load) - 1")],
)
def bank_cycles(addresses: list[int], banks: int) -> int:
    """Return how many cycles a set of simultaneous accesses takes in a banked memory.

    Word `a` lies in bank a modulo banks. Every bank serves one different address per cycle;
    accesses to the same address are served together. No access takes no cycle.
    """
    load = [0] * banks
    for address in set(addresses):
        load[address % banks] += 1
    return max(load)


@task(
    "banks",
    "medium",
    examples=[(0, 4), (5, 4)],
    edges=[(3, 4), (15, 4), (16, 4), (7, 1), (1, 2), (2, 2), (100, 8)],
    draw=lambda r: (r.randrange(512), r.choice([4, 8, 16])),
    wrong=[
        ("(address + row) % banks", "(address ^ row) % banks"),
        ("address // banks", "address // banks + 1"),
    ],
)
def skewed_bank(address: int, banks: int) -> list[int]:
    """Return [bank, row] of a word in a memory with skewed storage.

    The row is the address divided by the number of banks, cut off; the bank is the sum of address
    and row, modulo the number of banks.
    """
    row = address // banks
    return [(address + row) % banks, row]


@task(
    "march test",
    "hard",
    examples=[("up w0; up r0 w1", 2), ("down r1", 3)],
    edges=[
        ("", 4),
        ("up w0", 0),
        ("down r0 w1 r1", 2),
        (" any w1 ;; up r1 ", 2),
        ("up w0;down r0", 1),
    ],
    draw=lambda r: (
        "; ".join(
            f"{r.choice(['up', 'down', 'any'])} "
            + " ".join(r.choice(["w0", "w1", "r0", "r1"]) for _ in range(r.randint(1, 3)))
            for _ in range(r.randint(1, 3))
        ),
        r.randint(1, 3),
    ),
    wrong=[
        ('words[0] == "down"', 'words[0] != "up"'),
        ("for word in words[1:]", "for word in words[:0:-1]"),
    ],
)
def march_steps(text: str, size: int) -> list[str]:
    """Expand a march test into its steps "address operation", such as "0 w1".

    The text holds elements separated by semicolons: a direction and operations (w0, w1, r0, r1),
    separated by spaces. For each address all operations are done, then it goes on with the next
    address: up from 0 to size-1, down the other way, any like up. Empty elements are skipped.
    """
    steps = []
    for element in text.split(";"):
        words = element.split()
        if words:
            addresses = list(range(size))
            if words[0] == "down":
                addresses.reverse()
            for address in addresses:
                for word in words[1:]:
                    steps.append(f"{address} {word}")
    return steps


@task(
    "march test",
    "hard",
    examples=[([["w", 0, 1], ["r", 0, 1]], 0, 0), ([["w", 0, 1], ["w", 1, 0], ["r", 1, 0]], 1, 1)],
    edges=[
        ([], 0, 1),
        ([["r", 2, 0]], 2, 0),
        ([["r", 2, 0]], 2, 1),
        ([["w", 3, 1], ["r", 3, 0]], 9, 0),
        ([["w", 1, 0], ["r", 1, 0], ["w", 1, 1], ["r", 1, 1]], 1, 1),
    ],
    draw=lambda r: (
        [[r.choice("rw"), r.randrange(3), r.randrange(2)] for _ in range(r.randint(6, 12))],
        r.randrange(3),
        r.randrange(2),
    ),
    wrong=[("if address != cell", "if address == cell"), ("seen != value", "seen == value")],
)
def failing_reads(steps: list[list[int | str]], cell: int, stuck: int) -> list[int]:
    """Run a memory test on a memory with one stuck cell; return the indices of the failing reads.

    Steps are ["w", address, value] and ["r", address, expected value], with values 0 and 1. All
    cells hold 0 at the start, but the given cell always reads as the stuck value, whatever is
    written. A read fails if it does not give the expected value.
    """
    memory: dict[int | str, int | str] = {}
    failing = []
    for i, (kind, address, value) in enumerate(steps):
        if kind == "w":
            if address != cell:
                memory[address] = value
        else:
            seen = stuck if address == cell else memory.get(address, 0)
            if seen != value:
                failing.append(i)
    return failing
