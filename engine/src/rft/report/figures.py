"""What the page's plots show and what stands below them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rft.comparison import ComparedRun, Comparison
from rft.records import Record
from rft.report import plots, svg, view
from rft.report.view import Row, SliceMeans
from rft.standings import Standing, rivals
from rft.stats import Estimate, rewards_by_item


@dataclass(frozen=True)
class Figure:
    """A plot with its title and the sentence below it, which says what to see."""

    title: str
    drawn: Markup
    caption: str


def of_run(
    rows: Sequence[Row],
    records: Sequence[Record],
    runs: Sequence[ComparedRun],
    others: Sequence[Standing],
    solved: float,
) -> list[Figure]:
    """The plots of one run; those it has too few answers for are left out.

    `runs` are those beside it, itself the first, `others` who is drawn beside it without a run; an
    answer is right from `solved` on.
    """
    rewards = [r.reward for r in records if r.reward is not None]
    if not rewards:
        return []
    labelled = [(run.label, run.rewards) for run in runs] or [("", rewards_by_item(records))]
    with svg.style():
        figures = [
            _distribution(rewards, others),
            _spread(rows),
            _tries([(label, view.curve(by_item, solved)) for label, by_item in labelled], solved),
            _length(records),
        ]
    return [figure for figure in figures if figure]


def of_slices(slice_means: Sequence[SliceMeans]) -> Markup:
    """One slice key's values, each with the mean reward of every run."""
    with svg.style():
        return plots.forest(
            [(s.name, f" ({s.items})", [_known(e) for e in s.means]) for s in slice_means]
        )


def of_runs(comparison: Comparison) -> Markup:
    """Every run's mean reward over the rows that all of them answered."""
    with svg.style():
        return plots.forest(
            [
                (f"{run.label} {run.name}", "", [None] * number + [mean])
                for number, (run, mean) in enumerate(
                    zip(comparison.runs, comparison.means, strict=True)
                )
            ]
        )


def of_standings(ordered: Sequence[Standing]) -> Markup:
    """The mean reward of everybody on the rows of the run."""
    colours = ["model", *(rival.kind for rival in rivals(ordered))]
    with svg.style():
        return plots.forest(
            [(one.name, "", [None] * colours.index(one.kind) + [one.mean]) for one in ordered]
        )


def _tries(
    curves: Sequence[tuple[str, Sequence[tuple[int, Estimate]]]], solved: float
) -> Figure | None:
    if all(len(curve) < 2 for _, curve in curves):
        return None
    k, last = curves[0][1][-1]
    return Figure(
        "Solved in k tries (pass@k)",
        plots.pass_at_k(curves),
        f"{last.value:.0%} [{last.low:.0%}, {last.high:.0%}] of the rows are solved (reward of "
        f"{solved:g} or more) by the best of {k}. "
        + (
            "RFT can make such answers more frequent."
            if last.value > 0
            else "RFT makes good answers more frequent, and there is none here yet."
        ),
    )


def _known(estimate: Estimate) -> Estimate | None:
    return None if math.isnan(estimate.value) else estimate


def _distribution(rewards: Sequence[float], others: Sequence[Standing]) -> Figure:
    zero, full = sum(r <= 1e-6 for r in rewards), sum(r >= 1 - 1e-6 for r in rewards)
    each = [("model", rewards)] + [
        (one.name, [r for row in one.rewards.values() for r in row]) for one in others
    ]
    return Figure(
        "Distribution of rewards",
        plots.distribution(
            [(name, view.histogram(values, 10 if others else 20)) for name, values in each]
        ),
        ("The model's " if others else "")
        + f"{len(rewards):,} answers: {zero:,} are exactly 0, {full:,} exactly 1.",
    )


def _spread(rows: Sequence[Row]) -> Figure | None:
    bubbles = view.bubbles(rows)
    if not bubbles:
        return None
    flat = sum(n for _, spread, n in bubbles if spread == 0)
    known = sum(n for _, _, n in bubbles)
    return Figure(
        "Mean and spread of each row",
        plots.mean_and_spread(bubbles, view.arch(max(len(row.rewards) for row in rows))),
        f"A larger dot is more rows; the line is the widest spread possible. {flat:,} of "
        f"{known:,} rows have no spread: nothing to learn there.",
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
