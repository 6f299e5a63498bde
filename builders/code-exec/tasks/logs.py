"""Logs of a test bench: messages, reports, coverage."""

from __future__ import annotations

import random
from typing import Any

from catalogue import task


def _log(r: random.Random) -> str:
    lines = []
    for _ in range(r.randint(4, 9)):
        kind = r.choice(["UVM_INFO", "UVM_INFO", "UVM_WARNING", "UVM_ERROR", "UVM_FATAL", "note:"])
        place = r.choice(["a.sv(12)", "env/b.sv(7)", "UVM_ERROR.sv(3)"])
        lines.append(
            f"{kind} {place} @ {r.randrange(500)}: top.{r.choice('xyz')} [T{r.randrange(4)}] m"
        )
    return "\n".join(lines)


@task(
    "uvm log",
    "easy",
    examples=[
        ("UVM_INFO a.sv(1) @ 0: top [A] hi\nUVM_ERROR b.sv(2) @ 5: top [B] bad",),
        ("nothing here",),
    ],
    edges=[
        ("",),
        ("UVM_ERROR : 3\nUVM_INFO :  12",),
        ("  UVM_FATAL x.sv(1) @ 2: top [C] end",),
        ("UVM_INFO a.sv(9) @ 1: top [D] UVM_ERROR seen\n# UVM_ERROR a.sv(1) @ 0: t [E] x",),
        ("UVM_INFOS a.sv(1) @ 0: top [F] x",),
    ],
    draw=lambda r: (_log(r),),
    wrong=[("words[0] in counts", "any(k in line for k in counts)"), ('words[1] == ":"', "False")],
)
def count_severities(log: str) -> list[int]:
    """Count the messages of a UVM log: return [infos, warnings, errors, fatals].

    A message is a line whose first word is UVM_INFO, UVM_WARNING, UVM_ERROR or UVM_FATAL. Lines
    of the summary, in which the second word is a lone colon ("UVM_ERROR : 3"), are no messages.
    """
    counts = {"UVM_INFO": 0, "UVM_WARNING": 0, "UVM_ERROR": 0, "UVM_FATAL": 0}
    for line in log.splitlines():
        words = line.split()
        summary = len(words) > 1 and words[1] == ":"
        if words and words[0] in counts and not summary:
            counts[words[0]] += 1
    return list(counts.values())


@task(
    "uvm log",
    "medium",
    examples=[
        ("UVM_ERROR env/b.sv(7) @ 50: top.x [SCB] mismatch: 3 != 4",),
        ("UVM_INFO a.sv(1) @ 0: top [A] hi",),
    ],
    edges=[
        ("",),
        (
            "UVM_INFO a.sv(1) @ 0: t [A] x\nUVM_FATAL b.sv(22) @ 9: t.y [B] dead\n"
            "UVM_ERROR c.sv(3) @ 10: t [C] z",
        ),
        ("UVM_ERROR odd (1).sv(33) @ 7: t [K] [L] text",),
        ("UVM_ERROR no place",),
        ("UVM_ERROR bad\nUVM_ERROR e.sv(5) @ 8: q [Z9] ok",),
    ],
    draw=lambda r: (_log(r),),
    wrong=[("UVM_(?:ERROR|FATAL)", "UVM_ERROR"), ("int(found[3])", "found[3]")],
)
def first_error(log: str) -> dict[str, Any] | None:
    """Find the first UVM_ERROR or UVM_FATAL message of a log; return None if there is none.

    A message is a line such as "UVM_ERROR env/b.sv(7) @ 50: top.x [SCB] mismatch: 3 != 4". Return
    {"file": "env/b.sv", "line": 7, "time": 50, "id": "SCB", "text": "mismatch: 3 != 4"}. The file
    may hold spaces and brackets; the id is what stands in the first square brackets after the
    time. Lines that do not have this shape are no messages.
    """
    import re

    shape = r"UVM_(?:ERROR|FATAL) (.+)\((\d+)\) @ (\d+): \S+ \[([^\]]*)\] (.*)"
    for line in log.splitlines():
        found = re.fullmatch(shape, line)
        if found:
            return {
                "file": found[1],
                "line": int(found[2]),
                "time": int(found[3]),
                "id": found[4],
                "text": found[5],
            }
    return None


@task(
    "test report",
    "easy",
    examples=[("PASS a\nFAIL b\nPASS c",), ("pass a\nskip b",)],
    edges=[
        ("",),
        ("FAIL a\nPASS a",),
        ("PASS\n\nFAIL  x  \nDONE y",),
        ("Pass t1\nFail t1\nPass t1",),
    ],
    draw=lambda r: (
        "\n".join(
            f"{r.choice(['PASS', 'FAIL', 'pass', 'SKIP', 'Fail'])} t{r.randrange(5)}"
            for _ in range(r.randint(4, 10))
        ),
    ),
    wrong=[("= words[0].upper()", "= words[0]"), ("latest.pop(words[1], None)", "pass")],
)
def failed_tests(report: str) -> list[str]:
    """Return the names of the tests that failed, in the order in which they were last reported.

    A result is a line of two words: PASS, FAIL or SKIP in any case of letters, and the name of a
    test. Other lines are ignored. If a test is reported several times, only the last one counts.
    """
    latest: dict[str, str] = {}
    for line in report.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].upper() in ("PASS", "FAIL", "SKIP"):
            latest.pop(words[1], None)
            latest[words[1]] = words[0].upper()
    return [name for name, result in latest.items() if result == "FAIL"]


