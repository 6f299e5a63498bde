"""Figures beside the reward that training may worsen: length, format, worst answers, memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from rft.comparison.runs import ComparedRun, length, means
from rft.display import signed
from rft.records import Record
from rft.stats import Estimate, item_means, paired_difference, paired_ratio, rewards_by_item

LONGER = 1.2
"""House rule: answers that became longer by this factor are worth a look."""
GAP = 0.05
"""Azure's guidance on reinforcement fine-tuning: a gap up to 0.05 is fine, from 0.10 on stop."""


@dataclass(frozen=True)
class SideEffect:
    """A figure beside the reward, in both runs."""

    name: str
    a: float
    b: float
    change: str
    """Difference or ratio, with its interval."""
    warning: str
    """What to look at; empty when nothing got worse."""


def side_effects(a: ComparedRun, b: ComparedRun) -> list[SideEffect]:
    """How length, format, worst answers and memory changed from `a` to `b`."""
    effects = [
        _longer(a, b),
        _memory(a, b),
        _share("unreadable answers", a, b, lambda record: record.unreadable),
        _share("answers cut off at max_tokens", a, b, lambda record: record.cut_off),
    ]
    k = min(len(r) for run in (a, b) for r in run.rewards.values()) if a.rewards else 0
    if k > 1:
        gain = paired_difference(_worst(a, k), _worst(b, k))
        warning = f"The worst answers of {b.label} got worse." if gain.verdict == "a" else ""
        change = signed(gain.difference)
        effects.append(
            SideEffect(f"worst of {k} answers", gain.mean_a, gain.mean_b, change, warning)
        )
    return [effect for effect in effects if effect is not None]


def _worst(run: ComparedRun, k: int) -> dict[str, list[float]]:
    return {item: [min(rewards[:k])] for item, rewards in run.rewards.items()}


def _longer(a: ComparedRun, b: ComparedRun) -> SideEffect | None:
    before, after = (means(run.each(length), a) for run in (a, b))
    if not before.size or not before.mean():
        return None
    most = 2 * float(after.mean() / before.mean())
    growth = paired_ratio(after - before, before, (-1.0, most))
    ratio = Estimate(1 + growth.value, 1 + growth.low, 1 + growth.high)
    warning = ""
    if ratio.low > LONGER:
        warning = "Answers grew longer: check in the report that length alone earns nothing."
    x, y = float(before.mean()), float(after.mean())
    return SideEffect("length, characters", x, y, f"x {ratio}", warning)


def _share(
    name: str, a: ComparedRun, b: ComparedRun, counts: Callable[[Record], bool]
) -> SideEffect:
    before, after = (run.each(lambda record: float(counts(record))) for run in (a, b))
    paired = paired_difference(before, after)
    warning = f"More {name} than before." if paired.verdict == "b" else ""
    return SideEffect(name, paired.mean_a, paired.mean_b, signed(paired.difference), warning)


def _memory(a: ComparedRun, b: ComparedRun) -> SideEffect | None:
    """How much better a model is on its training rows; different rows, so Welch's interval."""
    if not b.train:
        return None
    here, train = item_means(b.rewards), item_means(rewards_by_item(b.train))
    if min(len(here), len(train)) < 2:
        return None
    value = float(np.mean(train) - np.mean(here))
    ends = scipy_stats.ttest_ind(train, here, equal_var=False).confidence_interval()
    low, high = (
        float(end) if math.isfinite(end) else bound
        for end, bound in zip(ends, (-1.0, 1.0), strict=True)
    )
    gap = Estimate(value, low, high)
    before = item_means(rewards_by_item(a.train))
    old = float(np.mean(before) - np.mean(item_means(a.rewards))) if before else math.nan
    warning = f"{b.label} is better on its training rows: it may have memorised them."
    return SideEffect(
        "train minus this split", old, value, signed(gap), warning if gap.low > GAP else ""
    )
