"""A check, how it is decided, and what many of them say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rft.stats import Estimate

Verdict = Literal["go", "warn", "no-go", "not applicable"]
Overall = Literal["GO", "NOT YET", "NO-GO"]

HOUSE = "house rule"
"""Where no published threshold was found: tuned on simulated projects, not on real outcomes."""

SETTING, DRAW, ROWS, REWORK = range(4)
"""What a fix costs: a command or a setting; more answers; more rows; new work on the task."""


@dataclass(frozen=True)
class Check:
    """One row of the verdict's table."""

    name: str
    figure: str
    threshold: str
    verdict: Verdict
    advice: str
    """One sentence; "" when there is nothing to do."""
    source: str
    estimate: Estimate | None = None
    """The figure as numbers, where it is one."""
    effort: int = REWORK
    """SETTING, DRAW, ROWS or REWORK: what following the advice costs."""
    rows: int | None = None
    """So many rows in all would settle a warning, if the figure stays what it is."""
    accepted: str = ""
    """Why a person lets it pass all the same."""

    @property
    def open(self) -> bool:
        """Whether it stands in the way."""
        return self.verdict in ("warn", "no-go") and not self.accepted


def not_applicable(name: str, why: str) -> Check:
    """A check that says nothing here and does not count."""
    return Check(name, why, "", "not applicable", "", "")


def decide(estimate: Estimate, bars: tuple[float, float]) -> Verdict:
    """Three states, on the interval and never on the point.

    `bars` = (go, no-go): go when the bad end of the interval clears the first, no-go when the
    good end fails the second; a falling pair says that more is better.
    """
    go, no_go = bars
    if math.isnan(estimate.value):
        return "warn"
    if go >= no_go:
        if estimate.low >= go:
            return "go"
        return "no-go" if estimate.high < no_go else "warn"
    if estimate.high <= go:
        return "go"
    return "no-go" if estimate.low > no_go else "warn"


def rows_to_settle(estimate: Estimate, bar: float, items: int, *, above: bool) -> int | None:
    """Rows in all with which the interval's bad end would clear the bar at the same value.

    The width of an interval falls with the root of the rows; that of a share of 0 or 1 with the
    rows (Wilson: 3.84 / (n + 3.84)). None when the value itself does not clear the bar.
    """
    distance = estimate.value - bar if above else bar - estimate.value
    reach = estimate.value - estimate.low if above else estimate.high - estimate.value
    if not distance > 0 or reach <= distance:
        return None
    if estimate.value in (0.0, 1.0):
        return math.ceil(3.8415 * (1 - distance) / distance)
    return math.ceil(items * min(reach / distance, 100.0) ** 2)


def share_text(estimate: Estimate) -> str:
    """A share with its interval, in per cent."""
    if math.isnan(estimate.value):
        return "unknown"
    digits = 0 if estimate.high - estimate.low >= 0.01 else 1
    ends = (estimate.value, estimate.low, estimate.high)
    value, low, high = (f"{100 * end:.{digits}f}%" for end in ends)
    return f"{value} [{low}, {high}]"


def bars_text(bars: tuple[float, float], *, percent: bool = False) -> str:
    """`>= 40% go, < 25% no-go`."""
    go, no_go = (f"{bar:.0%}" if percent else f"{bar:.2f}" for bar in bars)
    if bars[0] >= bars[1]:
        return f">= {go}" + (f", no-go < {no_go}" if bars[1] > 0 else "")
    return f"<= {go}" + (f", no-go > {no_go}" if bars[1] < 1 else "")


def measured(
    name: str,
    estimate: Estimate,
    bars: tuple[float, float],
    items: int,
    advice: str,
    source: str,
    *,
    percent: bool = False,
    effort: int = REWORK,
) -> Check:
    """A check of one figure against a pair of bars; `advice` is kept unless it is a go.

    A warning whose value clears the bar asks for rows, and says how many.
    """
    verdict = decide(estimate, bars)
    rows = None
    if verdict == "warn":
        rows = rows_to_settle(estimate, bars[0], items, above=bars[0] >= bars[1])
    if rows is not None:
        advice = f"Looks right, but {items} rows leave it open: about {rows:,} would settle it."
        effort = ROWS
    return Check(
        name,
        share_text(estimate) if percent else str(estimate),
        bars_text(bars, percent=percent),
        verdict,
        "" if verdict == "go" else advice,
        source,
        estimate,
        effort,
        rows,
    )


def overall(checks: Sequence[Check]) -> tuple[Overall, str]:
    """The verdict and the next step.

    NO-GO when a check is a no-go: the first of them is told, since the checks stand in the order
    in which they should be mended. GO when none is open. Else NOT YET, with the one cheapest fix.
    All must pass, so their number needs no correction (intersection-union test, Berger 1982).
    """
    opened = [c for c in checks if c.open]
    worst = [c for c in opened if c.verdict == "no-go"]
    if worst:
        return "NO-GO", worst[0].advice
    if not opened:
        return "GO", "Every gate is open: train."
    cheapest = min(opened, key=lambda c: c.effort)
    if cheapest.effort != ROWS:
        return "NOT YET", cheapest.advice
    told = [c for c in opened if c.effort == ROWS and c.rows is None]
    if told:  # the last of them is the test split's, which says how many rows it lacks
        return "NOT YET", told[-1].advice
    waiting = [c for c in opened if c.rows is not None]
    most = max(waiting, key=lambda c: c.rows or 0)
    names = " and ".join(f"'{c.name}'" for c in waiting[:3])
    return "NOT YET", most.advice + (f" That settles {names}." if len(waiting) > 1 else "")


def named(ids: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    told = ", ".join(ids[:most])
    return told + (f" and {len(ids) - most} more" if len(ids) > most else "")