@task(
    "test report",
    "medium",
    examples=[([["a", 1, True], ["a", 2, False]],), ([["b", 7, True]],)],
    edges=[
        ([],),
        ([["a", 1, True], ["a", 1, False], ["a", 1, True]],),
        ([["z", 1, True], ["z", 2, False], ["y", 1, False], ["y", 1, True]],),
        ([["a", 1, False], ["a", 2, False]],),
    ],
    draw=lambda r: (
        [
            [r.choice(["io", "cpu", "dma"]), r.randint(1, 2), r.random() < 0.5]
            for _ in range(r.randint(5, 9))
        ],
    ),
    wrong=[("(test, seed)", "(test, 0)"), ("len(seen) == 2", "False in seen")],
)
def flaky_tests(runs: list[list[Any]]) -> list[str]:
    """Return the tests that are flaky, sorted by name.

    Each run is [test, seed, passed]. A test is flaky if, with one and the same seed, it passed
    in one run and failed in another. Different results with different seeds do not count.
    """
    results: dict[tuple[str, int], set[bool]] = {}
    for test, seed, passed in runs:
        results.setdefault((test, seed), set()).add(passed)
    return sorted({test for (test, _), seen in results.items() if len(seen) == 2})


@task(
    "coverage",
    "medium",
    examples=[([[0, 3], [4, 7]], [1, 1, 5, 9]), ([[0, 0]], [])],
    edges=[
        ([], [1, 2]),
        ([[5, 5], [5, 6]], [5, 6, 6]),
        ([[0, 10], [3, 4]], [3, 11, 0, 10]),
        ([[7, 2]], [2, 5, 7]),
    ],
    draw=lambda r: (
        [sorted([r.randrange(20), r.randrange(20)]) for _ in range(r.randint(2, 5))],
        [r.randrange(22) for _ in range(r.randint(6, 16))],
    ),
    wrong=[("low <= sample <= high", "low <= sample < high"), ("[*hits, missed]", "[*hits, 0]")],
)
def count_bins(bins: list[list[int]], samples: list[int]) -> list[int]:
    """Count how often each coverage bin was hit, and how many samples hit none.

    A bin is [low, high], both included; bins may overlap, and a sample then hits each of them. A
    bin whose low is above its high is never hit. Return the counts in the order of the bins,
    followed by the number of samples that are in no bin.
    """
    hits = [0] * len(bins)
    missed = 0
    for sample in samples:
        found = False
        for i, (low, high) in enumerate(bins):
            if low <= sample <= high:
                hits[i] += 1
                found = True
        if not found:
            missed += 1
    return [*hits, missed]


@task(
    "coverage",
    "medium",
    examples=[([0, 1, 3], 5), ([], 3)],
    edges=[([0, 1, 2], 3), ([2], 3), ([0], 1), ([], 0), ([9, 4, 4, 5], 12), ([7, 50], 8)],
    draw=lambda r: ([r.randrange(24) for _ in range(r.randint(5, 16))], r.randint(12, 24)),
    wrong=[("[start, value - 1]", "[start, value]"), ("range(size + 1)", "range(size)")],
)
def coverage_holes(hit: list[int], size: int) -> list[list[int]]:
    """Return the ranges [first, last] of the values 0 .. size-1 that were never hit, in order.

    hit: the values that were hit, in any order, perhaps repeated or beyond the range. Neighbours
    that were not hit make one range, as long as possible.
    """
    holes = []
    seen = set(hit) | {size}
    start = None
    for value in range(size + 1):
        if value not in seen and start is None:
            start = value
        if value in seen and start is not None:
            holes.append([start, value - 1])
            start = None
    return holes


@task(
    "coverage",
    "hard",
    examples=[([["a", 2, 1], ["b", 1, 0]], [["a", 2, 1]]), ([["a", 1, 0]], [])],
    edges=[
        ([], []),
        ([["x", 1, 0]], [["x", 1, 1]]),
        ([["x", 3, 2]], [["x", 5, 2]]),
        ([["z", 1, 9]], [["y", 4, 3]]),
        ([["q", 0, 0]], [["q", 0, 4]]),
    ],
    draw=lambda r: tuple(
        [[n, r.randint(1, 4), r.randint(0, 6)] for n in r.sample("abcd", r.randint(1, 4))]
        for _ in range(2)
    ),
    wrong=[("max(goal, merged[name][0])", "goal"), ("hits >= goal", "hits > goal")],
)
def merge_coverage(one: list[list[Any]], two: list[list[Any]]) -> list[Any]:
    """Merge two coverage databases; return [merged bins sorted by name, percent covered].

    A bin is [name, goal, hits]. Bins of the same name are one: the larger goal counts and the hits
    add up. A bin is covered when its hits have reached its goal. The percentage of covered bins is
    rounded down to an integer; without bins it is 0.
    """
    merged: dict[str, list[int]] = {}
    for name, goal, hits in [*one, *two]:
        if name in merged:
            merged[name] = [max(goal, merged[name][0]), merged[name][1] + hits]
        else:
            merged[name] = [goal, hits]
    covered = sum(hits >= goal for goal, hits in merged.values())
    percent = 100 * covered // len(merged) if merged else 0
    return [[[name, *merged[name]] for name in sorted(merged)], percent]
