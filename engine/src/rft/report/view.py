"""What the page shows, worked out before the template sees it: figures, shapes, rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rft.comparison import ComparedRun, clearest
from rft.display import pretty
from rft.reading import parse_json
from rft.records import Record, parse_answer
from rft.report.diff import Diff, diff_answers
from rft.stats import ByItem, Estimate, mean_interval, pass_at_k

Display = Callable[[str, Any], list[str] | None]
"""(item id, answer as JSON or None for the reference) -> lines for an expert; None: unknown."""
MAX_SLICES = 30
"""Values shown of one slice key, those with the most items."""
LEAST_ITEMS = 2
"""Items below which a slice says nothing about its kind."""
MAX_DETAIL = 4_000
"""Characters of a field that is shown beside the reference answer."""
SHOWN_APART = {"id", "messages", "reference_answer", "slices"}
"""Fields of a row that have a place of their own on the page."""
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

    title: str = ""
    """The first line of its prompt that not every row shares."""
    display: Display | None = None

    @property
    def mean(self) -> float | None:
        return float(np.mean(self.rewards)) if self.rewards else None

    @property
    def spread(self) -> float | None:
        """Standard deviation of the item's rewards (n - 1), None below two answers."""
        return float(np.std(self.rewards, ddof=1)) if len(self.rewards) > 1 else None

    @property
    def slices(self) -> dict[str, str]:
        slices = self.row.get("slices")
        return {str(k): str(v) for k, v in slices.items()} if isinstance(slices, dict) else {}

    @property
    def details(self) -> dict[str, str]:
        """Fields that the prompt does not show, for example the evidence or the rubric."""
        prompt = "\n".join(content for _, content in self.messages)
        texts = {k: _field(v) for k, v in self.row.items() if k not in SHOWN_APART and v}
        return {k: t for k, t in texts.items() if len(t) <= MAX_DETAIL and t not in prompt}

    @property
    def answers(self) -> list[Answers]:
        """Its answers, equal ones together, in the order of their first."""
        groups: dict[str, Answers] = {}
        for record in self.records:
            grade = record.grade and record.grade.model_dump_json(exclude={"seconds"})
            key = f"{grade or record.error}\0{record.sample.output_text if record.sample else None}"
            groups.setdefault(key, Answers(record, [])).numbers.append(record.k + 1)
        return list(groups.values())

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(role, content) of the prompt."""
        messages = self.row.get("messages")
        known = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
        return [(str(m.get("role", "?")), pretty(m.get("content"))) for m in known]

    @property
    def gold(self) -> Any:
        """The reference answer; a string that holds JSON is read as JSON."""
        gold = self.row.get("reference_answer")
        parsed = parse_json(gold) if isinstance(gold, str) else None
        return parsed if isinstance(parsed, dict | list) else gold

    @cached_property
    def gold_lines(self) -> list[str] | None:
        """The reference answer as an expert reads it; None where the task does not say how."""
        return self.display(self.item_id, None) if self.display else None

    def lines(self, record: Record) -> list[str] | None:
        """An answer as an expert reads it; None also for one that is not an answer."""
        if self.display is None or record.sample is None:
            return None
        answer = parse_answer(record.sample.output_text)
        return None if answer is None else self.display(self.item_id, answer)

    def diff(self, record: Record) -> Diff | None:
        """What an answer has and lacks, as an expert reads it or else as JSON."""
        if record.sample is None:
            return None
        if self.gold_lines is not None and (lines := self.lines(record)) is not None:
            return diff_answers(_entries(self.gold_lines), _entries(lines))
        return diff_answers(self.gold, parse_answer(record.sample.output_text))


def _field(value: Any) -> str:
    """A field of a row: a list of words in one line, anything else as it is."""
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return ", ".join(value)
    return pretty(value)


def _entries(lines: Iterable[str]) -> list[Any]:
    """Lines for `diff_answers`: those like "name: value" can be paired by their name."""
    pairs = (line.partition(": ") for line in lines)
    return [{"name": name, "value": value} if value else name for name, _, value in pairs]


@dataclass(frozen=True)
class Answers:
    """One answer, and the numbers of all answers that are equal to it."""

    record: Record
    numbers: list[int]


@dataclass(frozen=True)
class Beside:
    """What another run made of an item."""

    label: str
    name: str
    mean: float
    record: Record
    """The answer that shows most clearly how it differs from the first run."""


@dataclass(frozen=True)
class SliceMeans:
    """Mean reward, in each run, of the items that share a property."""

    name: str
    items: int
    """Items of the first run."""
    means: list[Estimate]


def rows(
    ids: Sequence[str],
    records: Iterable[Record],
    items: Mapping[str, dict[str, Any]],
    display: Display | None = None,
) -> list[Row]:
    """One row for each planned item, in the order of the run; items nobody planned come last."""
    by_item: dict[str, list[Record]] = {item_id: [] for item_id in ids}
    for record in records:
        by_item.setdefault(record.item_id, []).append(record)
    shared = _shared_lines(items[i] for i in by_item if i in items)
    return [
        Row(
            item_id,
            items.get(item_id, {}),
            answers,
            [r.reward for r in answers if r.reward is not None],
            next((t for t in _prompt_lines(items.get(item_id, {})) if t not in shared), ""),
            display if item_id in items else None,
        )
        for item_id, answers in by_item.items()
    ]


def rows_of(by_item: ByItem, items: Mapping[str, dict[str, Any]]) -> list[Row]:
    """Rows of which only rewards are known."""
    return [Row(i, items.get(i, {}), [], list(rewards)) for i, rewards in by_item.items()]


def _prompt_lines(row: Mapping[str, Any]) -> list[str]:
    """The lines of the last message of a row, without blank ones."""
    messages = row.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    text = str(last.get("content")) if isinstance(last, dict) else ""
    return [line.strip() for line in text.split("\n") if any(map(str.isalnum, line))]


def _shared_lines(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Lines that stand in the prompts of most rows."""
    counts: Counter[str] = Counter()
    total = 0
    for total, row in enumerate(rows, start=1):  # noqa: B007
        counts.update(set(_prompt_lines(row)))
    return {line for line, count in counts.items() if total > 1 and count > total / 2}


