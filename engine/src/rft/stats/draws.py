"""What several answers to one item can show: pass@k, headroom, groups with something to learn.

Every figure is unbiased: it averages over all ways to draw k of the n answers of an item without
replacement. An item with fewer than k answers says nothing and is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb
from scipy.stats import rankdata

from rft.estimate import Estimate
from rft.stats.estimates import SAME, ByItem, mean_interval

Matrix = NDArray[np.float64]

FEWEST_ITEMS = 6
"""With fewer, no test can tell a sign: 2 x 0.5^5 = 6 %."""


def pass_at_k(by_item: ByItem, k: int, solved: float = 1.0) -> Estimate:
    """Chance that at least one of k answers solves the item, mean over items.

    An answer solves it from a reward of `solved` on. Chen et al. (2021), arXiv 2107.03374, eq. 1:
    1 - C(n - c, k) / C(n, k) with c of n answers right.
    """

    def chance(rewards: Matrix) -> Matrix:
        wrong = (rewards < solved - 1e-9).sum(axis=1)
        return np.asarray(1 - comb(wrong, k) / comb(rewards.shape[1], k))

    return mean_interval(_per_item(by_item, k, chance))


def best_of(by_item: ByItem, k: int) -> Estimate:
    """Expected best of k answers, mean over items; in reward units."""
    return mean_interval(_per_item(by_item, k, lambda rewards: _best(rewards, k)))


def headroom(by_item: ByItem, k: int) -> Estimate:
    """Expected best of k answers minus the mean answer, mean over items; in reward units."""
    return mean_interval(_per_item(by_item, k, lambda r: _best(r, k) - r.mean(axis=1)))


def learnable_share(by_item: ByItem, group_size: int) -> Estimate:
    """Share of items whose group of `group_size` answers would not all score the same.

    1 - sum over distinct rewards v of C(n_v, G) / C(n, G); with rewards 0 and 1 it is pass@G -
    pass^G, and 1 minus TRL's frac_reward_zero_std at that group size. When no item has G answers,
    the fewest drawn, k, stand in: a group of G has spread at least as often as one of k, and at
    most G / k times as often; the interval covers both.
    """
    fewest = min((len(r) for r in by_item.values() if len(r)), default=0)
    size = min(group_size, max(map(len, by_item.values()), default=0))
    if size < group_size:
        size = max(2, fewest)
    drawn = mean_interval(_per_item(by_item, size, lambda r: _mixed(r, size)))
    if size == group_size:
        return drawn
    return Estimate(drawn.value, drawn.low, min(1.0, drawn.high * group_size / size))


def rank_correlation(
    x: Mapping[str, Sequence[float]], y: ByItem, given: Mapping[str, Sequence[float]] | None = None
) -> tuple[Estimate, int]:
    """Spearman's rho of x and y within each item, mean over items; and how many items tell.

    All hold the same answers in the same order. Items where x or y does not vary tell nothing.
    `given`: the correlation is semipartial (Cohen, Cohen 1983, 3.3): of y with what the ranks of
    `given` do not explain of those of x, with one slope for all items; an item that lacks it counts
    as it is. The interval is that of the mean of the figure's first-order terms; with fewer than
    FEWEST_ITEMS items it is all of [-1, 1]. nan where nothing of x is left.
    """
    known = given or {}
    groups = defaultdict(list)
    for item, values in y.items():
        if item in x and len(x[item]) == len(values) > 1:
            groups[len(values)].append((x[item], values, known.get(item, [0.0] * len(values))))
    products = [np.empty((0, 3, 3))]
    for triples in groups.values():  # items with equally many answers are worked at once
        stacked = np.asarray(triples, dtype=float)
        ranks = rankdata(np.where(np.isfinite(stacked), stacked, np.nan), axis=2)
        ranks -= ranks.mean(axis=2, keepdims=True)
        scale = np.sqrt((ranks**2).sum(axis=2, keepdims=True))
        ranks = np.divide(ranks, scale, out=np.zeros_like(ranks), where=scale > SAME)
        usable = (scale[:, :2, 0] > SAME).all(axis=1)
        products.append(ranks[usable] @ ranks[usable].transpose(0, 2, 1))
    terms = _semipartial_terms(np.concatenate(products))
    if 0 < terms.size < FEWEST_ITEMS:
        return Estimate(float(terms.mean()), -1.0, 1.0), terms.size
    return mean_interval(terms.tolist(), bounds=(-1.0, 1.0)), terms.size


def _semipartial_terms(products: Matrix) -> Matrix:
    """First-order terms, one an item, of the correlation of y with what is left of x.

    `products`: of an item's ranks of x, y and `given` (zero where it does not vary), each of length
    1; items x 3 x 3.
    """
    if not len(products):
        return np.empty(0)
    mean = products.mean(axis=0)
    slopes = mean[:2, 2] / mean[2, 2] if mean[2, 2] > SAME else np.zeros(2)
    rest = np.column_stack([np.eye(2), -slopes])
    left = rest @ products @ rest.T
    left_of_x, shared = left[:, 0, 0], left[:, 0, 1]
    if not left_of_x.mean() > SAME:
        return np.empty(0)
    shared = shared / np.sqrt(left_of_x.mean())
    return np.asarray(shared + shared.mean() / 2 * (1 - left_of_x / left_of_x.mean()))


def _per_item(by_item: ByItem, k: int, figure: Callable[[Matrix], Matrix]) -> list[float]:
    """`figure` of every item with at least k answers; items with equally many are worked at once.

    `figure` gets rewards, items x answers, and returns one number an item.
    """
    if k < 1:
        raise ValueError(f"k = {k}; draw at least one answer")
    groups: dict[int, list[Sequence[float]]] = defaultdict(list)
    for rewards in by_item.values():
        if len(rewards) >= k:
            groups[len(rewards)].append(rewards)
    return [
        value
        for _, members in sorted(groups.items())
        for value in figure(np.asarray(members, dtype=float)).tolist()
    ]


def _best(rewards: Matrix, k: int) -> Matrix:
    n = rewards.shape[1]
    chance = comb(np.arange(n), k - 1) / comb(n, k)
    return np.asarray(np.sort(rewards, axis=1) @ chance)


def _mixed(rewards: Matrix, size: int) -> Matrix:
    ordered = np.sort(rewards, axis=1)
    n = ordered.shape[1]
    # Neighbours closer than SAME count as one value: number the values, count each number.
    label = np.cumsum(np.diff(ordered, axis=1, prepend=ordered[:, :1]) > SAME, axis=1)
    counts = np.stack([(label == v).sum(axis=1) for v in range(n)], axis=1)
    same = comb(counts, size).sum(axis=1) / comb(n, size)
    return np.asarray(1 - same, dtype=float)
