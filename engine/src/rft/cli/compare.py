"""`rft compare`: is one model better than another, where, and on which rows?"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft.cli.app import app, open_project, terminal
from rft.display import reveal_control_chars
from rft.errors import UserError
from rft.records import finite

if TYPE_CHECKING:
    from rft.comparison import Change, Comparison, Pair, Side
    from rft.stats import Estimate

VALUES = 10
"""Values shown of one slice key, those with the most rows."""
NAME = 26
"""Characters of a slice's name, so that the table fits 80 columns."""
ANSWER = 210
"""Characters shown of one answer."""


@app.command()
def compare(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="A B [C ...]", help="Models, or folders below runs/.")
    ],
    split: Annotated[str, typer.Option(help="Take models' runs of this split.")] = "",
    show: Annotated[int, typer.Option(min=0, help="Rows won and rows lost to show.")] = 2,
    common: Annotated[
        bool, typer.Option("--common", help="Compare the rows both hold, if one holds more.")
    ] = False,
    any_prompt: Annotated[
        bool, typer.Option("--any-prompt", help="Compare though the prompts differ.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the verdicts.")] = False,
    fail_if_worse: Annotated[
        bool, typer.Option("--fail-if-worse", help="Exit 1 if a run is worse than the first.")
    ] = False,
) -> None:
    """Compare runs on the same rows, each with A; it may say "tied". People: --model human."""
    from rft.comparison import compare as work_out
    from rft.project.sides import open_sides

    if len(names) < 2:
        raise UserError("Name two runs or more: rft compare base tuned.")
    found = open_sides(
        open_project(context).settings, names, split=split, common=common, any_prompt=any_prompt
    )
    told = work_out(found.sides, {i: row["slices"] for i, row in found.rows.items()})
    if as_json:
        print(json.dumps(_plain(told, found.notes, show), indent=2))
    else:
        _print(terminal(), told, found.notes, found.rows, show=0 if quiet else show, brief=quiet)
    worse = any(pair.a is told.sides[0] and pair.verdict == "a" for pair in told.pairs)
    sys.exit(1 if fail_if_worse and worse else 0)


def _print(
    console: Console,
    told: Comparison,
    notes: list[str],
    rows: Mapping[str, dict[str, Any]],
    *,
    show: int,
    brief: bool,
) -> None:
    if not brief:
        _head(console, told, notes)
    for pair in told.pairs:
        console.print()
        _verdict(console, pair)
    if brief:
        return
    pair = told.pairs[0]
    _beside(console, pair)
    _slices(console, pair, [side.label for side in told.sides])
    for sign, changes in (("better", pair.wins), ("worse", pair.losses)):
        for number, change in enumerate(changes[:show]):
            if not number:
                console.print(f"\n{pair.b.label} is {sign} in {len(changes):,} rows:")
            _change(console, pair, change, rows)
    if len(told.pairs) > 1:
        console.print("\nTwo runs by themselves show the slices and rows of another pair.")


def _head(console: Console, told: Comparison, notes: list[str]) -> None:
    info = told.sides[0].run.info
    console.print(f"{info.split}: {len(told.items):,} rows that all runs answered\n")
    table = Table("", "run", "answers", "mean reward", box=None, pad_edge=False)
    for side, mean in zip(told.sides, told.means, strict=True):
        answers = f"{len(side.records):,}"
        table.add_row(side.label, _called(side), Text(answers, justify="right"), str(mean))
    console.print(table)
    for note in notes:
        console.print(f"note: {note}.")


def _called(side: Side) -> str:
    folder, model = side.run.folder.name, side.run.info.model
    told = dict.fromkeys([side.name, model if model not in folder else "", folder])
    return reveal_control_chars("\n".join(name for name in told if name))


def _verdict(console: Console, pair: Pair) -> None:
    a, b = pair.a.label, pair.b.label
    told, colour = {
        "a": (f"{b} is worse than {a}", "red"),
        "b": (f"{b} is better than {a}", "green"),
        "tied": (f"{a} and {b} are tied", "yellow"),
    }[pair.verdict]
    line = Text(told, style=f"bold {colour}")
    console.print(
        line.append(
            f": {b} - {a} = {_signed(pair.paired.difference)}, p {_p(pair.p_value)}",
            style="not bold default",
        )
    )
    if pair.verdict == "tied":
        console.print(
            "No difference was shown, which does not say that there is none: "
            f"{pair.paired.items:,} rows show differences from {_figure(pair.paired.mde)} up."
        )
    same = pair.paired.items - len(pair.wins) - len(pair.losses)
    console.print(
        f"{b} is better in {len(pair.wins):,} rows, worse in {len(pair.losses):,}, the same in "
        f"{same:,}" + _removed(pair)
    )


def _removed(pair: Pair) -> str:
    if (share := pair.errors_removed) is None:
        return "."
    a, b = pair.a.label, pair.b.label
    told = f"{share.value:.0%} [{share.low:.0%}, {share.high:.0%}]"
    return f".\nErrors removed, ({b} - {a}) / (1 - {a}): {told}."


