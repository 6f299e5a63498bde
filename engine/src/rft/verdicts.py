"""A check of `rft ready` or `rft judge`, how it is decided, and what many of them say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rft import display
from rft.stats import Estimate
from rft.thresholds import AtMostBars

if TYPE_CHECKING:
    from rich.table import Table

Verdict = Literal["pass", "warn", "fail", "not applicable"]
Overall = Literal["GO", "NOT YET", "NO-GO"]
Bars = tuple[float, float]
"""Two thresholds of a figure: pass from the first on, fail beyond the second."""

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
    """Where the threshold comes from."""
    estimate: Estimate | None = None
    """The figure as numbers, where it is one."""
    effort: int = REWORK
    """SETTING, DRAW, ROWS or REWORK: what following the advice costs."""
    rows: int | None = None
    """Rows in all that would turn a warning into a pass, if the figure stays what it is."""
    accepted: str = ""
    """Why a person lets it pass all the same."""

    @property
    def open(self) -> bool:
        """Whether it has neither passed nor been accepted."""
        return self.verdict in ("warn", "fail") and not self.accepted


def counted(
    name: str,
    figure: str,
    threshold: str,
    verdict: Verdict,
    advice: str,
    source: str = HOUSE,
    effort: int = REWORK,
) -> Check:
    """A check of something counted; one that passes needs no advice."""
    advice = "" if verdict == "pass" else advice
    return Check(name, figure, threshold, verdict, advice, source, effort=effort)


def not_applicable(name: str, why: str) -> Check:
    """A check that does not apply here and does not count."""
    return Check(name, why, "", "not applicable", "", "")


def decide(estimate: Estimate, bars: Bars, *, lenient: bool = False) -> Verdict:
    """Decide a figure by its 95 % interval.

    Strictly: pass when the bad end of the interval clears the first bar, fail when the good end
    fails the second. `lenient`, for figures that few cases leave wide and for guards beside the
    main question: pass when the figure clears the first bar and the interval stays out of fail;
    fail the other way round. Unless `bars` say otherwise, a falling or level pair means that more
    is better.
    """
    if math.isnan(estimate.value):
        return "warn"
    value, bad, good = estimate.value, estimate.high, estimate.low
    go, no_go = bars
    if more_is_better(bars):
        value, bad, good = -value, -estimate.low, -estimate.high
        go, no_go = -go, -no_go
    if lenient:
        if value <= go and bad <= no_go:
            return "pass"
        return "fail" if value > no_go and good > go else "warn"
    if bad <= go:
        return "pass"
    return "fail" if good > no_go else "warn"


def more_is_better(bars: Bars) -> bool:
    """Whether a larger figure is the better one."""
    return not isinstance(bars, AtMostBars) and bars[0] >= bars[1]


def exactly(value: float) -> Estimate:
    """A figure that was counted over everything there is, so that nothing is estimated."""
    return Estimate(value, value, value)


def _magnitude(estimate: Estimate) -> Estimate:
    """The distance from 0 of a figure that may err to either side."""
    low, high = estimate.low, estimate.high
    return Estimate(abs(estimate.value), max(low, -high, 0.0), max(high, -low))


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


def bars_text(bars: Bars, *, percent: bool = False) -> str:
    """`>= 40%, fail < 25%`."""
    go, no_go = (f"{bar:.0%}" if percent else f"{bar:.2f}" for bar in bars)
    if more_is_better(bars):
        return f">= {go}" + (f", fail < {no_go}" if bars[1] > 0 else "")
    return f"<= {go}" + (f", fail > {no_go}" if bars[1] < 1 else "")


def measured(
    name: str,
    estimate: Estimate,
    bars: Bars,
    advice: str,
    source: str = HOUSE,
    *,
    items: int = 0,
    percent: bool = False,
    lenient: bool = False,
    effort: int = REWORK,
) -> Check:
    """A check of one figure against a pair of bars; `advice` is kept unless it passes.

    A figure that may lie below 0 where less is better is held against them by its distance from 0.
    `items`: the rows it was measured on; a warning whose value clears the bar then says how many
    would be enough. `percent`: the figure is a share. `lenient`: see `decide`.
    """
    less = not more_is_better(bars)
    size = _magnitude(estimate) if estimate.low < 0 and less else estimate
    verdict = decide(size, bars, lenient=lenient)
    clears = size.value <= bars[0] if less else size.value >= bars[0]
    rows = None
    if verdict == "warn" and items and clears:
        rows = rows_to_settle(size, bars[1] if lenient else bars[0], items, above=not less)
    if rows is not None:
        advice = (
            f"'{name}' is likely fine, but {items:,} rows are too few to be sure; about {rows:,} "
            "would be enough."
        )
        effort = ROWS
    return Check(
        name,
        display.share(estimate) if percent else str(estimate),
        bars_text(bars, percent=percent),
        verdict,
        "" if verdict == "pass" else advice,
        source,
        estimate,
        effort,
        rows,
    )


def undecided(checks: Sequence[Check]) -> list[Check]:
    """The checks of answers of which too many are missing: what fails now may pass with them."""
    return [replace(c, verdict="warn") if c.verdict == "fail" else c for c in checks]


def check_table(checks: Sequence[Check]) -> Table:
    """Checks as a table for a terminal, one a line, in their order."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in ("check", "figure", "wanted", "verdict"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for check in checks:
        style = "cyan" if check.accepted else display.COLOURS.get(check.verdict, "")
        verdict = f"{check.verdict}, accepted" if check.accepted else check.verdict
        table.add_row(check.name, check.figure, check.threshold, Text(verdict, style=style))
    return table


def overall(checks: Sequence[Check]) -> Overall:
    """NO-GO when an open check fails, GO when none is open, else NOT YET.

    A check fails only for what more rows or answers would not change: its whole interval is beyond
    the bar, or everything was counted. A figure that too few rows leave open warns and says how
    many it needs; so does one that was taken on too few answers.
    All must pass, so their number needs no correction (intersection-union test, Berger 1982).
    """
    verdicts = {check.verdict for check in checks if check.open}
    return "NO-GO" if "fail" in verdicts else "NOT YET" if verdicts else "GO"


def next_step(checks: Sequence[Check]) -> str:
    """The one thing to do now; "" when no check is open.

    The first failed check decides, since checks stand in the order in which they should be fixed;
    without one, the warning that is cheapest to settle.
    """
    opened = [check for check in checks if check.open]
    if failed := [check for check in opened if check.verdict == "fail"]:
        return failed[0].advice
    if not opened:
        return ""
    cheapest = min(opened, key=lambda check: check.effort)
    if cheapest.effort != ROWS:
        return cheapest.advice
    if uncounted := [check for check in opened if check.effort == ROWS and check.rows is None]:
        return uncounted[-1].advice  # the last is the test split's, which says what it lacks
    waiting = [check for check in opened if check.rows is not None]
    most = max(waiting, key=lambda check: check.rows or 0)
    others = [f"'{check.name}'" for check in waiting[:3] if check is not most]
    return most.advice + (f" They would also settle {' and '.join(others)}." if others else "")
