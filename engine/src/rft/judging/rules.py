"""How an examination decides, and the figures every check is made of.

A case (a row with all its calibration answers) is the cluster: figures are means over cases, and
their intervals come from drawing cases anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean

from rft import display
from rft.judging.calibration import largest_part
from rft.judging.exam import Judgement
from rft.stats import SAME, Estimate, mean_interval
from rft.verdicts import (
    HOUSE,
    Bars,
    Check,
    Verdict,
    bars_text,
    decide,
    magnitude,
    more_is_better,
)

ByCase = Mapping[str, Sequence[float]]


def counted(
    name: str, figure: str, wanted: str, verdict: Verdict, advice: str, source: str = HOUSE
) -> Check:
    """A check of something counted; one that passes needs no advice."""
    return Check(name, figure, wanted, verdict, "" if verdict == "pass" else advice, source)


def estimated(
    name: str,
    estimate: Estimate,
    bars: Bars,
    advice: str,
    source: str = HOUSE,
    *,
    figure: str = "",
    wanted: str = "",
    strict: bool = False,
) -> Check:
    """A check of an estimate, which may err to either side where it is signed.

    Few cases leave intervals wide, so the figure itself must clear the first bar and the interval
    stay out of fail; `strict`: the whole interval must clear the first bar. `figure`, `wanted`:
    how they are shown, if not as usual.
    """
    size = magnitude(estimate) if estimate.low < 0 and not more_is_better(bars) else estimate
    verdict = decide(size, bars, lenient=not strict)
    clears = decide(Estimate(size.value, size.value, size.value), bars) == "pass"
    if verdict == "warn" and clears and not strict:
        advice = f"'{name}' is likely fine, but too few rows to be sure; add calibration answers."
    return counted(
        name, figure or str(estimate), wanted or bars_text(bars), verdict, advice, source
    )


def signed(name: str, estimate: Estimate, bars: Bars, advice: str, source: str = HOUSE) -> Check:
    """A check of an estimate that may err to either side of 0."""
    wanted = f"+-{bars_text(bars)[3:]}"
    figure = display.signed(estimate)
    return estimated(name, estimate, bars, advice, source, figure=figure, wanted=wanted)


def unmeasured(name: str, wanted: str, advice: str, source: str = HOUSE) -> Check:
    """A check that could not be made: the judge is not to be trusted yet."""
    return Check(name, "not measured", wanted, "warn", advice, source)


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
    asked = [j.question for j in judgements]
    return max((largest_part(q.line.labels, q.weights) for q in asked), default=1.0)


def scores(judgements: Sequence[Judgement]) -> dict[str, list[float]]:
    """Key of the answer -> its scores, one for each call that gave one."""
    by_answer: dict[str, list[float]] = defaultdict(list)
    for j in judgements:
        if j.score is not None:
            by_answer[j.question.key].append(j.score)
    return by_answer
