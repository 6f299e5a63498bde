"""Means and shares with intervals. Items are the clusters: answers to one item are never pooled."""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from rft.records import Record

ByItem = Mapping[str, Sequence[float]]
"""Item id -> the rewards of its answers, each in [0, 1]."""

SAME = 1e-6
"""Rewards of one item closer than this have no spread a trainer could learn from."""
MANY = 2_000
"""From so many items on the t interval is as good as the bootstrap, and does not need minutes."""
RESAMPLES = 4_999
BATCH = 1_000_000
"""Numbers held at once while resampling: 8 MB."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; value is nan when nothing could be measured."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "unknown"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def rewards_by_item(records: Iterable[Record]) -> dict[str, list[float]]:
    """Rewards of each item; answers without a reward (infrastructure) are left out."""
    found: dict[str, list[float]] = defaultdict(list)
    for record in records:
        reward = record.reward
        if reward is not None and math.isfinite(reward):
            found[record.item_id].append(reward)
    return dict(found)


def item_means(by_item: ByItem) -> list[float]:
    """The mean reward of each item that has an answer, in the order of the items."""
    return [float(np.mean(rewards)) for rewards in by_item.values() if len(rewards)]


def mean_interval(
    per_item: Sequence[float], seed: int = 0, bounds: tuple[float, float] = (0.0, 1.0)
) -> Estimate:
    """Mean over items with a 95 % interval; `per_item` holds one figure per item, within `bounds`.

    Shares (every figure 0 or 1): Wilson's interval. Else a BCa bootstrap over items (Efron 1987),
    at the confidence level that makes up for its narrowness in small samples (Hesterberg 2015,
    The American Statistician 69:371, "expanded percentile"); Student's t from MANY items on.
    All items equal: the bootstrap would claim certainty, see `all_equal`. Figures that are not
    finite are left out; with none or one left, the interval is all of `bounds`.
    """
    values = np.asarray(per_item, dtype=float)
    values = values[np.isfinite(values)]
    low, high = bounds
    if values.size < 2:
        return Estimate(float(values.mean()) if values.size else float("nan"), low, high)
    mean = float(values.mean())
    if float(np.ptp(values)) <= SAME:
        return all_equal(mean, values.size, bounds)
    if bounds == (0.0, 1.0) and np.isin(values, (0.0, 1.0)).all():
        return share_interval(int(values.sum()), values.size)
    ends = _t_ends(values) if values.size >= MANY else _bca_ends(values, seed)
    return Estimate(mean, max(low, min(ends[0], mean)), min(high, max(ends[1], mean)))


def _t_ends(values: np.ndarray) -> tuple[float, float]:
    low, high = scipy_stats.ttest_1samp(values, 0.0).confidence_interval()
    return float(low), float(high)


def _bca_ends(values: np.ndarray, seed: int) -> tuple[float, float]:
    size = values.size
    tail = scipy_stats.t.ppf(0.975, size - 1) * math.sqrt(size / (size - 1))
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
    usable = math.isfinite(low) and math.isfinite(high) and high - low > SAME
    return (low, high) if usable else _t_ends(values)


def all_equal(value: float, items: int, bounds: tuple[float, float] = (0.0, 1.0)) -> Estimate:
    """The interval of a mean when all of several items show the same value.

    At most a share u of further items can differ from it, the upper end of Wilson's interval of
    0 in `items`; they could be anything within `bounds`. For values 0 and 1 this is Wilson's
    interval itself.
    """
    low, high = bounds
    unseen = share_interval(0, items).high
    return Estimate(value, value - unseen * (value - low), value + unseen * (high - value))


def share_interval(hits: int, of: int) -> Estimate:
    """A share with its Wilson interval (Wilson 1927)."""
    if of == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    interval = scipy_stats.binomtest(hits, of).proportion_ci(method="wilson")
    return Estimate(hits / of, float(interval.low), float(interval.high))


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


@dataclass(frozen=True)
class Components:
    """Variances of the reward, in squared reward units; nan where nothing can be said."""

    between: float
    """Of the items' true means: the noise of few answers an item is taken out."""
    within: float
    """Of the answers to one item."""


def variance_components(by_item: ByItem) -> Components:
    """One-way random effects by analysis of variance, items of unequal size allowed.

    Searle, Casella, McCulloch (1992), Variance Components, section 3.6: within = MSW, between =
    (MSB - MSW) / n0, not below 0. Items without an answer are left out.
    """
    groups = [np.asarray(r, dtype=float) for r in by_item.values() if len(r)]
    sizes = np.array([g.size for g in groups])
    total, items = int(sizes.sum()), len(groups)
    if items < 2 or total == items:
        return Components(float("nan"), float("nan"))
    means = np.array([g.mean() for g in groups])
    centre = float((sizes * means).sum() / total)
    within = float(sum(((g - m) ** 2).sum() for g, m in zip(groups, means, strict=True)))
    within /= total - items
    between = float((sizes * (means - centre) ** 2).sum()) / (items - 1)
    usual = (total - float((sizes**2).sum()) / total) / (items - 1)
    return Components(max(0.0, (between - within) / usual), within)


def has_spread(rewards: Sequence[float]) -> bool:
    """Whether a group of answers holds any difference to learn from."""
    return max(rewards) - min(rewards) > SAME
