"""Means and shares with intervals. Items are the clusters: answers to one item are never pooled."""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from rft.estimate import Estimate
from rft.records import Record

ByItem = Mapping[str, Sequence[float]]
"""Item id -> the rewards of its answers, each in [0, 1]."""

LEVEL = 0.05
"""Chance that an interval misses the truth, and that a test tells equal runs apart."""
SAME = 1e-6
"""Rewards of one item closer than this have no spread a trainer could learn from."""
MANY = 2_000
"""From so many items on the t interval is as good as the bootstrap, and does not need minutes."""
RESAMPLES = 4_999
BATCH = 1_000_000
"""Numbers held at once while resampling: 8 MB."""


def rewards_by_item(records: Iterable[Record]) -> dict[str, list[float]]:
    """Rewards of each item; answers without a reward (infrastructure) are left out."""
    rewards: dict[str, list[float]] = defaultdict(list)
    for record in records:
        reward = record.reward
        if reward is not None and math.isfinite(reward):
            rewards[record.item_id].append(reward)
    return dict(rewards)


def item_means(by_item: ByItem) -> list[float]:
    """The mean reward of each item that has an answer, in the order of the items."""
    return [float(np.mean(rewards)) for rewards in by_item.values() if len(rewards)]


def mean_interval(
    item_figures: Sequence[float],
    seed: int = 0,
    bounds: tuple[float, float] = (0.0, 1.0),
    level: float = LEVEL,
) -> Estimate:
    """Mean over items with its interval of 1 - `level`; one figure per item, within `bounds`.

    Shares (every figure 0 or 1): Wilson's interval. Else a BCa bootstrap over items (Efron 1987),
    at the confidence level that makes up for its narrowness in small samples (Hesterberg 2015,
    The American Statistician 69:371, "expanded percentile"); Student's t from MANY items on.
    All items equal: the bootstrap would claim certainty, see `all_equal`. Figures that are not
    finite are left out; with none or one left, the interval is all of `bounds`.
    """
    values = np.asarray(item_figures, dtype=float)
    values = values[np.isfinite(values)]
    if values.size < 2:
        return Estimate(float(values.mean()) if values.size else float("nan"), *bounds)
    mean = float(values.mean())
    if float(np.ptp(values)) <= SAME:
        return all_equal(mean, values.size, bounds, level)
    if bounds == (0.0, 1.0) and np.isin(values, (0.0, 1.0)).all():
        return share_interval(int(values.sum()), values.size, level)
    low, high = _bootstrap_ends(values, seed, level) if values.size < MANY else (math.nan, math.nan)
    if not high - low > SAME:
        t = scipy_stats.ttest_1samp(values, 0.0).confidence_interval(1 - level)
        low, high = float(t.low), float(t.high)
    return Estimate(mean, max(bounds[0], min(low, mean)), min(bounds[1], max(high, mean)))


def _bootstrap_ends(values: np.ndarray, seed: int, level: float) -> tuple[float, float]:
    size = values.size
    tail = scipy_stats.t.isf(level / 2, size - 1) * math.sqrt(size / (size - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = scipy_stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=RESAMPLES,
            method="BCa",
            confidence_level=1 - 2 * float(scipy_stats.norm.sf(tail)),
            batch=max(1, BATCH // size),
            rng=np.random.default_rng(seed),
        )
    low, high = map(float, result.confidence_interval)
    return low, high


def all_equal(
    value: float, items: int, bounds: tuple[float, float] = (0.0, 1.0), level: float = LEVEL
) -> Estimate:
    """The interval of a mean when all of several items show the same value.

    At most a share u of further items can differ from it, the upper end of Wilson's interval of
    0 in `items`; they could be anything within `bounds`. For values 0 and 1 this is Wilson's
    interval itself.
    """
    low, high = bounds
    unseen = share_interval(0, items, level).high
    return Estimate(value, value - unseen * (value - low), value + unseen * (high - value))


def share_interval(hits: int, total: int, level: float = LEVEL) -> Estimate:
    """A share with its Wilson interval (Wilson 1927)."""
    if total == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    interval = scipy_stats.binomtest(hits, total).proportion_ci(1 - level, method="wilson")
    return Estimate(hits / total, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the reward, in reward units."""

    between_items: float
    within_item: float


def spread(by_item: ByItem) -> Spread:
    """How far item means lie apart, and how far answers to one item lie apart (pooled)."""
    means = item_means(by_item)
    within = [float(np.var(r, ddof=1)) for r in by_item.values() if len(r) > 1]
    return Spread(
        float(np.std(means, ddof=1)) if len(means) > 1 else float("nan"),
        float(np.sqrt(np.mean(within))) if within else float("nan"),
    )


def has_spread(rewards: Sequence[float]) -> bool:
    """Whether a group of answers holds any difference to learn from."""
    return max(rewards) - min(rewards) > SAME
