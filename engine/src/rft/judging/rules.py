"""How an examination decides, and the figures every check is made of.

A case (a row with all its calibration answers) is the cluster: figures are means over cases, and
their intervals come from drawing cases anew.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from rft import display
from rft.judging.calibration import largest_part
from rft.judging.exam import Judgement
from rft.stats import SAME, Estimate, mean_interval
from rft.verdicts import HOUSE, Bars, Check, decide, exactly, measured

ByCase = Mapping[str, Sequence[float]]
"""Item id of the case -> one figure for each of its answers, verdicts or pairs."""


def exam_check(
    name: str,
    estimate: Estimate,
    bars: Bars,
    advice: str,
    source: str = HOUSE,
    *,
    unmeasured: str = "",
    threshold: str = "{}",
    percent: bool = False,
    signed: bool = False,
    strict: bool = False,
) -> Check:
    """A check of an estimate over cases; a figure that is unknown counts as a warning.

    Few cases leave intervals wide, so the figure itself must clear the first bar and the interval
    stay out of fail; `strict`: the whole interval must clear the first bar. `unmeasured`: advice
    where the figure is unknown. `threshold`: what stands around the bars. `signed`: it may err to
    either side of 0.
    """
    check = measured(name, estimate, bars, advice, source, percent=percent, lenient=not strict)
    wanted = f"+-{check.threshold[3:]}" if signed else threshold.format(check.threshold)
    check = replace(check, threshold=wanted, estimate=None)
    if math.isnan(estimate.value):
        return replace(check, figure="not measured", advice=unmeasured)
    if signed:
        check = replace(check, figure=display.signed(estimate))
    clears = decide(exactly(abs(estimate.value)), bars) == "pass"
    if check.verdict == "warn" and clears and not strict:
        advice = f"'{name}' is likely fine, but too few rows to be sure; add calibration answers."
        return replace(check, advice=advice)
    return check


def not_measured(name: str, threshold: str, advice: str) -> Check:
    """A check of counts that could not be made: the judge is not to be trusted yet."""
    return Check(name, "not measured", threshold, "warn", advice, HOUSE)


def mean_of_cases(by_case: ByCase, *, signed: bool = False, unseen: float = 1.0) -> Estimate:
    """Mean over cases of the mean within each, in [0, 1] or, if `signed`, in [-1, 1].

    `unseen`: where all cases show the same, how far off one that was not seen may be.
    """
    means = [fmean(values) for values in by_case.values() if values]
    low, high = -1.0 if signed else 0.0, 1.0
    if means and max(means) - min(means) <= SAME:
        low, high = max(low, means[0] - unseen), min(high, means[0] + unseen)
    return mean_interval(means, bounds=(low, high))


def one_criterion(judgements: Sequence[Judgement]) -> float:
    """The largest part of a score in [0, 1] that one criterion makes in these cases."""
    questions = [j.question for j in judgements]
    return max((largest_part(q.line.labels, q.weights) for q in questions), default=1.0)


def scores(judgements: Sequence[Judgement]) -> dict[str, list[float]]:
    """Key of the answer -> its scores, one for each call that gave one."""
    by_answer: dict[str, list[float]] = defaultdict(list)
    for j in judgements:
        if j.score is not None:
            by_answer[j.question.key].append(j.score)
    return by_answer
