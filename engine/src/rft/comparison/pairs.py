"""Runs compared on the same items: what one gained over another, where, and at what price.

Each run stands beside a reference: the first one or, where people answered the same items, they
as well. Items are the pairs; a difference that its test does not show is "tied".
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rft.comparison.runs import ComparedRun, Values, length, means
from rft.comparison.side_effects import SideEffect, side_effects
from rft.display import as_text, figure
from rft.errors import CheckError
from rft.records import Record
from rft.stats import (
    LEVEL,
    SAME,
    ByItem,
    Estimate,
    Paired,
    adjust,
    holm_levels,
    item_means,
    mean_interval,
    paired_difference,
    paired_ratio,
)

if TYPE_CHECKING:
    import pandas

ENOUGH = 6
"""Items a slice needs to be tested: with 5, even five wins out of five have p = 2 / 2^5 > 0.05."""
VALUES = 50
"""Values looked at of one slice key, those with the most items."""
LENGTH, PARTS = "length of A's answers", "part of the grade"

Verdict = Literal["a", "b", "tied"]
_Table = tuple[str, str, Sequence[ByItem]]


@dataclass(frozen=True)
class SliceGain:
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
    """An item that one run answers better, with the two answers that show it most clearly."""

    item_id: str
    mean_a: float
    mean_b: float
    a: Record
    b: Record
    """The best answer of the better run, and the worst of the other."""


@dataclass(frozen=True)
class Pair:
    """Two runs, and what `b` gained over `a`."""

    a: ComparedRun
    b: ComparedRun
    paired: Paired
    """Its verdict and interval are corrected for all pairs of the comparison, and agree."""
    p_value: float
    """Corrected for all pairs looked at (Holm)."""
    errors_removed: Estimate | None
    """(b - a) / (1 - a): share of `a`'s errors that `b` does not make; None when `a` makes none."""
    slices: list[SliceGain]
    wins: list[Change]
    """Items where b is better, the widest gap first."""
    losses: list[Change]
    side_effects: list[SideEffect]

    @property
    def verdict(self) -> Verdict:
        """Which run is better; "tied" when no difference was shown."""
        return self.paired.verdict

    @property
    def headline(self) -> str:
        """`B is better than A`, in words."""
        a, b = self.a.label, self.b.label
        return {
            "a": f"{b} is worse than {a}",
            "b": f"{b} is better than {a}",
            "tied": f"{a} and {b} are tied",
        }[self.verdict]

    @property
    def tie(self) -> str:
        """What a tie does and does not say."""
        items = self.paired.items
        if items < ENOUGH:
            return f"{items:,} rows are too few to show any difference; {ENOUGH} is the least."
        return (
            "No difference was shown, which does not mean that there is none: "
            f"{items:,} rows show differences from {figure(self.paired.mde)} up."
        )

    @property
    def tested_slices(self) -> list[SliceGain]:
        """Slices with enough items to be tested."""
        return [one for one in self.slices if not math.isnan(one.p_value)]


@dataclass(frozen=True)
class Comparison:
    """Every run on the items that all of them answered. Prints as `rft compare` does."""

    runs: list[ComparedRun]
    items: list[str]
    means: list[Estimate]
    pairs: list[Pair]
    notes: list[str] = field(default_factory=list)
    """What a reader must know before believing the comparison."""
    rows: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """By id, each with its "slices"; empty when the data have changed since."""

    @property
    def worse(self) -> bool:
        """Whether a run is worse than the first."""
        return any(pair.a is self.runs[0] and pair.verdict == "a" for pair in self.pairs)

    def __str__(self) -> str:
        from rft.comparison.text import write

        return as_text(lambda console: write(console, self, show=2))

    def to_dict(self, show: int = 2) -> dict[str, Any]:
        """The comparison as JSON data; `show`: items won and items lost that are included."""
        from rft.comparison.text import as_dict

        return as_dict(self, show)

    def to_frame(self) -> pandas.DataFrame:
        """One line per item, one column per run, with the mean reward."""
        import pandas

        return pandas.DataFrame(
            {run.label: [float(np.mean(run.rewards[i])) for i in self.items] for run in self.runs},
            index=pandas.Index(self.items, name="item_id"),
        )


def compare_runs(
    runs: Sequence[ComparedRun],
    rows: Mapping[str, dict[str, Any]],
    notes: Sequence[str] = (),
) -> Comparison:
    """Compare at least two runs; `rows` maps an item's id to its row, with its "slices" if any.

    Raises CheckError when there is no item that all of them answered.
    """
    items = [i for i in runs[0].rewards if all(i in run.rewards for run in runs)]
    if not items:
        raise CheckError("The runs have no row in common that all of them answered.")
    common = set(items)
    kept = [replace(r, records=[x for x in r.records if x.item_id in common]) for r in runs]
    tables = _tables(kept, rows)
    couples = _couples(kept)
    p_values = [paired_difference(kept[a].rewards, kept[b].rewards).p_value for a, b in couples]
    corrections = zip(adjust(p_values), holm_levels(p_values), strict=True)
    return Comparison(
        kept,
        items,
        [mean_interval(item_means(run.rewards)) for run in kept],
        [
            _pair(kept, couple, tables, p_value, level)
            for couple, (p_value, level) in zip(couples, corrections, strict=True)
        ],
        list(notes),
        rows,
    )


