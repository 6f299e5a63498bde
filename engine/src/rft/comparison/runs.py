"""One run of a comparison, and why two runs cannot be compared."""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rft.human import NAME as HUMAN
from rft.records import Record
from rft.runs import Run, RunInfo
from rft.stats import ByItem, rewards_by_item

Values = NDArray[np.float64]


@dataclass(frozen=True)
class ComparedRun:
    """One run of a comparison."""

    label: str
    """A letter, for tables."""
    name: str
    """What the user called it."""
    run: Run
    records: list[Record]
    """Those with a reward."""
    train: list[Record] = field(default_factory=list)
    """The same model's graded answers to the training rows, if there are any."""

    @property
    def human(self) -> bool:
        """Whether people gave these answers."""
        return self.run.info.model == HUMAN

    @cached_property
    def rewards(self) -> dict[str, list[float]]:
        """Item id -> rewards."""
        return rewards_by_item(self.records)

    @cached_property
    def by_item(self) -> dict[str, list[Record]]:
        """Item id -> graded answers."""
        groups: dict[str, list[Record]] = defaultdict(list)
        for record in self.records:
            groups[record.item_id].append(record)
        return dict(groups)

    def each(self, figure: Callable[[Record], float]) -> dict[str, list[float]]:
        """Item id -> `figure` of each of its answers."""
        return {item: [figure(r) for r in records] for item, records in self.by_item.items()}


def label(number: int) -> str:
    """The label of a run by its place: A to Z, then AA, AB and so on."""
    letters = string.ascii_uppercase
    before, place = divmod(number, len(letters))
    return (label(before - 1) if before else "") + letters[place]


def _other_rows(a: RunInfo, b: RunInfo) -> bool:
    """Whether the hashes are of the prompts of other rows, asked in the same way."""
    same_way = a.prompt_variant == b.prompt_variant and (
        a.sampling.get("response_format") == b.sampling.get("response_format")
    )
    return same_way and a.item_ids != b.item_ids


def differences(a: RunInfo, b: RunInfo) -> dict[str, str]:
    """Why two runs cannot be compared: "split", "data", "grader", "prompt" -> in words."""
    reasons = {}
    if a.split != b.split:
        reasons["split"] = f"{a.split} here, {b.split} there"
    if a.hashes.get("data") != b.hashes.get("data") and not _answered_in_part(a, b):
        reasons["data"] = _data(a, b)
    for name in ("grader", "prompt"):
        here, there = a.hashes.get(name, ""), b.hashes.get(name, "")
        if name == "prompt" and (HUMAN in (a.model, b.model) or _other_rows(a, b)):
            continue  # people are not prompted
        if here != there:
            reasons[name] = f"hash {here[:10]} here, {there[:10]} there"
    return reasons


def _answered_in_part(a: RunInfo, b: RunInfo) -> bool:
    """Whether one is people who answered only some rows of the other, as they often do."""
    people, model = (a, b) if a.model == HUMAN else (b, a)
    return people.model == HUMAN and set(people.item_ids) < set(model.item_ids)


def _data(a: RunInfo, b: RunInfo) -> str:
    here, there = set(a.item_ids), set(b.item_ids)
    if here == there:
        same = "in another order" if a.item_ids != b.item_ids else "with other content"
        return f"the same {len(here)} rows {same}"
    return f"{len(here)} rows here, {len(there)} there, {len(here & there)} in both"


def other_sampling(a: RunInfo, b: RunInfo) -> list[str]:
    """How the answers were drawn differently, which is allowed: "temperature 1.0, then 0.2"."""
    if HUMAN in (a.model, b.model):
        return []
    settings = {
        name: (a.sampling.get(name), b.sampling.get(name)) for name in {**a.sampling, **b.sampling}
    }
    changed = {k: v for k, v in settings.items() if v[0] != v[1] and k != "seed"}
    return [f"{name} {x}, then {y}" for name, (x, y) in changed.items()]


def means(by_item: ByItem, order: ComparedRun) -> Values:
    """The mean of each item, in the order of the items of `order`."""
    return np.array([np.mean(by_item[item]) for item in order.rewards], dtype=float)


def length(record: Record) -> float:
    """Characters of the answer."""
    return float(len(record.sample.output_text)) if record.sample else 0.0
