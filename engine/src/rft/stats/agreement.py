"""How far raters agree: Cohen's kappa, Krippendorff's alpha, macro F1, each with an interval."""

from __future__ import annotations

import math
import warnings
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from rft.stats.estimates import SAME, Estimate, share_interval

RESAMPLES = 999
UNKNOWN = Estimate(float("nan"), -1.0, 1.0)
Level = Literal["nominal", "ordinal", "interval", "ratio"]


def cohen_kappa(a: Sequence[Hashable], b: Sequence[Hashable]) -> Estimate:
    """Agreement of two raters beyond chance, in [-1, 1]; one label an item from each.

    Cohen (1960), interval of Fleiss, Cohen, Everitt (1969), both by statsmodels. Unknown when
    both give one and the same label throughout: then chance alone agrees. Full agreement has an
    interval too: as many further items may disagree as could have stayed unseen.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    table = _table(a, b)
    n = table.sum()
    if len(table) < 2:
        return UNKNOWN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = cohens_kappa(table)
    kappa, low, high = float(found.kappa), float(found.kappa_low), float(found.kappa_upp)
    if not math.isfinite(low) or high - low <= SAME:
        chance = float((table.sum(axis=0) * table.sum(axis=1)).sum()) / float(n) ** 2
        return _unseen(kappa, int(n), chance)
    return Estimate(kappa, max(-1.0, low), min(1.0, high))


def krippendorff_alpha(
    ratings: Sequence[Sequence[float]], level: Level = "interval", seed: int = 0
) -> Estimate:
    """Agreement of any number of raters beyond chance, at most 1; `ratings` is raters x items.

    nan marks what a rater left out; items with fewer than two ratings do not count. Krippendorff
    (2011) by the krippendorff package; percentile bootstrap over items. Unknown when nothing
    varies.
    """
    import krippendorff

    values = np.asarray(ratings, dtype=float)
    if values.ndim != 2:
        return UNKNOWN
    values = values[:, np.isfinite(values).sum(axis=0) >= 2]
    items = values.shape[1]
    rated = values[np.isfinite(values)]
    if items == 0 or float(np.ptp(rated)) <= SAME:
        return UNKNOWN
    alpha = float(krippendorff.alpha(reliability_data=values, level_of_measurement=level))
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(RESAMPLES):
        again = values[:, rng.integers(0, items, items)]
        if float(np.nanmax(again) - np.nanmin(again)) > SAME:
            drawn.append(krippendorff.alpha(reliability_data=again, level_of_measurement=level))
    low, high = np.quantile(drawn, [0.025, 0.975]) if items > 1 and drawn else (-1.0, 1.0)
    if high - low <= SAME:
        return _unseen(alpha, items, 0.0)
    return Estimate(alpha, min(float(low), alpha), max(float(high), alpha))


def macro_f1(truth: Sequence[Hashable], predicted: Sequence[Hashable], seed: int = 0) -> Estimate:
    """F1 of each label of `truth` or `predicted`, plain mean over labels, in [0, 1].

    Value by scikit-learn; interval by a percentile bootstrap over items, drawn as tables of
    counts.
    """
    from sklearn.metrics import f1_score

    labels = {label: n for n, label in enumerate(dict.fromkeys([*truth, *predicted]))}
    table = _table(truth, predicted).astype(float)
    n = int(table.sum())
    if n == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    value = float(
        f1_score(
            [labels[x] for x in truth],
            [labels[x] for x in predicted],
            average="macro",
            zero_division=0,
        )
    )
    draws = np.random.default_rng(seed).multinomial(n, (table / n).ravel(), size=RESAMPLES)
    tables = draws.reshape(-1, *table.shape)
    hits = np.diagonal(tables, axis1=1, axis2=2)
    either = tables.sum(axis=1) + tables.sum(axis=2)
    # A label that a draw does not hold at all has no F1 there and does not count.
    scores = np.where(either > 0, 2 * hits / np.maximum(either, 1), np.nan)
    low, high = np.quantile(np.nanmean(scores, axis=1), [0.025, 0.975])
    if high - low <= SAME:
        unseen = share_interval(0, n).high
        return Estimate(value, max(0.0, value - unseen), min(1.0, value + unseen * (1 - value)))
    return Estimate(value, min(float(low), value), max(float(high), value))


def _table(a: Sequence[Hashable], b: Sequence[Hashable]) -> np.ndarray:
    """Counts of each pair of labels. Raises ValueError for unequal numbers of labels."""
    labels = {label: n for n, label in enumerate(dict.fromkeys([*a, *b]))}
    table = np.zeros((len(labels), len(labels)), dtype=int)
    for x, y in zip(a, b, strict=True):
        table[labels[x], labels[y]] += 1
    return table


def _unseen(value: float, items: int, chance: float) -> Estimate:
    """The interval where resampling sees no doubt: a share of disagreement may be unseen."""
    drop = share_interval(0, items).high / max(SAME, 1 - chance)
    return Estimate(value, max(-1.0, value - drop), min(1.0, max(value, value + drop)))
