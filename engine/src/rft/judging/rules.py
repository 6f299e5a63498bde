"""How an examination decides, and the figures every check is made of.

A case (a row with all its calibration answers) is the cluster: figures are means over cases, and
their intervals come from drawing cases anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean

from rft.judging.calibration import largest_part
from rft.judging.exam import Judgement
from rft.readiness.verdict import HOUSE, Check, Verdict
from rft.stats import SAME, Estimate, mean_interval

Bars = tuple[float, float]
"""The bar of "go" and that of "no-go"."""
ByCase = Mapping[str, Sequence[float]]


def strictly(figure: Estimate, bars: Bars) -> Verdict:
    """More is better: "go" if the whole interval clears the bar, "no-go" if none of it does."""
    if figure.low >= bars[0]:
        return "go"
    return "no-go" if figure.high < bars[1] else "warn"


def enough(figure: Estimate, bars: Bars) -> Verdict:
    """More is better: "go" if the figure clears its bar and the interval stays out of "no-go",
    "no-go" the other way round. For figures that few cases leave wide."""
    if figure.value >= bars[0] and figure.low >= bars[1]:
        return "go"
    return "no-go" if figure.value < bars[1] and figure.high < bars[0] else "warn"


def near_zero(figure: Estimate, bars: Bars) -> Verdict:
    """As `enough`, for figures that ought to be nought and may err to either side."""
    go, no_go = bars
    if abs(figure.value) <= go and -no_go <= figure.low and figure.high <= no_go:
        return "go"
    beyond = figure.low > go or figure.high < -go
    return "no-go" if abs(figure.value) > no_go and beyond else "warn"


def decided(
    name: str,
    figure: str,
    wanted: str,
    verdict: Verdict,
    advice: str,
    source: str = HOUSE,
    *,
    likely: bool = False,
) -> Check:
    """A check that was made; one that is passed needs no advice.

    `likely`: the figure alone would pass, so that a warning comes of too few rows.
    """
    if verdict == "warn" and likely:
        advice = f"'{name}' looks right, but so few rows leave it open: add calibration answers."
    return Check(name, figure, wanted, verdict, "" if verdict == "go" else advice, source)


def untold(name: str, wanted: str, advice: str, source: str = HOUSE) -> Check:
    """A check that could not be made: the judge is not to be trusted yet."""
    return Check(name, "not measured", wanted, "warn", advice, source)


def mean_of_cases(by_case: ByCase, *, signed: bool = False, unseen: float = 1.0) -> Estimate:
    """Mean over cases of the mean within each, in [0, 1] or, if `signed`, in [-1, 1].

    `unseen`: where all cases show the same, so far off may one be that has not been seen.
    """
    means = [fmean(values) for values in by_case.values() if values]
    low, high = -1.0 if signed else 0.0, 1.0
    if means and max(means) - min(means) <= SAME:
        low, high = max(low, means[0] - unseen), min(high, means[0] + unseen)
    return mean_interval(means, bounds=(low, high))


def one_criterion(found: Sequence[Judgement]) -> float:
    """The largest part of a score in [0, 1] that one criterion makes in these cases."""
    asked = [j.question for j in found]
    return max((largest_part(q.line.labels, q.weights) for q in asked), default=1.0)


def scores(found: Sequence[Judgement]) -> dict[str, list[float]]:
    """Key of the answer -> its scores, one for each call that brought one."""
    told: dict[str, list[float]] = defaultdict(list)
    for j in found:
        if j.score is not None:
            told[j.question.key].append(j.score)
    return told
