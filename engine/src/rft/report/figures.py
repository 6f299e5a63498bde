"""What the page's plots show and what stands below them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rft.comparison import Comparison, Side
from rft.records import Record
from rft.report import plots, svg, view
from rft.report.view import Row, Slice
from rft.stats import Estimate, rewards_by_item


@dataclass(frozen=True)
class Figure:
    """A plot with its title and the sentence below it, which says what to see."""

    title: str
    drawn: Markup
    caption: str


def of_run(
    rows: Sequence[Row], records: Sequence[Record], sides: Sequence[Side], solved: float
) -> list[Figure]:
    """The plots of one run; those it has too few answers for are left out.

    `sides` are the runs beside it, itself the first; an answer is right from `solved` on.
    """
    rewards = [r.reward for r in records if r.reward is not None]
    if not rewards:
        return []
    curves = [(side.label, side.rewards) for side in sides] or [("", rewards_by_item(records))]
    with svg.style():
        made = [
            _distribution(rewards),
            _spread(rows),
            _tries([(label, view.curve(found, solved)) for label, found in curves], solved),
            _length(records),
        ]
    return [figure for figure in made if figure]


def of_slices(found: Sequence[Slice]) -> Markup:
    """One slice key's values, each with the mean reward of every run."""
    with svg.style():
        return plots.forest(
            [(s.name, f" ({s.items})", [_known(e) for e in s.means]) for s in found]
        )


def of_runs(comparison: Comparison) -> Markup:
    """Every run's mean reward over the rows that all of them answered."""
    with svg.style():
        return plots.forest(
            [
                (f"{side.label} {side.name}", "", [None] * number + [mean])
                for number, (side, mean) in enumerate(
                    zip(comparison.sides, comparison.means, strict=True)
                )
            ]
        )


def _tries(
    curves: Sequence[tuple[str, Sequence[tuple[int, Estimate]]]], solved: float
) -> Figure | None:
    if all(len(found) < 2 for _, found in curves):
        return None
    k, last = curves[0][1][-1]
    return Figure(
        "Solved in k tries (pass@k)",
        plots.pass_at_k(curves),
        f"{last.value:.0%} [{last.low:.0%}, {last.high:.0%}] of the items are solved (reward of "
        f"{solved:g} or more) by the best of {k}. "
        + (
            "RFT can make such answers the usual ones."
            if last.value > 0
            else "RFT makes good answers the usual ones, and here is none yet."
        ),
    )


def _known(estimate: Estimate) -> Estimate | None:
    return None if math.isnan(estimate.value) else estimate


def _distribution(rewards: Sequence[float]) -> Figure:
    zero, full = sum(r <= 1e-6 for r in rewards), sum(r >= 1 - 1e-6 for r in rewards)
    return Figure(
        "Distribution of rewards",
        plots.distribution(view.histogram(rewards)),
        f"{len(rewards):,} answers: {zero:,} are exactly 0, {full:,} exactly 1.",
    )


def _spread(rows: Sequence[Row]) -> Figure | None:
    bubbles = view.bubbles(rows)
    if not bubbles:
        return None
    flat = sum(n for _, spread, n in bubbles if spread == 0)
    known = sum(n for _, _, n in bubbles)
    return Figure(
        "Mean and spread of each item",
        plots.mean_and_spread(bubbles, view.arch(max(len(row.rewards) for row in rows))),
        f"A larger dot is more items; the line is the widest spread possible. {flat:,} of "
        f"{known:,} items have no spread: nothing to learn there.",
    )


def _length(records: Sequence[Record]) -> Figure | None:
    points, bands = view.lengths(records)
    if not points:
        return None
    shown = "" if len(points) == sum(r.reward is not None for r in records) else (
        f" {len(points)} answers are drawn."
    )  # fmt: skip
    return Figure(
        "Reward against length",
        plots.reward_by_length(points, bands),
        f"Squares: mean reward, with its interval, of answers of like length.{shown} A line that "
        "rises without a reason in the task is a grader that pays for words.",
    )