def beside(runs: Sequence[ComparedRun]) -> dict[str, list[Beside]]:
    """For each item, what the runs after the first made of it."""
    others: dict[str, list[Beside]] = defaultdict(list)
    for run in runs[1:]:
        for item_id, records in run.by_item.items():
            mean = float(np.mean(run.rewards[item_id]))
            first = float(np.mean(runs[0].rewards.get(item_id, mean)))
            record = clearest(records, mean, first)
            others[item_id].append(Beside(run.label, run.name, mean, record))
    return dict(others)


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
    counts = Counter(
        (round(row.mean, 2), round(row.spread, 2))
        for row in all_rows
        if row.mean is not None and row.spread is not None
    )
    return [(x, y, n) for (x, y), n in counts.most_common()]


def arch(samples: int) -> list[tuple[float, float]]:
    """The widest spread (n - 1) that `samples` rewards in [0, 1] can have at each mean."""
    factor = samples / (samples - 1) if samples > 1 else 0.0
    means = np.linspace(0, 1, 41)
    return [(float(m), math.sqrt(m * (1 - m) * factor)) for m in means]


def slices(runs: Sequence[Sequence[Row]]) -> dict[str, tuple[list[SliceMeans], int]]:
    """For each slice key: its values with the most items, best first; and how many are left out.

    `runs` are the rows of each run; the first decides which values are shown and in which order.
    """
    means_by_value: dict[str, dict[str, list[list[float]]]] = defaultdict(dict)
    for number, rows_of_run in enumerate(runs):
        for row in rows_of_run:
            for key, value in row.slices.items() if row.mean is not None else ():
                means = means_by_value[key].setdefault(value, [[] for _ in runs])
                means[number].append(row.mean or 0.0)
    shown = {}
    for key, every in means_by_value.items():
        values = {name: means for name, means in every.items() if len(means[0]) >= LEAST_ITEMS}
        largest = sorted(values.items(), key=lambda pair: -len(pair[1][0]))[:MAX_SLICES]
        best = [SliceMeans(name, len(m[0]), list(map(mean_interval, m))) for name, m in largest]
        best.sort(key=lambda s: -s.means[0].value)
        if best:
            shown[key] = best, len(every) - len(largest)
    return shown


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
