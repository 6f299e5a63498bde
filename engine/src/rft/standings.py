"""A model beside what needs no model and beside people, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rft import display
from rft.stats import ByItem, Estimate, Paired, item_means, mean_interval, paired_difference

if TYPE_CHECKING:
    from rich.console import Console

BAR = 12
"""Characters that a mean of 1 takes in a terminal."""
NAME = 24
"""Characters shown of a name in a terminal."""


@dataclass(frozen=True)
class Standing:
    """What one of them earns on the rows of a run."""

    name: str
    kind: Literal["model", "people", "floor"]
    rewards: ByItem
    """Item id -> rewards, of those rows that it answered."""
    mean: Estimate
    """Over rows."""
    gain: Paired | None
    """What the model gained over it, on the rows of both; None for the model itself."""

    @property
    def row_means(self) -> list[float]:
        """The mean reward of each row."""
        return item_means(self.rewards)


def standings(
    model: str,
    rewards: ByItem,
    floors: Mapping[str, Mapping[str, float]],
    people: Mapping[str, Mapping[str, float]],
) -> list[Standing]:
    """Everybody who answered the rows that the model answered, the best mean first.

    `rewards`: the model's, item id -> rewards; `floors` and `people`: name -> item id -> reward.
    All people are one, called by their pseudonyms.
    """
    by_people: dict[str, list[float]] = {}
    coders = [name for name, answered in sorted(people.items()) if set(answered) & set(rewards)]
    for coder in people.values():
        for item_id, reward in coder.items():
            by_people.setdefault(item_id, []).append(reward)
    others: list[tuple[str, Literal["people", "floor"], ByItem]] = [
        (f"people: {', '.join(coders)}", "people", by_people),
        *((name, "floor", {i: [r] for i, r in floor.items()}) for name, floor in floors.items()),
    ]
    standings = [Standing(model, "model", rewards, mean_interval(item_means(rewards)), None)]
    for name, kind, every in others:
        if shared := {item_id: every[item_id] for item_id in rewards if item_id in every}:
            mean = mean_interval(item_means(shared))
            standings.append(Standing(name, kind, shared, mean, paired_difference(shared, rewards)))
    return sorted(standings, key=lambda one: -one.mean.value)


def rivals(ordered: Sequence[Standing]) -> list[Standing]:
    """The best floor, then people: who is drawn beside the model."""
    floors = [one for one in ordered if one.kind == "floor"]
    return floors[:1] + [one for one in ordered if one.kind == "people"]


def write(console: Console, ordered: Sequence[Standing]) -> None:
    """Print them as a table of at most 80 columns, with a bar for each mean."""
    from rich.table import Table

    rows = max((len(one.rewards) for one in ordered), default=0)
    table = Table(box=None, pad_edge=False)
    for column in (
        f"mean reward on {display.counted(rows, 'row')}",
        "",
        "95 % interval",
        "the model gained",
    ):
        table.add_column(column, no_wrap=True)
    for one in ordered:
        table.add_row(
            display.shortened(display.reveal_control_chars(one.name), NAME),
            "█" * round(BAR * one.mean.value),
            str(one.mean),
            display.signed(one.gain.difference) if one.gain else "(the model)",
            style="bold" if one.kind == "model" else "",
        )
    console.print(table)
