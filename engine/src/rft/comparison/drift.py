"""What a tuned model may have paid its reward with: length, format, its worst answers, memory."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from rft.comparison.sides import Side, Values, length, means
from rft.records import Record
from rft.stats import SAME, Estimate, item_means, paired_difference, rewards_by_item

MANY = 2_000
"""From so many items on the bootstrap leaves out its correction, which takes n^2 steps."""
LONGER = 1.2
"""House rule: answers that became longer by so much are worth a look."""
GAP = 0.05
"""Azure's guidance on reinforcement fine-tuning: a gap up to 0.05 is fine, from 0.10 on stop."""


@dataclass(frozen=True)
class Drift:
    """Something beside the reward that changed from one run to the other."""

    name: str
    a: float
    b: float
    change: str
    """Difference or ratio, with its interval."""
    warning: str
    """What to look at; empty when nothing is to be feared."""


def drifts(a: Side, b: Side) -> list[Drift]:
    """What a tuned model may have paid its reward with: length, format, its worst answers."""
    found = [_longer(a, b), _memory(a, b)]
    forms = [side.run.info.sampling.get("response_format", "none") for side in (a, b)]
    if "none" not in forms:
        found.append(_share("answers that are no JSON", a, b, _unreadable))
    found.append(_share("answers cut off at max_tokens", a, b, _cut))
    k = min(len(r) for side in (a, b) for r in side.rewards.values()) if a.rewards else 0
    if k > 1:
        gain = paired_difference(_worst(a, k), _worst(b, k))
        told = f"The worst answers of {b.label} got worse." if gain.verdict == "a" else ""
        name = f"worst of {k} answers"
        found.append(Drift(name, gain.mean_a, gain.mean_b, signed(gain.difference), told))
    return [drift for drift in found if drift is not None]


def signed(e: Estimate) -> str:
    """A difference with its interval: "+0.21 [+0.15, +0.27]"."""
    if math.isnan(e.value):
        return "unknown"
    return f"{e.value:+.2f} [{e.low:+.2f}, {e.high:+.2f}]"


def _worst(side: Side, k: int) -> dict[str, list[float]]:
    return {item: [min(found[:k])] for item, found in side.rewards.items()}


def _longer(a: Side, b: Side) -> Drift | None:
    x, y = (means(side.each(length), a) for side in (a, b))
    if not x.size or not x.mean():
        return None
    ratio = float(y.mean() / x.mean())
    ends = bootstrap(x, y, lambda p, q: q / p)
    change = f"x {Estimate(ratio, *ends) if ends else f'{ratio:.2f}'}"
    longer = ends is not None and ends[0] > LONGER
    told = "Answers grew: see in the report that words alone do not pay." if longer else ""
    return Drift("length, characters", float(x.mean()), float(y.mean()), change, told)


def _share(name: str, a: Side, b: Side, figure: Callable[[Record], float]) -> Drift:
    paired = paired_difference(a.each(figure), b.each(figure))
    told = f"More {name} than before." if paired.verdict == "b" else ""
    return Drift(name, paired.mean_a, paired.mean_b, signed(paired.difference), told)


def _memory(a: Side, b: Side) -> Drift | None:
    """How much better a model is on its training rows; different rows, so Welch's interval."""
    if not b.train:
        return None
    here, train = item_means(b.rewards), item_means(rewards_by_item(b.train))
    if min(len(here), len(train)) < 2:
        return None
    value = float(np.mean(train) - np.mean(here))
    found = scipy_stats.ttest_ind(train, here, equal_var=False).confidence_interval()
    low, high = (
        float(e) if math.isfinite(e) else side for e, side in zip(found, (-1.0, 1.0), strict=True)
    )
    gap = Estimate(value, low, high)
    before = item_means(rewards_by_item(a.train))
    old = float(np.mean(before) - np.mean(item_means(a.rewards))) if before else math.nan
    told = f"{b.label} is better on its training rows: it may know them by heart."
    return Drift("train minus this split", old, value, signed(gap), told if gap.low > GAP else "")


def bootstrap(
    a: Values, b: Values, of_means: Callable[[Values, Values], Values]
) -> tuple[float, float] | None:
    """95 % interval of a figure made of two means, items resampled in pairs; None if none."""
    if a.size < 2:
        return None
    many = a.size >= MANY
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = scipy_stats.bootstrap(
            (a, b),
            lambda x, y, axis: of_means(x.mean(axis=axis), y.mean(axis=axis)),
            paired=True,
            method="percentile" if many else "BCa",
            n_resamples=999 if many else 9_999,
            batch=max(1, 1_000_000 // a.size),
            rng=np.random.default_rng(0),
        ).confidence_interval
    low, high = float(found.low), float(found.high)
    return (low, high) if math.isfinite(high - low) and high - low > SAME else None


def _unreadable(record: Record) -> float:
    return float(record.sample is None or record.sample.output_json is None)


def _cut(record: Record) -> float:
    return float(record.sample is not None and record.sample.finish_reason == "length")
