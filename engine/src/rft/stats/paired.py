"""Two runs on the same items: what one gained, how sure that is, what so many items can show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rft.estimate import Estimate
from rft.stats.estimates import (
    BATCH,
    LEVEL,
    SAME,
    ByItem,
    mean_interval,
    share_interval,
)

POWER = 0.80
"""Share of comparisons in which a detectable difference shows."""
CORRELATION = 0.7
"""House rule: how far two runs' item means are assumed to correlate before there is a second."""
EXACT = 13
"""Up to so many items all 2^n swaps are tried."""
RESAMPLES = 9_999
"""Random swaps tried with more items; p values are exact to 1 in 10,000."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """Two runs compared on the items that both answered. Rewards in [0, 1]."""

    items: int
    mean_a: float
    mean_b: float
    difference: Estimate
    """mean_b - mean_a, in reward units: positive when b is better."""
    p_value: float
    """Of the two-sided permutation test; nan below two items."""
    mde: float
    """Smallest true difference that so many items show in 4 of 5 comparisons; nan if unknown."""
    verdict: Literal["a", "b", "tied"]
    """Which is better at the given level; "tied" means no difference was shown, not that there is
    none. It is "tied" exactly when the interval of the difference holds 0."""


def paired_difference(a: ByItem, b: ByItem, seed: int = 0, level: float = LEVEL) -> Paired:
    """Compare two runs over the items that have answers in both; item means are the pairs.

    The permutation test that swaps the two runs within items decides (`swap_test`); the interval
    of 1 - `level` is that of the mean gain (`mean_interval`), moved to the side of 0 that the test
    is on, so that the two never contradict each other. `level`: chance of a false difference.
    """
    common = [item for item in a if len(a[item]) and len(b.get(item, ()))]
    x = np.array([np.mean(a[item]) for item in common], dtype=float)
    y = np.array([np.mean(b[item]) for item in common], dtype=float)
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    gains = y - x
    p_value = swap_test(gains, seed)
    verdict: Literal["a", "b", "tied"] = "tied"
    if p_value < level:
        verdict = "b" if gains.mean() > 0 else "a"
    return Paired(
        items=gains.size,
        mean_a=float(x.mean()) if x.size else float("nan"),
        mean_b=float(y.mean()) if y.size else float("nan"),
        difference=_tested_interval(gains, p_value, (-1.0, 1.0), level, seed),
        p_value=p_value,
        mde=minimum_detectable_effect(deviation(gains.tolist()), gains.size),
        verdict=verdict,
    )


def paired_ratio(
    gains: Values, weights: Values, bounds: tuple[float, float], level: float = LEVEL
) -> Estimate:
    """Sum of gains / sum of weights with the interval that belongs to the test of `gains`.

    It holds 0 exactly when the permutation test does not tell the mean of `gains` from 0. One gain
    and one weight (not below 0) an item; `bounds`: the least and the most that the ratio can be.
    The interval is that of the mean of the ratio's first-order terms, (gain - ratio x weight) /
    mean weight (Cochran 1977, Sampling Techniques, 6.4).
    """
    if not gains.size or weights.sum() <= 0:
        return Estimate(float("nan"), *bounds)
    ratio = gains.sum() / weights.sum()
    terms = ratio + (gains - ratio * weights) / weights.mean()
    return _tested_interval(terms, swap_test(gains), bounds, level)


def _tested_interval(
    values: Values, p_value: float, bounds: tuple[float, float], level: float, seed: int = 0
) -> Estimate:
    """The mean of `values` with an interval that holds 0 exactly when the test does not reject."""
    interval = mean_interval(values.tolist(), seed, bounds, level)
    mean, low, high = interval.value, interval.low, interval.high
    if 2.0 ** (1 - values.size) >= level:  # so few items that no test can reject
        return Estimate(mean, *bounds)
    if not p_value < level:
        return Estimate(mean, min(low, 0.0), max(high, 0.0))
    if mean > 0:
        return Estimate(mean, max(low, min(SAME, mean)), high)
    return Estimate(mean, low, min(high, max(-SAME, mean)))


def swap_test(gains: Values, seed: int = 0) -> float:
    """Two-sided p value of the permutation test that swaps two runs within items (Fisher 1935).

    Each gain's sign is a coin toss if the runs are alike. Exact up to 13 items. With more, seeded
    resamples, and a tie counts half (mid-p; for right-or-wrong answers: Fagerland, Lydersen, Laake
    2013, BMC Medical Research Methodology 13:91): rewards in few steps tie often, and the plain
    test then raises fewer false alarms than it states (3.8 % for 5 %, tests/simulated.py). nan
    below two items.
    """
    if gains.size < 2:
        return float("nan")
    if float(np.abs(gains).max()) <= SAME:
        return 1.0
    total = float(gains.sum())
    swapped = np.concatenate([swaps @ gains for swaps in _swaps(gains.size, seed)])
    beyond = np.abs(total - 2 * swapped) - abs(total)
    more, ties = int((beyond > SAME).sum()), int((np.abs(beyond) <= SAME).sum())
    if gains.size <= EXACT:
        return (more + ties) / swapped.size
    return (0.5 + more + 0.5 * ties) / (swapped.size + 1)


def _swaps(items: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Which items are swapped, draws x items, in blocks: every choice, or random ones."""
    if items <= EXACT:
        numbers = np.arange(2**items, dtype=np.uint16)[:, None]
        yield (numbers >> np.arange(items, dtype=np.uint16) & 1).astype(np.uint8)
        return
    rng = np.random.default_rng(seed)
    step = max(1, BATCH // items)
    for start in range(0, RESAMPLES, step):
        shape = (min(step, RESAMPLES - start), -(-items // 8))
        yield np.unpackbits(rng.integers(0, 256, shape, dtype=np.uint8), axis=1)[:, :items]


def deviation(values: Sequence[float]) -> float:
    """Standard deviation (n - 1) of figures in [-1, 1], for power; nan below two.

    When all are equal, it is that of figures of which the share that could have stayed unseen
    (upper end of Wilson's interval of 0) lies 1 away from the rest.
    """
    figures = np.asarray(values, dtype=float)
    if figures.size < 2:
        return float("nan")
    measured = float(np.std(figures, ddof=1))
    if measured > SAME:
        return measured
    unseen = share_interval(0, figures.size).high
    return math.sqrt(unseen * (1 - unseen))


def planned_deviation(by_item: ByItem, samples: int) -> float:
    """Standard deviation to expect of an item's gain, before there is a second run.

    Miller (arXiv 2411.00640), section 5: variance of the difference = that of the items' true
    gains + 2 within / k, with `samples` = k answers an item in both runs. The true gains are not
    known yet: their variance is taken as 2 between (1 - CORRELATION). nan below two items.
    """
    moments = _moments(by_item)
    return float(_planned(moments, samples)) if moments.shape[1] > 1 else float("nan")


def planned_mde(by_item: ByItem, samples: int, items: int, seed: int = 0) -> Estimate:
    """Smallest true gain that `items` rows with `samples` answers in each run would show.

    See `planned_deviation` and `minimum_detectable_effect`; percentile bootstrap over the items
    that the variances were measured on. A base at the floor hardly varies, the tuned model will:
    if whole items turn from wrong to right, a gain g has the variance g (1 - g) at least, and
    unit^2 / (1 + unit^2) is the smallest that shows. The interval reaches up to that.
    """
    moments = _moments(by_item)
    measured, unit = moments.shape[1], minimum_detectable_effect(1.0, items)
    if measured < 2 or not math.isfinite(unit):
        return Estimate(float("nan"), 0.0, 1.0)
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(0, 999, step := max(1, min(999, BATCH // measured))):
        chosen = rng.integers(0, measured, (step, measured))
        drawn.append(_planned(moments[:, chosen], samples))
    low, high = (unit * float(q) for q in np.quantile(np.concatenate(drawn), [0.025, 0.975]))
    whole = unit**2 / (1 + unit**2)  # g = unit * sqrt(g (1 - g))
    value = min(1.0, unit * float(_planned(moments, samples)))
    return Estimate(value, min(value, low), min(1.0, max(value, high, whole)))


def _moments(by_item: ByItem) -> Values:
    """Mean, variance (n - 1; nan for one answer) and number of answers, each x items."""
    groups = [np.asarray(r, dtype=float) for r in by_item.values() if len(r)]
    rows = [(g.mean(), g.var(ddof=1) if g.size > 1 else np.nan, g.size) for g in groups]
    return np.array(rows, dtype=float).reshape(-1, 3).T


def _planned(moments: Values, samples: int) -> Values:
    """`planned_deviation` over the last axis. One answer an item: its noise counts as between."""
    means, variances, sizes = moments
    known = np.isfinite(variances)
    within = np.where(known, variances, 0.0)
    noise = (within / sizes).mean(axis=-1)
    mean_within = within.sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    between = np.maximum(0.0, means.var(axis=-1, ddof=1) - noise)
    planned = 2 * between * (1 - CORRELATION) + 2 * mean_within / max(1, samples)
    return np.asarray(np.sqrt(planned), dtype=float)


def minimum_detectable_effect(sd: float, items: int) -> float:
    """Smallest true mean of paired differences that `items` pairs show with POWER.

    `sd` is the standard deviation of the differences; two-sided paired t test (Cohen 1988),
    solved by statsmodels. In reward units; nan when it is unknown.
    """
    if items < 2 or not math.isfinite(sd):
        return float("nan")
    return _smallest_ratio(items) * max(0.0, sd)


@lru_cache(maxsize=1_000)
def _smallest_ratio(items: int) -> float:
    """Smallest mean by standard deviation that a paired t test on so many items shows."""
    from statsmodels.stats.power import TTestPower

    solved = TTestPower().solve_power(nobs=items, alpha=LEVEL, power=POWER)
    return float(np.asarray(solved).item())


def items_needed(sd: float, effect: float) -> int:
    """Fewest pairs that show a true mean difference `effect` (reward units, above 0) with POWER.

    `sd`: standard deviation of the differences.
    """
    from statsmodels.stats.power import TTestPower

    if sd * 5 < effect:  # two pairs show such a difference
        return 2
    solved = TTestPower().solve_power(effect_size=effect / sd, alpha=LEVEL, power=POWER)
    return max(2, math.ceil(float(np.asarray(solved).item())))


def adjust(p_values: Sequence[float]) -> list[float]:
    """p values corrected for looking at several slices, in their order; nan stays nan.

    Holm (1979): the chance of a single false claim among all stays below 5 %, whatever the
    dependence, and slices share items. Benjamini-Hochberg would allow one claim in twenty to be
    false, but each "better on AXI" is read, and acted on, by itself.
    """
    from statsmodels.stats.multitest import multipletests

    corrected = np.asarray(p_values, dtype=float)
    usable = np.isfinite(corrected)
    if usable.any():
        corrected[usable] = multipletests(corrected[usable], method="holm")[1]
    return [float(p) for p in corrected]


def holm_levels(p_values: Sequence[float], level: float = LEVEL) -> list[float]:
    """The level at which Holm's procedure tests each p value, in their order.

    The smallest of m is tested at level / m, the next at level / (m - 1), and so on to the first
    that is not rejected, whose level holds for all that follow: an interval of 1 - that level holds
    0 exactly when `adjust` gives a p value of at least `level`. nan counts for nothing.
    """
    usable = sorted((p, place) for place, p in enumerate(p_values) if math.isfinite(p))
    levels = [level] * len(p_values)
    reached, rejecting = level, True
    for before, (p, place) in enumerate(usable):
        if rejecting:
            reached = level / (len(usable) - before)
            rejecting = p < reached
        levels[place] = reached
    return levels
