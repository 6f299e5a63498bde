"""A comparison as text for a terminal, and as JSON data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rft import display
from rft.comparison.pairs import Change, Comparison, Pair
from rft.comparison.runs import ComparedRun
from rft.display import COLOURS, reveal_control_chars
from rft.records import Record, finite

VALUES = 10
"""Values shown of one slice key, those with the most rows."""
NAME = 26
"""Characters of a slice's name, so that the table fits 80 columns."""
ANSWER = 210
"""Characters shown of one answer."""


def write(console: Console, comparison: Comparison, *, show: int, brief: bool = False) -> None:
    """Print a comparison; `show`: rows won and rows lost that are shown; `brief`: verdicts only."""
    if not brief:
        _head(console, comparison)
    for pair in comparison.pairs:
        console.print()
        _verdict(console, pair)
    if brief:
        return
    pair = comparison.pairs[0]
    _side_effects(console, pair)
    _slices(console, pair, [run.label for run in comparison.runs])
    for word, changes in (("better", pair.wins), ("worse", pair.losses)):
        for number, change in enumerate(changes[:show]):
            if not number:
                rows = "row" if len(changes) == 1 else "rows"
                console.print(f"\n{pair.b.label} is {word} in {len(changes):,} {rows}:")
            _change(console, pair, change, comparison)
    if len(comparison.pairs) > 1:
        console.print("\nName two runs only to see the slices and rows of another pair.")


def _head(console: Console, comparison: Comparison) -> None:
    info = comparison.runs[0].run.info
    console.print(f"{info.split}: {len(comparison.items):,} rows that all runs answered\n")
    table = Table("", "run", "answers", "mean reward", box=None, pad_edge=False)
    for run, mean in zip(comparison.runs, comparison.means, strict=True):
        answers = Text(f"{len(run.records):,}", justify="right")
        table.add_row(run.label, _names(run), answers, str(mean))
    console.print(table)
    for note in comparison.notes:
        console.print(f"note: {note}.")


def _names(run: ComparedRun) -> str:
    folder, model = run.run.folder.name, run.run.info.model
    names = dict.fromkeys([run.name, model if model not in folder else "", folder])
    return reveal_control_chars("\n".join(name for name in names if name))


def _verdict(console: Console, pair: Pair) -> None:
    a, b, paired = pair.a.label, pair.b.label, pair.paired
    figure = f"{b} - {a} = {display.signed(paired.difference)}, p {display.p_value(pair.p_value)}"
    console.print(display.headline(pair.headline, COLOURS[pair.verdict], figure))
    if pair.verdict == "tied":
        console.print(pair.tie)
    same = paired.items - len(pair.wins) - len(pair.losses)
    better = display.counted(len(pair.wins), "row")
    console.print(
        f"{b} is better in {better}, worse in {len(pair.losses):,}, the same in {same:,}."
    )
    if pair.errors_removed:
        share = display.share(pair.errors_removed)
        console.print(f"Errors removed, ({b} - {a}) / (1 - {a}): {share}.")


def _side_effects(console: Console, pair: Pair) -> None:
    if not pair.side_effects:
        return
    columns = ("beside the reward", pair.a.label, pair.b.label, "change")
    table = Table(*columns, box=None, pad_edge=False)
    for effect in pair.side_effects:
        figures = map(display.figure, (effect.a, effect.b))
        table.add_row(effect.name, *figures, effect.change)
    console.print()
    console.print(table)
    for effect in pair.side_effects:
        if effect.warning:
            console.print(f"  ! {effect.warning}")


