"""`rft ready`: what the answers of a run say."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft import graders, runs
from rft.cli import app, options, terminal
from rft.cli.project import (
    grader_hash,
    load_module,
    load_rows,
    load_task,
    open_grader,
    open_settings,
)
from rft.errors import UserError

if TYPE_CHECKING:
    from rft.readiness import Readiness

RunArgument = Annotated[str, typer.Argument(help="A folder below runs/; the newest if left out.")]


@dataclass(frozen=True)
class Evidence:
    """A run with the rows it was made with, and what is concluded from it."""

    project: str
    run: runs.Run
    rows: dict[str, dict[str, Any]]
    """By id, each with its "slices"."""
    floors: dict[str, float]
    """Mean reward of answers that need no model, over all rows of the run's split."""
    readiness: Readiness


@app.command()
def ready(
    run: RunArgument = "",
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Go or no-go: can RFT learn anything here? Exit 0 only for GO."""
    found = evidence(run)
    if as_json:
        told = {"floors": found.floors, "run": found.run.folder.name}
        print(json.dumps(asdict(found.readiness) | told, indent=2))
    else:
        _show(found, terminal())
    sys.exit(0 if found.readiness.verdict == "GO" else 1)


def evidence(name: str) -> Evidence:
    """The named run, or the last one; its rows and its grader must be those it was made with."""
    from rft.cli.check import floor_means
    from rft.readiness import assess

    settings = open_settings(options.root)
    task = load_task(settings)
    root = settings.root / "runs"
    run = runs.load(root / Path(name).name) if name else runs.latest(root)
    split, _ = load_rows(settings, task, run.info.split)
    by_id = {row.id: row for row in split.rows}
    rows = [by_id[i] for i in run.info.item_ids if i in by_id]
    if runs.digest([row.data for row in rows]) != run.info.hashes["data"]:
        raise UserError(
            f"{split.file} has changed since {run.folder.name} was made; run rft eval again."
        )
    spec = graders.load_spec(settings.path(settings.task.grader))
    if grader_hash(settings, spec) != run.info.hashes["grader"]:
        raise UserError(
            f"The grader has changed since {run.folder.name} was made; run rft eval again."
        )
    floors_of = load_module(settings, settings.task.floors).floors
    with open_grader(settings, spec, judged=False) as grader:
        # Over the whole split, though a run may hold few of its rows: it costs nothing.
        means = floor_means(floors_of, {split.name: [row.data for row in split.rows]}, grader)
    floors = {floor: by_split[split.name] for floor, by_split in means.items()}
    slices = task.slices or (lambda item: {})
    return Evidence(
        project=settings.project.name,
        run=run,
        rows={row.id: row.data | {"slices": slices(row.item)} for row in rows},
        floors=floors,
        readiness=assess(run.records(), settings.ready, floors),
    )


def _show(found: Evidence, console: Console) -> None:
    info, readiness = found.run.info, found.readiness
    console.print(f"{found.run.folder.name}: {info.model} on {info.split}")
    console.print(
        f"mean reward {readiness.mean} over {readiness.items} rows, {readiness.answers} answers"
        + (f", {readiness.failed} not scored" if readiness.failed else ""),
    )
    if left := info.planned - readiness.answers:
        console.print(f"{left} of {info.planned} answers are missing: rft eval draws them")
    around = readiness.spread
    console.print(
        f"spread: {_figure(around.between_items)} between rows, {_figure(around.within_item)} "
        f"within a row; solved at least once: {readiness.solved_once.value:.0%} of the rows"
    )
    told = ", ".join(f"{name} {value:.2f}" for name, value in found.floors.items())
    console.print(f"without a model, on all of {info.split}: {told}\n")
    table = Table("check", "figure", "wanted", "verdict", box=None, pad_edge=False)
    colours = {"go": "green", "warn": "yellow", "no-go": "red"}
    for entry in readiness.checks:
        mark = Text(entry.verdict, style=colours[entry.verdict])
        table.add_row(entry.name, entry.figure, entry.threshold, mark)
    console.print(table)
    colour = {"GO": "green", "NOT YET": "yellow", "NO-GO": "red"}[readiness.verdict]
    verdict = Text(f"\n{readiness.verdict}", style=f"bold {colour}")
    console.print(verdict.append(f": {readiness.next_step}", style="not bold default"))
    further = [c for c in readiness.checks if c.advice and c.advice != readiness.next_step]
    for entry in further:
        console.print(f"  - {entry.advice}")


def _figure(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.2f}"
