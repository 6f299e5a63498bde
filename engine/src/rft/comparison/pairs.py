"""Runs compared on the same items: what one gained over another, where, and at what price.

Each run stands beside a reference: the first one or, where people answered the same items, they
as well. Items are the pairs; a difference that its test does not show is "tied".
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rft import human
from rft.comparison.drift import Drift, bootstrap, drifts
from rft.comparison.sides import Side, Values, length, means
from rft.errors import CheckError
from rft.records import Record
from rft.stats import (
    SAME,
    ByItem,
    Estimate,
    Paired,
    adjust,
    item_means,
    mean_interval,
    paired_difference,
)

LEVEL = 0.05
ENOUGH = 6
"""Items a slice needs to be tested: with 5, even five wins out of five have p = 2 / 2^5 > 0.05."""
VALUES = 50
"""Values looked at of one slice key, those with the most items."""
LENGTH, PARTS = "length of A's answers", "part of the grade"

Verdict = Literal["a", "b", "tied"]
_Table = tuple[str, str, Sequence[ByItem]]


@dataclass(frozen=True)
class Slice:
    """Two runs on the items that share a property."""

    key: str
    value: str
    means: list[float]
    """Of every run of the comparison, in its order; nan where a run lacks that part."""
    paired: Paired
    p_value: float
    """Corrected for all slices looked at; nan with too few items to test."""
    verdict: Verdict


@dataclass(frozen=True)
class Change:
    """An item that one run answers better, with an answer of each that is typical of it."""

    item_id: str
    mean_a: float
    mean_b: float
    a: Record
    b: Record


@dataclass(frozen=True)
class Pair:
    """What `b` gained over `a`."""

    a: Side
    b: Side
    paired: Paired
    p_value: float
    """Corrected for all pairs looked at."""
    verdict: Verdict
    errors_removed: Estimate | None
    """(b - a) / (1 - a): the share of what `a` lacks that `b` brings; None when nothing lacks."""
    slices: list[Slice]
    wins: list[Change]
    """Items where b is better, the widest gap first."""
    losses: list[Change]
    drifts: list[Drift]


@dataclass(frozen=True)
class Comparison:
    """Every run on the items that all of them answered."""

    sides: list[Side]
    items: list[str]
    means: list[Estimate]
    pairs: list[Pair]


def compare(sides: Sequence[Side], slices: Mapping[str, Mapping[str, str]]) -> Comparison:
    """Compare at least two runs; `slices` maps an item's id to its properties.

    Raises CheckError when there is no item that all of them answered.
    """
    items = [i for i in sides[0].rewards if all(i in side.rewards for side in sides)]
    if not items:
        raise CheckError("The runs have no row in common that all of them answered.")
    kept = [_narrow(side, set(items)) for side in sides]
    tables = _tables(kept, slices)
    pairs = [_pair(kept, a, b, tables) for a, b in _couples(kept)]
    corrected = adjust([pair.p_value for pair in pairs])
    return Comparison(
        kept,
        items,
        [mean_interval(item_means(side.rewards)) for side in kept],
        [
            replace(pair, p_value=p, verdict=_verdict(pair.paired, p))
            for pair, p in zip(pairs, corrected, strict=True)
        ],
    )


def _couples(sides: Sequence[Side]) -> list[tuple[int, int]]:
    """(reference, other): every model beside the first run, and beside people."""
    models = [n for n, side in enumerate(sides) if n and not side.human]
    people = [n for n, side in enumerate(sides) if n and side.human]
    found = [(0, n) for n in models] + [(p, n) for p in people for n in (0, *models)]
    return [(a, b) for a, b in found if a == 0 or not sides[b].human] or [(0, 1)]


def _narrow(side: Side, items: set[str]) -> Side:
    return replace(side, records=[r for r in side.records if r.item_id in items])


def _pair(sides: Sequence[Side], first: int, second: int, tables: Sequence[_Table]) -> Pair:
    a, b = sides[first], sides[second]
    paired = paired_difference(a.rewards, b.rewards)
    ordered = _changes(a, b)
    return Pair(
        a=a,
        b=b,
        paired=paired,
        p_value=paired.p_value,
        verdict=paired.verdict,
        errors_removed=errors_removed(means(a.rewards, a), means(b.rewards, a)),
        slices=_slices(tables, first, second),
        wins=[change for change in ordered if change.mean_b > change.mean_a],
        losses=[change for change in ordered if change.mean_b < change.mean_a],
        drifts=[] if a.human or b.human else drifts(a, b),
    )


def _verdict(paired: Paired, p_value: float) -> Verdict:
    if not p_value < LEVEL:
        return "tied"
    return "b" if paired.difference.value > 0 else "a"


def errors_removed(a: Values, b: Values) -> Estimate | None:
    """(b - a) / (1 - a) of the means over items, with a bootstrap over items; at most 1.

    None when `a` lacks nothing (its mean is 1) or there is no item.
    """
    if not a.size or float(a.mean()) > 1 - SAME:
        return None
    value = human.errors_removed(float(b.mean()), float(a.mean()))
    ends = bootstrap(a, b, lambda x, y: (y - x) / (1 - x))
    if ends is None:
        around = mean_interval((b - a).tolist(), bounds=(-1.0, 1.0))
        ends = around.low / (1 - a.mean()), around.high / (1 - a.mean())
    return Estimate(value, min(float(ends[0]), value), max(min(float(ends[1]), 1.0), value))


def _tables(sides: Sequence[Side], slices: Mapping[str, Mapping[str, str]]) -> list[_Table]:
    """What is looked at: (slice key, value, each run's figures by item)."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    thirds = _terciles(sides[0])
    for item in sides[0].rewards:
        for pair in {**slices.get(item, {}), **thirds.get(item, {})}.items():
            groups[pair].append(item)
    largest = sorted(groups, key=lambda pair: -len(groups[pair]))
    values = Counter[str]()
    found: list[_Table] = []
    for key, value in largest:
        values[key] += 1
        if values[key] <= VALUES:
            ids = groups[key, value]
            found.append((key, value, [_only(side.rewards, ids) for side in sides]))
    return found + [(PARTS, name, [_part(side, name) for side in sides]) for name in _parts(sides)]


def _only(by_item: ByItem, ids: Sequence[str]) -> ByItem:
    return {item: by_item[item] for item in ids}


def _slices(tables: Sequence[_Table], a: int, b: int) -> list[Slice]:
    pairs = [paired_difference(figures[a], figures[b]) for _, _, figures in tables]
    told = adjust([p.p_value if p.items >= ENOUGH else math.nan for p in pairs])
    return [
        Slice(key, value, list(map(_mean, figures)), paired, p, _verdict(paired, p))
        for (key, value, figures), paired, p in zip(tables, pairs, told, strict=True)
    ]


def _mean(by_item: ByItem) -> float:
    found = item_means(by_item)
    return float(np.mean(found)) if found else math.nan


def _terciles(side: Side) -> dict[str, dict[str, str]]:
    """Each item in the shorter, middle or longer third by the mean length of its answers."""
    lengths = {item: float(np.mean(found)) for item, found in side.each(length).items()}
    if len(set(lengths.values())) < 3:
        return {}
    low, high = np.quantile(list(lengths.values()), [1 / 3, 2 / 3])
    names = {True: f"up to {low:,.0f} characters", False: f"over {high:,.0f} characters"}
    middle = f"{low:,.0f} to {high:,.0f} characters"
    return {
        item: {LENGTH: middle if low < mean <= high else names[mean <= low]}
        for item, mean in lengths.items()
    }


def _parts(sides: Sequence[Side]) -> list[str]:
    """Names of the parts of the grade that two runs have and that lie in [0, 1] like a reward."""
    runs, odd = Counter[str](), set()
    for side in sides:
        values = [pair for r in side.records if r.grade for pair in r.grade.parts.items()]
        runs.update({name for name, _ in values})
        odd |= {name for name, value in values if not 0 <= value <= 1}
    found = sorted(name for name, n in runs.items() if n > 1 and name not in odd)
    return found if len(found) > 1 else []


def _part(side: Side, name: str) -> dict[str, list[float]]:
    return {
        item: values
        for item, found in side.by_item.items()
        if (values := [r.grade.parts[name] for r in found if r.grade and name in r.grade.parts])
    }


def _changes(a: Side, b: Side) -> list[Change]:
    """Items whose mean differs, the widest gap first."""
    found = []
    for item, rewards in a.rewards.items():
        x, y = float(np.mean(rewards)), float(np.mean(b.rewards[item]))
        if abs(x - y) > SAME:
            answers = (typical(side.by_item[item], mean) for side, mean in ((a, x), (b, y)))
            found.append(Change(item, x, y, *answers))
    return sorted(found, key=lambda change: (-abs(change.mean_b - change.mean_a), change.item_id))


def typical(records: Sequence[Record], mean: float) -> Record:
    """The answer whose reward is nearest to the mean, the first of several."""
    return min(records, key=lambda r: (abs((r.reward or 0.0) - mean), r.k))