def _couples(runs: Sequence[ComparedRun]) -> list[tuple[int, int]]:
    """(reference, other): every model beside the first run, and beside people."""
    models = [n for n, run in enumerate(runs) if n and not run.human]
    people = [n for n, run in enumerate(runs) if n and run.human]
    couples = [(0, n) for n in models] + [(p, n) for p in people for n in (0, *models)]
    return [(a, b) for a, b in couples if a == 0 or not runs[b].human] or [(0, 1)]


def _pair(
    runs: Sequence[ComparedRun],
    couple: tuple[int, int],
    tables: Sequence[_Table],
    p_value: float,
    level: float,
) -> Pair:
    """Two runs at the level that Holm's procedure leaves them among all pairs."""
    a, b = (runs[number] for number in couple)
    changes = _changes(a, b)
    return Pair(
        a=a,
        b=b,
        paired=paired_difference(a.rewards, b.rewards, level=level),
        p_value=p_value,
        errors_removed=errors_removed(means(a.rewards, a), means(b.rewards, a), level),
        slices=_slices(tables, *couple),
        wins=[change for change in changes if change.mean_b > change.mean_a],
        losses=[change for change in changes if change.mean_b < change.mean_a],
        side_effects=[] if a.human or b.human else side_effects(a, b),
    )


def errors_removed(a: Values, b: Values, level: float = LEVEL) -> Estimate | None:
    """(b - a) / (1 - a) of the means over items, at most 1; its interval agrees with the test.

    1: b makes no error; 0: as many as a; negative: more. The published figures of the extraction
    case, people 0.45 and tuned model 0.57, give 0.22.
    None when `a` makes no errors (its mean is 1) or there are no items.
    """
    if not a.size or float(a.mean()) > 1 - SAME:
        return None
    return paired_ratio(b - a, 1 - a, (-1 / (1 - float(a.mean())), 1.0), level)


def _tables(runs: Sequence[ComparedRun], rows: Mapping[str, dict[str, Any]]) -> list[_Table]:
    """What is looked at: (slice key, value, each run's figures by item)."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    thirds = _terciles(runs[0])
    for item in runs[0].rewards:
        for pair in {**rows.get(item, {}).get("slices", {}), **thirds.get(item, {})}.items():
            groups[pair].append(item)
    largest = sorted(groups, key=lambda pair: -len(groups[pair]))
    values = Counter[str]()
    tables: list[_Table] = []
    for key, value in largest:
        values[key] += 1
        if values[key] <= VALUES:
            ids = groups[key, value]
            tables.append((key, value, [{item: run.rewards[item] for item in ids} for run in runs]))
    return tables + [(PARTS, name, [_part(run, name) for run in runs]) for name in _parts(runs)]


def _slices(tables: Sequence[_Table], a: int, b: int) -> list[SliceGain]:
    pairs = [paired_difference(figures[a], figures[b]) for _, _, figures in tables]
    p_values = adjust([p.p_value if p.items >= ENOUGH else math.nan for p in pairs])
    return [
        SliceGain(
            key,
            value,
            [float(np.mean(item_means(by_item) or math.nan)) for by_item in figures],
            paired,
            p_value,
            paired.verdict if p_value < LEVEL else "tied",
        )
        for (key, value, figures), paired, p_value in zip(tables, pairs, p_values, strict=True)
    ]


def _terciles(run: ComparedRun) -> dict[str, dict[str, str]]:
    """Each item in the shorter, middle or longer third by the mean length of its answers."""
    lengths = {item: float(np.mean(sizes)) for item, sizes in run.each(length).items()}
    if len(set(lengths.values())) < 3:
        return {}
    low, high = np.quantile(list(lengths.values()), [1 / 3, 2 / 3])
    names = {True: f"up to {low:,.0f} characters", False: f"over {high:,.0f} characters"}
    middle = f"{low:,.0f} to {high:,.0f} characters"
    return {
        item: {LENGTH: middle if low < mean <= high else names[mean <= low]}
        for item, mean in lengths.items()
    }


def _parts(compared: Sequence[ComparedRun]) -> list[str]:
    """Names of the parts of the grade that two runs have and that lie in [0, 1] like a reward."""
    runs_with, out_of_range = Counter[str](), set()
    for run in compared:
        values = [pair for r in run.records if r.grade for pair in r.grade.parts.items()]
        runs_with.update({name for name, _ in values})
        out_of_range |= {name for name, value in values if not 0 <= value <= 1}
    names = sorted(name for name, n in runs_with.items() if n > 1 and name not in out_of_range)
    return names if len(names) > 1 else []


def _part(run: ComparedRun, name: str) -> dict[str, list[float]]:
    return {
        item: values
        for item, records in run.by_item.items()
        if (values := [r.grade.parts[name] for r in records if r.grade and name in r.grade.parts])
    }


def _changes(a: ComparedRun, b: ComparedRun) -> list[Change]:
    """Items whose mean differs, the widest gap first."""
    changes = []
    for item, rewards in a.rewards.items():
        x, y = float(np.mean(rewards)), float(np.mean(b.rewards[item]))
        if abs(x - y) > SAME:
            answers = clearest(a.by_item[item], x, y), clearest(b.by_item[item], y, x)
            changes.append(Change(item, x, y, *answers))
    return sorted(changes, key=lambda change: (-abs(change.mean_b - change.mean_a), change.item_id))


def clearest(records: Sequence[Record], mean: float, other: float) -> Record:
    """The answer of a run with this mean to show beside a run with the mean `other`.

    The best answer if the run is better, the worst if it is worse, else the nearest to its mean;
    the first of several.
    """
    goal = mean if abs(mean - other) <= SAME else float(mean > other)
    return min(records, key=lambda r: (abs((r.reward or 0.0) - goal), r.k))