def _beside(console: Console, pair: Pair) -> None:
    if not pair.drifts:
        return
    table = Table(
        "beside the reward", pair.a.label, pair.b.label, "change", box=None, pad_edge=False
    )
    for drift in pair.drifts:
        digits = 0 if drift.a > 2 else 2
        table.add_row(drift.name, f"{drift.a:.{digits}f}", f"{drift.b:.{digits}f}", drift.change)
    console.print()
    console.print(table)
    for drift in pair.drifts:
        if drift.warning:
            console.print(f"  ! {drift.warning}")


def _slices(console: Console, pair: Pair, labels: list[str]) -> None:
    by_key = defaultdict(list)
    for entry in pair.slices:
        by_key[entry.key].append(entry)
    if not by_key:
        return
    gain = f"{pair.b.label} - {pair.a.label}"
    table = Table("slice", "rows", *labels, gain, "p", box=None, pad_edge=False)
    for column in table.columns[1:-2]:
        column.justify = "right"
    left_out = 0
    for key, entries in by_key.items():
        tested = [e for e in entries if not math.isnan(e.p_value)]
        shown = sorted(tested, key=lambda e: -e.paired.items)[:VALUES]
        left_out += len(entries) - len(shown)
        if not shown:
            continue
        table.add_row(Text(_short(reveal_control_chars(key)), style="bold"))
        for e in sorted(shown, key=lambda e: -e.paired.difference.value):
            style = {"a": "red", "b": "green", "tied": ""}[e.verdict]
            table.add_row(
                f"  {_short(reveal_control_chars(e.value))}",
                f"{e.paired.items:,}",
                *map(_figure, e.means),
                Text(_signed(e.paired.difference), style=style),
                Text(_p(e.p_value), style=style),
            )
    console.print()
    console.print(table)
    tests = sum(not math.isnan(e.p_value) for e in pair.slices)
    console.print(
        f"p is corrected for looking at {tests} slices (Holm)"
        + (f"; {left_out} rare ones are left out." if left_out else ".")
    )


def _change(
    console: Console, pair: Pair, change: Change, rows: Mapping[str, dict[str, Any]]
) -> None:
    found = rows.get(change.item_id, {}).get("slices", {})
    about = reveal_control_chars(", ".join(f"{key} {value}" for key, value in found.items()))
    head = f"  {reveal_control_chars(change.item_id)}: {change.mean_a:.2f} -> {change.mean_b:.2f}"
    console.print(f"{head}  ({about})" if about else head)
    for side, record in ((pair.a, change.a), (pair.b, change.b)):
        text = " ".join((record.sample.output_text if record.sample else "").split())
        cut = text if len(text) <= ANSWER else text[:ANSWER] + "…"
        grid = Table.grid(padding=(0, 1))
        grid.add_row(f"    {side.label}:", reveal_control_chars(cut) or "(empty)")
        console.print(grid)


def _short(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def _signed(e: Estimate) -> str:
    from rft.comparison import signed

    return signed(e)


def _p(value: float) -> str:
    if math.isnan(value):
        return "unknown"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.0f}" if value > 2 else f"{value:.2f}"


def _plain(told: Comparison, notes: list[str], show: int) -> dict[str, Any]:
    """All of it as JSON values; what is unknown is null."""
    found: dict[str, Any] = finite(
        {
            "split": told.sides[0].run.info.split,
            "items": len(told.items),
            "notes": notes,
            "runs": [
                {
                    "label": side.label,
                    "name": side.name,
                    "run": side.run.folder.name,
                    "model": side.run.info.model,
                    "answers": len(side.records),
                    "mean": asdict(mean),
                }
                for side, mean in zip(told.sides, told.means, strict=True)
            ],
            "pairs": [_plain_pair(pair, show) for pair in told.pairs],
        }
    )
    return found


def _plain_pair(pair: Pair, show: int) -> dict[str, Any]:
    def side(label: str, record: Any, mean: float) -> dict[str, Any]:
        return {"run": label, "mean": mean, "k": record.k, "answer": record.sample.output_text}

    def changes(found: list[Change]) -> Iterator[dict[str, Any]]:
        for c in found[:show]:
            yield {
                "item_id": c.item_id,
                "a": side(pair.a.label, c.a, c.mean_a),
                "b": side(pair.b.label, c.b, c.mean_b),
            }

    return {
        "a": pair.a.label,
        "b": pair.b.label,
        "verdict": pair.verdict,
        "p_value": pair.p_value,
        "paired": asdict(pair.paired),
        "errors_removed": asdict(pair.errors_removed) if pair.errors_removed else None,
        "slices": [asdict(entry) for entry in pair.slices],
        "better": len(pair.wins),
        "worse": len(pair.losses),
        "wins": list(changes(pair.wins)),
        "losses": list(changes(pair.losses)),
        "drifts": [asdict(drift) for drift in pair.drifts],
    }
