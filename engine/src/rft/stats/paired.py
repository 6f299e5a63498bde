"""Two runs on the same items: what one gained, how sure that is, what so many items can show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rft.stats.estimates import BATCH, SAME, ByItem, Estimate, all_equal, share_interval

LEVEL, POWER = 0.05, 0.80
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

    One method for test and interval, so that they never contradict each other: the permutation
    test that swaps the two runs within items (Fisher 1935), see `SignFlips`. `level`: chance of a
    false difference; the interval is the one of 1 - level.
    """
    common = [item for item in a if len(a[item]) and len(b.get(item, ()))]
    x = np.array([np.mean(a[item]) for item in common], dtype=float)
    y = np.array([np.mean(b[item]) for item in common], dtype=float)
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    gains = y - x
    flips = SignFlips(gains, np.ones_like(gains), seed)
    p_value = flips.p_value()
    verdict: Literal["a", "b", "tied"] = "tied"
    if p_value < level:
        verdict = "b" if gains.mean() > 0 else "a"
    return Paired(
        items=gains.size,
        mean_a=float(x.mean()) if x.size else float("nan"),
        mean_b=float(y.mean()) if y.size else float("nan"),
        difference=flips.interval((-1.0, 1.0), level),
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
    """
    return SignFlips(gains, weights).interval(bounds, level)


class SignFlips:
    """The permutation test of a paired figure, and the interval that is its inversion.

    With each gain's sign a coin toss, a sum at least as large as the one seen is drawn exactly when
    the gains that were turned add up to 0 or less. So the test of the figure r, on gains - r x
    weights, counts the turned subsets whose own ratio gains / weights is at most r: the interval of
    all r that are not rejected runs between quantiles of the ratios of random subsets (Hartigan
    1969, JASA 64:1303, "typical values"). Exact up to 13 items: all subsets, and with fewer than 6
    items, where no test can reject, the interval is all of `bounds`. With more items seeded
    resamples, and a tie counts half (mid-p; for right-or-wrong answers: Fagerland, Lydersen, Laake
    2013, BMC Medical Research Methodology 13:91): rewards in few steps tie often, and the plain
    test then raises fewer false alarms than it states (3.8 % for 5 %, tests/simulated.py).
    """

    def __init__(self, gains: Values, weights: Values, seed: int = 0) -> None:
        self.gains, self.weights = gains, weights
        self.exact = gains.size <= EXACT
        drawn = [
            np.stack([turned @ gains, turned @ weights]) for turned in _subsets(gains.size, seed)
        ]
        self.sums, self.worth = np.concatenate(drawn, axis=1)
        """Gains and weights of each turned subset."""

    def p_value(self) -> float:
        """Two-sided p value of a true figure of 0; nan below two items."""
        if self.gains.size < 2:
            return float("nan")
        if float(np.abs(self.gains).max()) <= SAME:
            return 1.0
        total = abs(float(self.gains.sum()))
        further = np.abs(float(self.gains.sum()) - 2 * self.sums) - total
        beyond, ties = int((further > SAME).sum()), int((np.abs(further) <= SAME).sum())
        if self.exact:
            return float((beyond + ties) / self.sums.size)
        return float((0.5 + beyond + 0.5 * ties) / (self.sums.size + 1))

    def interval(self, bounds: tuple[float, float], level: float = LEVEL) -> Estimate:
        """The figure with its interval of 1 - level, within `bounds`."""
        weight = float(self.weights.sum())
        if not self.gains.size or weight <= 0:
            return Estimate(float("nan"), *bounds)
        value = float(self.gains.sum()) / weight
        if self.gains.size < 2:
            return Estimate(value, *bounds)
        ratios, below_all, above_all = self._ratios()
        rejected = self.p_value() < level
        if not ratios.size or float(np.ptp(ratios)) <= SAME:
            # All items gain the same, so resampling would claim certainty.
            certain = all_equal(value, self.gains.size, bounds)
            low, high = certain.low, certain.high
        else:
            drawn = self.sums.size
            count = drawn * level / 2 if self.exact else (drawn + 1) * level - 0.5
            rank = max(0, math.ceil(count - 1e-9) - 1)
            low = float(ratios[rank - below_all]) if rank >= below_all else -math.inf
            high = float(ratios[-1 - rank + above_all]) if rank >= above_all else math.inf
        # Ties at 0 lie half inside: the test decides on which side of the interval's end 0 is.
        above, below = ratios[ratios > SAME], ratios[ratios < -SAME]
        if rejected and value > 0 and low <= 0:
            low = min(value, float(above[0])) if above.size else value
        elif rejected and value < 0 and high >= 0:
            high = max(value, float(below[-1])) if below.size else value
        elif not rejected:
            low, high = min(low, 0.0), max(high, 0.0)
        return Estimate(value, max(bounds[0], min(low, value)), min(bounds[1], max(high, value)))

    def _ratios(self) -> tuple[Values, int, int]:
        """Ratio of each subset in order, and how many without weight lie below and above all."""
        sums, worth = self.sums, self.worth
        if not self.exact:  # each subset's complement is as likely
            sums = np.concatenate([sums, self.gains.sum() - sums])
            worth = np.concatenate([worth, self.weights.sum() - worth])
        empty = worth <= SAME
        ratios = np.sort(sums[~empty] / worth[~empty])
        return ratios, int((sums[empty] <= SAME).sum()), int((sums[empty] >= -SAME).sum())


def _subsets(items: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Which items are turned, subsets x items, in blocks: all subsets, or a random choice."""
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
        again = means[chosen], variances[chosen], sizes[chosen]
        drawn.append(_planned(*again, samples, correlation))
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
    solved by statsmodels. In reward units; nan when it is unknown.
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


def holm_levels(p_values: Sequence[float], level: float = LEVEL) -> list[float]:
    """The level at which Holm's procedure tests each p value, in their order.

    The smallest of m is tested at level / m, the next at level / (m - 1), and so on to the first
    that is not rejected, whose level holds for all that follow: an interval of 1 - that level holds
    0 exactly when `adjust` gives a p value of at least `level`. nan counts for nothing.
    """
    found = np.asarray(p_values, dtype=float)
    levels = np.full(found.size, level)
    order = [int(n) for n in np.argsort(found) if math.isfinite(found[n])]
    reached, rejecting = level, True
    for place, number in enumerate(order):
        if rejecting:
            reached = level / (len(order) - place)
            rejecting = bool(found[number] < reached)
        levels[number] = reached
    return [float(one) for one in levels]
