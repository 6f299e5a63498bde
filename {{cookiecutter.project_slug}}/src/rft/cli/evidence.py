"""`rft ready` and `rft report`: what the answers of a run say."""

from __future__ import annotations

import json
import sys
import webbrowser
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from rft import graders, runs
from rft.cli import app, options
from rft.cli.project import Task, load_module, load_rows, load_task, open_settings
from rft.config import Settings
from rft.errors import UserError

if TYPE_CHECKING:
    from rft.readiness import Readiness

RunArgument = Annotated[str, typer.Argument(help="A folder below runs/; the newest if left out.")]


@app.command()
def ready(
    run: RunArgument = "",
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Go or no-go: can RFT learn anything here? Exit 0 only for GO."""
    settings = open_settings(options.root)
    task = load_task(settings)
    found = _run(settings, run)
    readiness, floors = _assess(settings, found, _rows(settings, task, found))
    if as_json:
        print(
            json.dumps(asdict(readiness) | {"floors": floors, "run": found.folder.name}, indent=2)
        )
    else:
        _show(readiness, floors, found, Console())
    sys.exit(0 if readiness.verdict == "GO" else 1)


@app.command()
def report(
    run: RunArgument = "",
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write report.html into the run's folder: one file, readable anywhere."""
    from rft.report import render, write

    settings = open_settings(options.root)
    task = load_task(settings)
    found = _run(settings, run)
    rows = _rows(settings, task, found)
    readiness, _ = _assess(settings, found, rows)
    target = found.folder / "report.html"
    write(render(found, readiness, rows, project_name=settings.project.name), target)
    Console().print(f"report: {target}", highlight=False, markup=False, soft_wrap=True)
    if show:
        webbrowser.open(target.as_uri())


def _run(settings: Settings, name: str) -> runs.Run:
    root = settings.root / "runs"
    return runs.load(root / Path(name).name) if name else runs.latest(root)


def _rows(settings: Settings, task: Task, run: runs.Run) -> dict[str, dict[str, Any]]:
    """The rows of a run by id, with their slices; they must be the rows it was made with."""
    split, _ = load_rows(settings, task, run.info.split)
    by_id = {row.id: row for row in split.rows}
    wanted = [by_id[i] for i in run.info.item_ids if i in by_id]
    if runs.digest([row.data for row in wanted]) != run.info.hashes["data"]:
        raise UserError(
            f"{split.file} has changed since {run.folder.name} was made; run rft eval again."
        )
    slices = task.slices or (lambda item: {})
    return {row.id: row.data | {"slices": slices(row.item)} for row in wanted}


def _assess(
    settings: Settings, run: runs.Run, rows: dict[str, dict[str, Any]]
) -> tuple[Readiness, dict[str, float]]:
    from rft.cli.check import floor_means
    from rft.readiness import assess

    spec = graders.load_spec(settings.path(settings.task.grader))
    if graders.spec_hash(spec) != run.info.hashes["grader"]:
        raise UserError(
            f"The grader has changed since {run.folder.name} was made; run rft eval again."
        )
    floors_of = load_module(settings, settings.task.floors).floors
    with graders.Grader(spec, root=settings.root) as grader:
        by_split = floor_means(floors_of, {run.info.split: list(rows.values())}, grader)
    floors = {name: means[run.info.split] for name, means in by_split.items()}
    return assess(run.records(), settings.ready, floors), floors


def _show(readiness: Readiness, floors: dict[str, float], run: runs.Run, console: Console) -> None:
    info = run.info
    console.print(f"{run.folder.name}: {info.model} on {info.split}", highlight=False, markup=False)
    console.print(
        f"mean reward {readiness.mean} over {readiness.items} rows, {readiness.answers} answers"
        + (f", {readiness.failed} not scored" if readiness.failed else ""),
        highlight=False,
    )
    console.print(
        f"spread: {readiness.spread.between_items:.2f} between rows, "
        f"{readiness.spread.within_item:.2f} within a row; solved at least once "
        f"{readiness.solved_once.value:.0%} of the rows",
        highlight=False,
    )
    told = ", ".join(f"{name} {value:.2f}" for name, value in floors.items())
    console.print(f"without a model: {told}\n", highlight=False)
    table = Table("check", "figure", "wanted", "verdict", box=None, pad_edge=False)
    colours = {"go": "green", "warn": "yellow", "no-go": "red"}
    for entry in readiness.checks:
        mark = f"[{colours[entry.verdict]}]{entry.verdict}[/]"
        table.add_row(entry.name, entry.figure, entry.threshold, mark)
    console.print(table)
    colour = {"GO": "green", "NOT YET": "yellow", "NO-GO": "red"}[readiness.verdict]
    console.print(f"\n[bold {colour}]{readiness.verdict}[/]: {readiness.next_step}")
    further = [c for c in readiness.checks if c.advice and c.advice != readiness.next_step]
    for entry in further:
        console.print(f"  - {entry.advice}", highlight=False)
