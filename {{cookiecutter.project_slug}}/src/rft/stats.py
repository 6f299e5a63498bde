"""Estimates with intervals. Items are the clusters: the k answers of one item are never pooled.

Every number comes from scipy or numpy; the formulas' sources stand in the docstrings.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from rft.records import Record

SAME = 1e-6
"""Rewards of one item closer than this have no spread a trainer could learn from."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def rewards_by_item(records: Iterable[Record]) -> dict[str, list[float]]:
    """Rewards of each item; answers without a reward (infrastructure) are left out."""
    found: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if record.reward is not None:
            found[record.item_id].append(record.reward)
    return dict(found)


def mean_interval(per_item: Sequence[float], seed: int = 0) -> Estimate:
    """Mean over items, each in [0, 1], with a BCa bootstrap interval over items (Efron 1987).

    When all items are equal the bootstrap would claim certainty: a Wilson interval on the number
    of items is given instead; for a single item the interval is all of [0, 1].
    """
    values = np.asarray(per_item, dtype=float)
    if values.size == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    mean = float(values.mean())
    if values.size == 1:
        return Estimate(mean, 0.0, 1.0)
    if float(np.ptp(values)) > SAME:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = scipy_stats.bootstrap(
                (values,),
                np.mean,
                method="BCa",
                batch=max(1, 1_000_000 // values.size),  # bounds the memory at 8 MB a batch
                rng=np.random.default_rng(seed),
            )
        low, high = map(float, result.confidence_interval)
        if np.isfinite([low, high]).all() and high - low > SAME:
            return Estimate(mean, low, high)
    interval = scipy_stats.binomtest(round(mean * values.size), values.size).proportion_ci(
        method="wilson"
    )
    return Estimate(mean, min(float(interval.low), mean), max(float(interval.high), mean))


def share_interval(hits: int, of: int) -> Estimate:
    """A share with its Wilson interval."""
    if of == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    interval = scipy_stats.binomtest(hits, of).proportion_ci(method="wilson")
    return Estimate(hits / of, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the reward, in reward units."""

    between_items: float
    within_item: float


def spread(by_item: dict[str, list[float]]) -> Spread:
    """How far item means lie apart, and how far answers to one item lie apart (pooled)."""
    means = [float(np.mean(r)) for r in by_item.values()]
    within = [float(np.var(r, ddof=1)) for r in by_item.values() if len(r) > 1]
    return Spread(
        float(np.std(means, ddof=1)) if len(means) > 1 else float("nan"),
        float(np.sqrt(np.mean(within))) if within else float("nan"),
    )


def has_spread(rewards: Sequence[float]) -> bool:
    """Whether a group of answers holds any difference to learn from."""
    return max(rewards) - min(rewards) > SAME
