"""Sampled signals and scan chains: edges, bounces, JTAG."""

from __future__ import annotations

from catalogue import bits, task


@task(
    "debounce",
    "medium",
    examples=[(2, [0, 1, 1, 1, 0, 1]), (3, [1, 1, 0, 1, 1, 1])],
    edges=[(1, [1, 0, 1]), (2, []), (3, [1, 1, 1, 0, 0, 0, 1]), (5, [1] * 4), (4, [0, 1] * 5)],
    draw=lambda r: (r.randint(2, 4), [b for b in bits(r, 4, 7) for _ in range(r.randint(1, 4))]),
    wrong=[("run == n", "run == n - 1"), ("run = 0\n            state", "state")],
)
def debounce(n: int, samples: list[int]) -> list[int]:
    """Return the output of a debouncer after each sample of its input.

    The output is 0 at the start. It takes a new level with the n-th sample in a row that has that
    level; a sample equal to the output breaks the row.
    """
    state = run = 0
    out = []
    for sample in samples:
        run = run + 1 if sample != state else 0
        if run == n:
            run = 0
            state = sample
        out.append(state)
    return out


@task(
    "debounce",
    "medium",
    examples=[([0, 1, 0, 0, 1, 1, 0], 1), ([1, 1, 0, 1], 2)],
    edges=[([], 1), ([1], 3), ([0, 1, 1, 0], 2), ([0, 1, 0, 1, 0], 0), ([1, 0, 0, 1, 0, 1, 1], 2)],
    draw=lambda r: ([b for b in bits(r, 9, 14) for _ in range(r.randint(1, 3))], r.randint(1, 3)),
    wrong=[("runs[1:-1]", "runs"), ("length <= longest", "length < longest")],
)
def count_glitches(samples: list[int], longest: int) -> list[int]:
    """Count the glitches of a sampled signal: return [low glitches, high glitches].

    A glitch is a run of equal samples, at most `longest` samples long, between two other runs:
    the first and the last run of the record are none, since they may have been cut off.
    """
    runs: list[list[int]] = []
    for sample in samples:
        if runs and runs[-1][0] == sample:
            runs[-1][1] += 1
        else:
            runs.append([sample, 1])
    count = [0, 0]
    for level, length in runs[1:-1]:
        if length <= longest:
            count[level] += 1
    return count


@task(
    "jtag",
    "hard",
    examples=[([0, 1, 0, 0],), ([1, 1, 1, 1, 1],)],
    edges=[
        ([],),
        ([0, 1, 1, 0, 0, 1, 1],),
        ([0, 1, 0, 1, 0, 0, 1, 0],),
        ([0] * 5,),
        ([0, 1, 1, 1],),
        ([0, 1, 0, 0, 1, 1, 1, 0],),
    ],
    draw=lambda r: (bits(r, 8, 20),),
    wrong=[
        ('"exit1": ("update", "pause")', '"exit1": ("pause", "update")'),
        ("return kind + state", "return state"),
    ],
)
def tap_state(tms: list[int]) -> str:
    """Return the state of a JTAG TAP controller (IEEE 1149.1) after a sequence of TMS bits.

    It starts in "reset". Names: reset, idle, and for each of the two columns dr- or ir- with
    select, capture, shift, exit1, pause, exit2, update (such as "dr-shift"). TMS 0 leads from
    reset to idle; from idle TMS 1 leads to dr-select; dr-select goes on with TMS 1 to ir-select,
    ir-select to reset.
    """
    after = {
        "capture": ("exit1", "shift"),
        "shift": ("exit1", "shift"),
        "exit1": ("update", "pause"),
        "pause": ("exit2", "pause"),
        "exit2": ("update", "shift"),
    }
    kind, state = "", "reset"
    for bit in tms:
        if state == "reset":
            state = "reset" if bit else "idle"
        elif state in ("idle", "update"):
            kind, state = ("dr-", "select") if bit else ("", "idle")
        elif state == "select" and not bit:
            state = "capture"
        elif state == "select":
            kind, state = ("ir-", "select") if kind == "dr-" else ("", "reset")
        else:
            state = after[state][0 if bit else 1]
    return kind + state


@task(
    "jtag",
    "medium",
    examples=[([1, 0, 1, 1], [0, 0, 1]), ([1], [1, 1])],
    edges=[([], [1, 0]), ([0, 1], []), ([1, 1, 0, 0], [0, 1, 0, 1, 1, 1]), ([1, 0, 0], [1, 1, 1])],
    draw=lambda r: (bits(r, 3, 8), bits(r, 3, 10)),
    wrong=[("cells.pop()", "cells.pop(0)"), ("cells.insert(0, bit)", "cells.append(bit)")],
)
def scan_chain(cells: list[int], tdi: list[int]) -> list[list[int]]:
    """Shift bits through a scan chain; return [bits seen at TDO, cells afterwards].

    cells[0] is next to TDI, the last cell drives TDO. Each shift first reads the last cell, then
    moves every bit one cell on and takes the next TDI bit. A chain without cells passes TDI
    straight to TDO.
    """
    cells = list(cells)
    tdo = []
    for bit in tdi:
        cells.insert(0, bit)
        tdo.append(cells.pop())
    return [tdo, cells]


@task(
    "edges",
    "easy",
    examples=[([0, 1, 1, 0, 1],), ([1, 0, 0],)],
    edges=[([],), ([1],), ([0, 0, 0],), ([1, 0, 1, 0],), ([0, 1] * 4,)],
    draw=lambda r: (bits(r, 8, 20),),
    wrong=[
        ("previous = samples[0] if samples else 0", "previous = 0"),
        ("rising.append(i)", "rising.append(i - 1)"),
    ],
)
def find_edges(samples: list[int]) -> list[list[int]]:
    """Return [indices of rising edges, indices of falling edges] of a sampled signal.

    An edge has the index of the first sample with the new level. The first sample is no edge.
    """
    rising, falling = [], []
    previous = samples[0] if samples else 0
    for i, sample in enumerate(samples):
        if sample > previous:
            rising.append(i)
        if sample < previous:
            falling.append(i)
        previous = sample
    return [rising, falling]


@task(
    "edges",
    "medium",
    examples=[([[0, 0], [5, 1], [9, 0]],), ([[0, 1], [4, 0], [6, 1]],)],
    edges=[
        ([],),
        ([[3, 1]],),
        ([[0, 0], [2, 1], [3, 1], [7, 0]],),
        ([[0, 1], [1, 0], [4, 1], [4, 0], [6, 1], [8, 0]],),
        ([[0, 0], [1, 0], [9, 0]],),
    ],
    draw=lambda r: ([[t, r.randrange(2)] for t in sorted(r.sample(range(100), r.randint(5, 10)))],),
    wrong=[("if level and start is None", "if level"), ("time - start", "time - start + 1")],
)
def pulse_widths(changes: list[list[int]]) -> list[int]:
    """Return the width of every complete high pulse of a signal, in their order.

    The signal is a list of [time, level] in rising time; a repeated level is no change. A pulse
    begins where the level rises, or with the first entry if that is high, and ends where it
    falls; a pulse that has not ended is left out.
    """
    widths = []
    start = None
    for time, level in changes:
        if level and start is None:
            start = time
        if not level and start is not None:
            widths.append(time - start)
            start = None
    return widths
