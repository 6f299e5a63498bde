"""How far raters agree: Cohen's kappa, Krippendorff's alpha, macro F1, each with an interval."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import Literal

import numpy as np

from rft.estimate import Estimate
from rft.stats.estimates import SAME, share_interval

RESAMPLES = 999
UNKNOWN = Estimate(float("nan"), -1.0, 1.0)


def cohen_kappa(
    a: Sequence[Hashable], b: Sequence[Hashable], cases: Sequence[Hashable] | None = None
) -> Estimate:
    """Agreement of two raters beyond chance, in [-1, 1]; one label an item from each.

    Cohen (1960), interval of Fleiss, Cohen, Everitt (1969), both by statsmodels. Unknown when
    both give one and the same label throughout: then chance alone agrees. Full agreement has an
    interval too: as many further items may disagree as could have stayed unseen. `cases`: what
    each item belongs to; see `_widened`.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    table = _tables(a, b, [0] * len(a))[0] if len(a) else np.zeros((0, 0))
    if len(table) < 2:
        return UNKNOWN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = cohens_kappa(table)
    kappa, low, high = float(result.kappa), float(result.kappa_low), float(result.kappa_upp)
    if not math.isfinite(low) or high - low <= SAME:
        chance = float((table.sum(axis=0) * table.sum(axis=1)).sum()) / len(a) ** 2
        interval = _unseen(kappa, len(a), chance)
    else:
        interval = Estimate(kappa, max(-1.0, low), min(1.0, high))
    return _widened(interval, _tables(a, b, cases), _kappas) if cases else interval


def krippendorff_alpha(
    ratings: Sequence[Sequence[float]],
    seed: int = 0,
    level: Literal["interval", "nominal"] = "interval",
) -> Estimate:
    """Agreement of any number of raters beyond chance, at most 1; `ratings` is raters x items.

    Ratings are numbers (`level` interval) or stand for names (nominal); nan marks what a rater left
    out; items with fewer than two ratings do not count. Krippendorff (2011) by the krippendorff
    package; percentile bootstrap over items. Unknown when nothing varies.
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


def macro_f1(
    truth: Sequence[Hashable],
    predicted: Sequence[Hashable],
    cases: Sequence[Hashable] | None = None,
) -> Estimate:
    """F1 of each label of `truth` or `predicted`, plain mean over labels, in [0, 1].

    Percentile bootstrap over items; `cases`: what each item belongs to, see `_widened`.
    """
    items = len(truth)
    if not items:
        return Estimate(float("nan"), 0.0, 1.0)
    tables = _tables(truth, predicted, range(items))
    value = float(_macro_f1s(tables.sum(axis=0)))
    interval = _widened(Estimate(value, value, value), tables, _macro_f1s)
    if interval.high - interval.low <= SAME:
        unseen = share_interval(0, items).high
        low, high = max(0.0, value - unseen), min(1.0, value + unseen * (1 - value))
        interval = Estimate(value, low, high)
    return _widened(interval, _tables(truth, predicted, cases), _macro_f1s) if cases else interval


def _macro_f1s(tables: np.ndarray) -> np.ndarray:
    """Of tables of counts, ... x labels x labels. A label that a table lacks does not count."""
    either = tables.sum(axis=-1) + tables.sum(axis=-2)
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    return np.asarray(np.nanmean(2 * hits / np.where(either > 0, either, np.nan), axis=-1))


def _kappas(tables: np.ndarray) -> np.ndarray:
    """Of tables of counts, ... x labels x labels; nan where chance alone agrees."""
    n = tables.sum(axis=(-1, -2))
    agreed = np.diagonal(tables, axis1=-2, axis2=-1).sum(axis=-1) / n
    chance = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1) / n**2
    return np.asarray((agreed - chance) / np.where(chance < 1, 1 - chance, np.nan))


def _tables(a: Sequence[Hashable], b: Sequence[Hashable], cases: Sequence[Hashable]) -> np.ndarray:
    """Counts of each pair of labels in each case. Raises ValueError for unequal numbers."""
    labels = {label: n for n, label in enumerate(dict.fromkeys([*a, *b]))}
    places = {case: n for n, case in enumerate(dict.fromkeys(cases))}
    tables = np.zeros((len(places), len(labels), len(labels)))
    for x, y, case in zip(a, b, cases, strict=True):
        tables[places[case], labels[x], labels[y]] += 1
    return tables


def _widened(
    figure: Estimate, tables: np.ndarray, of_tables: Callable[[np.ndarray], np.ndarray]
) -> Estimate:
    """The figure with the wider of two intervals: its own, and that of cases drawn anew.

    Labels of one case are alike, so that drawing labels one by one may promise too much; on the
    other hand few cases drawn anew see too little. `tables`: cases x labels x labels.
    """
    cases = len(tables)
    if math.isnan(figure.value) or cases < 2:
        return figure
    times = np.random.default_rng(0).multinomial(cases, [1 / cases] * cases, size=RESAMPLES)
    low, high = np.nanquantile(of_tables(np.tensordot(times, tables, 1)), [0.025, 0.975])
    return Estimate(figure.value, min(figure.low, float(low)), max(figure.high, float(high)))


def _unseen(value: float, items: int, chance: float) -> Estimate:
    """The interval where resampling sees no doubt: a share of disagreement may be unseen."""
    drop = share_interval(0, items).high / max(SAME, 1 - chance)
    return Estimate(value, max(-1.0, value - drop), min(1.0, max(value, value + drop)))