def _slices(console: Console, pair: Pair, labels: Sequence[str]) -> None:
    by_key = defaultdict(list)
    for one in pair.tested_slices:
        by_key[one.key].append(one)
    if not by_key:
        return
    gain = f"{pair.b.label} - {pair.a.label}"
    table = Table("slice", "rows", *labels, gain, "p", box=None, pad_edge=False)
    for column in table.columns[1:-2]:
        column.justify = "right"
    left_out = len(pair.slices)
    for key, slices in by_key.items():
        shown = sorted(slices, key=lambda one: -one.paired.items)[:VALUES]
        left_out -= len(shown)
        table.add_row(Text(_short(key), style="bold"))
        for one in sorted(shown, key=lambda one: -one.paired.difference.value):
            style = "" if one.verdict == "tied" else COLOURS[one.verdict]
            table.add_row(
                f"  {_short(one.value)}",
                f"{one.paired.items:,}",
                *map(display.figure, one.means),
                Text(display.signed(one.paired.difference), style=style),
                Text(display.p_value(one.p_value), style=style),
            )
    console.print()
    console.print(table)
    console.print(
        f"p decides: it is corrected for looking at {len(pair.tested_slices)} slices (Holm), the "
        "intervals are not." + (f" {left_out} rare slices are left out." if left_out else "")
    )


def _short(name: str) -> str:
    return display.shortened(reveal_control_chars(name), NAME)


def _change(console: Console, pair: Pair, change: Change, comparison: Comparison) -> None:
    slices = comparison.rows.get(change.item_id, {}).get("slices", {})
    about = ", ".join(f"{key} {value}" for key, value in slices.items())
    head = f"{change.item_id}: {change.mean_a:.2f} -> {change.mean_b:.2f}"
    title = Text(reveal_control_chars(f"{head}  ({about})" if about else head))
    console.print(Padding(title, (0, 0, 0, 2), expand=False))
    for run, record in ((pair.a, change.a), (pair.b, change.b)):
        answer = " ".join(_answer(record).split())
        grid = Table.grid(padding=(0, 1))
        text = reveal_control_chars(display.shortened(answer, ANSWER))
        grid.add_row(f"    {run.label} {display.figure(record.reward or 0.0)}:", text or "(empty)")
        console.print(grid)


def _answer(record: Record) -> str:
    return record.sample.output_text if record.sample else ""


def as_dict(comparison: Comparison, show: int) -> dict[str, Any]:
    """All of it as JSON values; what is unknown is null."""
    values: dict[str, Any] = finite(
        {
            "split": comparison.runs[0].run.info.split,
            "items": len(comparison.items),
            "notes": comparison.notes,
            "runs": [
                {
                    "label": run.label,
                    "name": run.name,
                    "run": run.run.folder.name,
                    "model": run.run.info.model,
                    "answers": len(run.records),
                    "mean": asdict(mean),
                }
                for run, mean in zip(comparison.runs, comparison.means, strict=True)
            ],
            "pairs": [_pair_as_dict(pair, show) for pair in comparison.pairs],
        }
    )
    return values


def _pair_as_dict(pair: Pair, show: int) -> dict[str, Any]:
    def run(label: str, record: Record, mean: float) -> dict[str, Any]:
        shown = {"k": record.k, "reward": record.reward, "answer": _answer(record)}
        return {"run": label, "mean": mean, **shown}

    def changes(ordered: Sequence[Change]) -> Iterator[dict[str, Any]]:
        for change in ordered[:show]:
            yield {
                "item_id": change.item_id,
                "a": run(pair.a.label, change.a, change.mean_a),
                "b": run(pair.b.label, change.b, change.mean_b),
            }

    return {
        "a": pair.a.label,
        "b": pair.b.label,
        "verdict": pair.verdict,
        "p_value": pair.p_value,
        "paired": asdict(pair.paired),
        "errors_removed": asdict(pair.errors_removed) if pair.errors_removed else None,
        "slices": [asdict(one) for one in pair.slices],
        "better": len(pair.wins),
        "worse": len(pair.losses),
        "wins": list(changes(pair.wins)),
        "losses": list(changes(pair.losses)),
        "side_effects": [asdict(effect) for effect in pair.side_effects],
    }
