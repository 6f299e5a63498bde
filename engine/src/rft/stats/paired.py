"""Two runs on the same items: what one gained, how sure that is, what could be seen at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from rft.stats.estimates import BATCH, SAME, ByItem, Estimate, mean_interval, share_interval

LEVEL, POWER = 0.05, 0.80
EXACT = 13
"""Up to so many items all 2^n swaps are tried."""
RESAMPLES = 9_999
"""Random swaps tried with more items; p values are told to 1 in 10,000."""


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
    """Which is better at the 5 % level; "tied" means no difference was shown, not that none is."""


def paired_difference(a: ByItem, b: ByItem, seed: int = 0) -> Paired:
    """Compare two runs over the items that have answers in both; item means are the pairs.

    Permutation test that swaps the two runs within items (Fisher 1935): exact up to 13 items, with
    more by seeded resamples and the mid-p value (for right-or-wrong answers: Fagerland, Lydersen,
    Laake 2013, BMC Medical Research Methodology 13:91). Interval by `mean_interval` over the
    items' differences (paired analysis as in Miller, arXiv 2411.00640, section 3).
    """
    common = [item for item in a if len(a[item]) and len(b.get(item, ()))]
    x = np.array([np.mean(a[item]) for item in common], dtype=float)
    y = np.array([np.mean(b[item]) for item in common], dtype=float)
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    gains = y - x
    p_value = _permutation(gains, seed)
    verdict: Literal["a", "b", "tied"] = "tied"
    if p_value < LEVEL:
        verdict = "b" if gains.mean() > 0 else "a"
    return Paired(
        items=gains.size,
        mean_a=float(x.mean()) if x.size else float("nan"),
        mean_b=float(y.mean()) if y.size else float("nan"),
        difference=mean_interval(gains.tolist(), seed, bounds=(-1.0, 1.0)),
        p_value=p_value,
        mde=minimum_detectable_effect(deviation(gains.tolist()), gains.size),
        verdict=verdict,
    )


def _permutation(gains: NDArray[np.float64], seed: int) -> float:
    """p value of a mean of 0 when each gain's sign is a coin toss."""
    if gains.size < 2:
        return float("nan")
    if float(np.abs(gains).max()) <= SAME:
        return 1.0
    if gains.size <= EXACT:
        exact = scipy_stats.permutation_test(
            (gains,), np.mean, permutation_type="samples", vectorized=True, n_resamples=np.inf
        )
        return float(exact.pvalue)
    # scipy's resampling of the same test takes 20 times as long.
    rng, total, beyond = np.random.default_rng(seed), float(gains.sum()), 0.5
    step = max(1, BATCH // gains.size)
    for start in range(0, RESAMPLES, step):
        shape = (min(step, RESAMPLES - start), -(-gains.size // 8))
        bits = np.unpackbits(rng.integers(0, 256, shape, dtype=np.uint8), axis=1)[:, : gains.size]
        sums = total - 2 * (bits @ gains)
        further = np.abs(sums) - abs(total)
        # Mid-p: a tie counts half. Rewards in few steps tie often, and the plain test then raises
        # fewer false alarms than the level it states (3.8 % for 5 %, tests/simulated.py).
        beyond += float((further > SAME).sum()) + 0.5 * float((np.abs(further) <= SAME).sum())
    return beyond / (RESAMPLES + 1)


def deviation(values: Sequence[float]) -> float:
    """Standard deviation (n - 1) of figures in [-1, 1], for power; nan below two.

    When all are equal, none is seen: then that of figures of which the share that could have
    stayed unseen (upper end of Wilson's interval of 0) lies 1 away from the rest.
    """
    found = np.asarray(values, dtype=float)
    if found.size < 2:
        return float("nan")
    seen = float(np.std(found, ddof=1))
    if seen > SAME:
        return seen
    unseen = share_interval(0, found.size).high
    return math.sqrt(unseen * (1 - unseen))


def planned_deviation(by_item: ByItem, samples: int, correlation: float = 0.7) -> float:
    """Standard deviation to expect of an item's gain, before there is a second run.

    Miller (arXiv 2411.00640), section 5: variance of the difference = that of the items' true
    gains + 2 within / k, with `samples` = k answers an item in both runs. The true gains are not
    known yet: their variance is taken as 2 between (1 - correlation), where `correlation` of the
    two runs' item means is an assumption (house rule 0.7). nan below two items.
    """
    means, variances, sizes = _moments(by_item)
    if means.size < 2:
        return float("nan")
    return float(_planned(means, variances, sizes, samples, correlation))


def planned_mde(
    by_item: ByItem, samples: int, items: int, correlation: float = 0.7, seed: int = 0
) -> Estimate:
    """Smallest true gain that `items` rows with `samples` answers in each run would show.

    See `planned_deviation` and `minimum_detectable_effect`; percentile bootstrap over the items
    that the variances were measured on. A base at the floor hardly varies, the tuned model will:
    if whole items turn from wrong to right, a gain g has the variance g (1 - g) at least, and
    unit^2 / (1 + unit^2) is the smallest that shows. The interval reaches up to that.
    """
    means, variances, sizes = _moments(by_item)
    unit = minimum_detectable_effect(1.0, items)
    if means.size < 2 or not math.isfinite(unit):
        return Estimate(float("nan"), 0.0, 1.0)
    sd = float(_planned(means, variances, sizes, samples, correlation))
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(0, 999, step := max(1, min(999, BATCH // means.size))):
        chosen = rng.integers(0, means.size, (step, means.size))
        told = means[chosen], variances[chosen], sizes[chosen]
        drawn.append(_planned(*told, samples, correlation))
    low, high = (unit * float(q) for q in np.quantile(np.concatenate(drawn), [0.025, 0.975]))
    value, whole = min(1.0, unit * sd), unit**2 / (1 + unit**2)  # g = unit * sqrt(g (1 - g))
    return Estimate(value, min(value, low), min(1.0, max(value, high, whole)))


def _moments(by_item: ByItem) -> tuple[NDArray[np.float64], ...]:
    """Mean, variance (n - 1; nan for one answer) and number of answers of each item."""
    groups = [np.asarray(r, dtype=float) for r in by_item.values() if len(r)]
    variances = [float(g.var(ddof=1)) if g.size > 1 else float("nan") for g in groups]
    means = np.array([g.mean() for g in groups])
    return means, np.array(variances), np.array([g.size for g in groups], dtype=float)


def _planned(
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    sizes: NDArray[np.float64],
    samples: int,
    correlation: float,
) -> NDArray[np.float64]:
    """`planned_deviation` over the last axis. One answer an item: its noise counts as between."""
    known = np.isfinite(variances)
    within = np.where(known, variances, 0.0)
    noise = (within / sizes).mean(axis=-1)
    level = within.sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    between = np.maximum(0.0, means.var(axis=-1, ddof=1) - noise)
    planned = 2 * between * (1 - correlation) + 2 * level / max(1, samples)
    return np.asarray(np.sqrt(planned), dtype=float)


def minimum_detectable_effect(
    sd: float, items: int, power: float = POWER, level: float = LEVEL
) -> float:
    """Smallest true mean of paired differences that `items` pairs show with this power.

    `sd` is the standard deviation of the differences; two-sided paired t test (Cohen 1988),
    solved by statsmodels. In reward units; nan when it cannot be told.
    """
    if items < 2 or not math.isfinite(sd):
        return float("nan")
    if sd <= 0:
        return 0.0
    return _smallest_ratio(items, power, level) * sd


@lru_cache(maxsize=1_000)
def _smallest_ratio(items: int, power: float, level: float) -> float:
    """Smallest mean by standard deviation that a paired t test on so many items shows."""
    from statsmodels.stats.power import TTestPower

    solved = TTestPower().solve_power(nobs=items, alpha=level, power=power)
    return float(np.asarray(solved).item())


def items_needed(sd: float, effect: float, power: float = POWER, level: float = LEVEL) -> int:
    """Fewest pairs that show a true mean difference `effect` (reward units) with this power.

    Raises ValueError when `effect` is not above 0 or `sd` unknown.
    """
    if not effect > 0 or not math.isfinite(sd):
        raise ValueError(f"no number of items follows from effect {effect} and deviation {sd}")
    if sd <= 0:
        return 2
    from statsmodels.stats.power import TTestPower

    ratio = effect / sd
    if ratio > 5:  # two pairs tell such a difference
        return 2
    solved = TTestPower().solve_power(effect_size=ratio, alpha=level, power=power)
    return max(2, math.ceil(float(np.asarray(solved).item())))


def adjust(p_values: Sequence[float]) -> list[float]:
    """p values corrected for looking at several slices, in their order; nan stays nan.

    Holm (1979): the chance of a single false claim among all stays below 5 %, whatever the
    dependence, and slices share items. Benjamini-Hochberg would allow one claim in twenty to be
    false, but each "better on AXI" is read, and acted on, by itself.
    """
    from statsmodels.stats.multitest import multipletests

    found = np.asarray(p_values, dtype=float)
    usable = np.isfinite(found)
    if usable.any():
        found[usable] = multipletests(found[usable], method="holm")[1]
    return [float(p) for p in found]
