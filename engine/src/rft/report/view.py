"""What the page shows, worked out before the template sees it: figures, shapes, rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rft.comparison import Side, typical
from rft.display import pretty
from rft.records import Record, parse_json
from rft.report.diff import Diff, compare
from rft.stats import ByItem, Estimate, mean_interval, pass_at_k

MAX_SLICES = 30
"""Values shown of one slice key, those with the most items."""
MAX_POINTS = 400
"""Answers drawn as points of a plot."""
MAX_TRIES = 10
"""Points of a pass@k curve."""


@dataclass(frozen=True)
class Row:
    """One item of the table."""

    item_id: str
    row: Mapping[str, Any]
    records: list[Record]
    rewards: list[float]

    @property
    def mean(self) -> float | None:
        return float(np.mean(self.rewards)) if self.rewards else None

    @property
    def spread(self) -> float | None:
        """Standard deviation of the item's rewards (n - 1), None below two answers."""
        return float(np.std(self.rewards, ddof=1)) if len(self.rewards) > 1 else None

    @property
    def slices(self) -> dict[str, str]:
        found = self.row.get("slices")
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(role, content) of the prompt."""
        found = self.row.get("messages")
        told = [m for m in found if isinstance(m, dict)] if isinstance(found, list) else []
        return [(str(m.get("role", "?")), pretty(m.get("content"))) for m in told]

    @property
    def gold(self) -> Any:
        """The reference answer; a string that holds JSON is read as JSON."""
        gold = self.row.get("reference_answer")
        parsed = parse_json(gold) if isinstance(gold, str) else None
        return parsed if isinstance(parsed, dict | list) else gold

    def diff(self, record: Record) -> Diff | None:
        return compare(self.gold, record.sample.output_json) if record.sample else None


@dataclass(frozen=True)
class Beside:
    """What another run made of an item."""

    label: str
    name: str
    mean: float
    record: Record
    """An answer that is typical of it."""


@dataclass(frozen=True)
class Slice:
    """Mean reward, in each run, of the items that share a property."""

    name: str
    items: int
    """Items of the first run."""
    means: list[Estimate]


def rows(
    ids: Sequence[str], records: Iterable[Record], items: Mapping[str, dict[str, Any]]
) -> list[Row]:
    """One row for each planned item, in the order of the run; items nobody planned come last."""
    by_item: dict[str, list[Record]] = {item_id: [] for item_id in ids}
    for record in records:
        by_item.setdefault(record.item_id, []).append(record)
    return [
        Row(i, items.get(i, {}), found, [r.reward for r in found if r.reward is not None])
        for i, found in by_item.items()
    ]


def beside(sides: Sequence[Side]) -> dict[str, list[Beside]]:
    """For each item, what the runs after the first made of it."""
    found: dict[str, list[Beside]] = defaultdict(list)
    for side in sides[1:]:
        for item_id, records in side.by_item.items():
            mean = float(np.mean(side.rewards[item_id]))
            found[item_id].append(Beside(side.label, side.name, mean, typical(records, mean)))
    return dict(found)


def pick(all_rows: Sequence[Row], count: int) -> list[Row]:
    """`count` rows evenly spaced over the range of mean reward, in their old order."""
    if count >= len(all_rows):
        return list(all_rows)
    ranked = sorted(range(len(all_rows)), key=lambda n: (all_rows[n].mean or 0.0, n))
    chosen = {ranked[n] for n in np.linspace(0, len(ranked) - 1, max(count, 1)).astype(int)}
    return [row for n, row in enumerate(all_rows) if n in chosen]


def histogram(values: Sequence[float], bins: int = 20) -> list[tuple[float, float, int]]:
    """(low, high, count) of each bin over [0, 1]."""
    counts, edges = np.histogram(values, bins=bins, range=(0, 1))
    return [(float(a), float(b), int(n)) for a, b, n in zip(edges, edges[1:], counts, strict=False)]


def bubbles(all_rows: Iterable[Row]) -> list[tuple[float, float, int]]:
    """(mean, spread, items there), to two decimals, the fullest first."""
    found = Counter(
        (round(row.mean, 2), round(row.spread, 2))
        for row in all_rows
        if row.mean is not None and row.spread is not None
    )
    return [(x, y, n) for (x, y), n in found.most_common()]


def arch(samples: int) -> list[tuple[float, float]]:
    """The widest spread (n - 1) that `samples` rewards in [0, 1] can have at each mean."""
    factor = samples / (samples - 1) if samples > 1 else 0.0
    means = np.linspace(0, 1, 41)
    return [(float(m), math.sqrt(m * (1 - m) * factor)) for m in means]


def slices(runs: Sequence[Sequence[Row]]) -> dict[str, tuple[list[Slice], int]]:
    """For each slice key: its values with the most items, best first; and how many are left out.

    `runs` are the rows of each run; the first decides which values are shown and in which order.
    """
    found: dict[str, dict[str, list[list[float]]]] = defaultdict(dict)
    for number, rows_of_run in enumerate(runs):
        for row in rows_of_run:
            for key, value in row.slices.items() if row.mean is not None else ():
                means = found[key].setdefault(value, [[] for _ in runs])
                means[number].append(row.mean or 0.0)
    told = {}
    for key, every in found.items():
        values = {name: means for name, means in every.items() if means[0]}
        largest = sorted(values.items(), key=lambda pair: -len(pair[1][0]))[:MAX_SLICES]
        made = [Slice(name, len(m[0]), list(map(mean_interval, m))) for name, m in largest]
        made.sort(key=lambda s: -s.means[0].value)
        told[key] = made, len(values) - len(largest)
    return told


def curve(by_item: ByItem, solved: float) -> list[tuple[int, Estimate]]:
    """(k, pass@k) for at most MAX_TRIES values of k that every item has answers for."""
    most = min(map(len, by_item.values()), default=0)
    if not most:
        return []
    ks = np.unique(np.geomspace(1, most, MAX_TRIES).round().astype(int)).tolist()
    return [(k, pass_at_k(by_item, k, solved)) for k in ks]


def lengths(
    records: Iterable[Record],
) -> tuple[list[tuple[int, float]], list[tuple[float, Estimate]]]:
    """(characters, reward) of at most MAX_POINTS answers, evenly over the range of lengths.

    And, in bands of equally many answers, (median length, mean reward over the items there).
    """
    known = sorted(
        (len(r.sample.output_text), r.reward, r.item_id)
        for r in records
        if r.sample and r.reward is not None
    )
    if not known:
        return [], []
    bands = []
    for part in np.array_split(np.arange(len(known)), max(1, min(8, len(known) // 10))):
        by_item: dict[str, list[float]] = defaultdict(list)
        for _, reward, item_id in (known[n] for n in part):
            by_item[item_id].append(reward)
        middle = float(np.median([known[n][0] for n in part]))
        bands.append((middle, mean_interval([float(np.mean(r)) for r in by_item.values()])))
    shown = np.linspace(0, len(known) - 1, min(len(known), MAX_POINTS)).astype(int)
    return [known[n][:2] for n in shown], bands


def tokens(records: Iterable[Record]) -> dict[str, int]:
    """Sum of each count the endpoint reported, for example prompt_tokens."""
    total: Counter[str] = Counter()
    for record in records:
        total.update(record.sample.usage if record.sample else {})
    return {name.replace("_", " "): count for name, count in total.items()}
