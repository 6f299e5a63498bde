"""`rft ready`: go or no-go, before a cent is spent."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft.cli.app import app, open_project, terminal
from rft.errors import UserError
from rft.project.evidence import Evidence, RunArgument, evidence
from rft.records import finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rft.readiness import Check, Forecast, Readiness
    from rft.stats import Estimate

COLOURS = {"go": "green", "warn": "yellow", "no-go": "red"}
COLOURS |= {"GO": "green", "NOT YET": "yellow", "NO-GO": "red"}


@app.command()
def ready(
    context: typer.Context,
    run: RunArgument = "",
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Verdict and next step only.")
    ] = False,
    accept: Annotated[
        list[str] | None, typer.Option(help="Let this check pass; the run remembers it.")
    ] = None,
    because: Annotated[str, typer.Option(help="Why; goes with --accept.")] = "",
) -> None:
    """Go or no-go: can RFT learn anything here? Exit 0 only for GO."""
    from rft import readiness as engine

    if because and not accept:
        raise UserError("--because goes with --accept CHECK.")
    found = evidence(open_project(context), run)
    readiness = found.readiness
    for name in accept or []:
        engine.accept(found.run.folder, readiness.checks, name, because)
    if accept:
        readiness = engine.with_accepted(readiness, engine.read_accepted(found.run.folder))
        found = replace(found, readiness=readiness)
    if as_json:
        told = {"floors": found.floors, "run": found.run.folder.name}
        print(json.dumps(finite(asdict(readiness) | told), indent=2, allow_nan=False))
    elif quiet:
        terminal().print(_verdict(found))
    else:
        _show(found, terminal())
    sys.exit(0 if readiness.verdict == "GO" else 1)


def _show(found: Evidence, console: Console) -> None:
    run, readiness = found.run, found.readiness
    console.print(f"run: {run.folder.name}", soft_wrap=True)
    console.print(
        f"mean reward {readiness.mean} over {readiness.items} rows, {readiness.answers} answers"
        + (f", {readiness.failed} not scored" if readiness.failed else ""),
    )
    if left := run.info.planned - readiness.answers:
        console.print(f"{left} of {run.info.planned} answers are missing: rft eval draws them")
    around = readiness.spread
    console.print(
        f"spread: {_figure(around.between_items)} between rows, {_figure(around.within_item)} "
        f"within a row; {readiness.solved_once.value:.0%} of the rows solved at least once"
    )
    told = ", ".join(f"{name} {value:.2f}" for name, value in found.floors.items())
    console.print(f"without a model, on {run.info.split}: {told}\n")
    _table(readiness.checks, console)
    _forecast(readiness.forecast, console)
    _advice(readiness, console)
    console.print(_verdict(found))


def _table(checks: Sequence[Check], console: Console) -> None:
    """The checks that count; a letter says where a threshold comes from."""
    sources: dict[str, str] = {}
    table = Table("check", "figure", "wanted", "verdict", "", box=None, pad_edge=False)
    for check in checks:
        if check.verdict != "not applicable":
            letter = sources.setdefault(check.source, chr(ord("a") + len(sources)))
            table.add_row(check.name, check.figure, check.threshold, _mark(check), letter)
    console.print(table)
    absent = [f"{c.name} ({c.figure})" for c in checks if c.verdict == "not applicable"]
    grid = Table.grid(padding=(0, 1))
    for source, letter in sources.items():
        grid.add_row(f" {letter}", source)
    grid.add_row(" -", f"does not apply: {', '.join(absent)}" if absent else "")
    console.print(grid, style="dim")


def _advice(readiness: Readiness, console: Console) -> None:
    """What to do about each check that stands in the way, in the order of the table."""
    grid = Table.grid(padding=(0, 1))
    waiting = []
    for check in readiness.checks:
        if check.accepted:
            told = f"accepted: {check.name} is {check.verdict}, because {check.accepted}"
            grid.add_row("-", told)
        elif check.rows is not None:
            waiting.append(f"{check.name} ({check.rows:,})")
        elif check.advice and check.advice != readiness.next_step:
            grid.add_row("-", f"{check.name}: {check.advice}")
    if waiting:
        grid.add_row("-", f"good as far as seen, sure with so many rows: {', '.join(waiting)}")
    console.print()
    if grid.row_count:
        console.print(grid)
        console.print()


def _mark(check: Check) -> Text:
    if check.accepted:
        return Text(f"{check.verdict}, accepted", style="cyan")
    return Text(check.verdict, style=COLOURS[check.verdict])


def _verdict(found: Evidence) -> Text:
    readiness = found.readiness
    verdict = Text(readiness.verdict, style=f"bold {COLOURS[readiness.verdict]}")
    return verdict.append(f": {readiness.next_step}", style="not bold default")


def _forecast(job: Forecast, console: Console) -> None:
    """What the planned job would use."""
    if not job.answers:
        return
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        "job:",
        f"{job.rows:,} rows x {job.group_size} answers x {job.epochs} epochs = {job.answers:,} "
        f"answers; prompts {_millions(job.prompt_tokens)} tokens, answers "
        f"{_millions(job.answer_tokens)}, at most {job.most_answer_tokens / 1e6:,.2f} M"
        + (f", judge {_millions(job.judge_tokens)}" if job.judge_tokens.high else ""),
    )
    for name, cost in job.costs.items():
        told = f"{cost.value:,.2f} [{cost.low:,.2f}, {cost.high:,.2f}]"
        grid.add_row("", f"{name}: {told} for these tokens")
    if not job.costs:
        grid.add_row("", "in money: unknown, [ready.prices.NAME] in rft.toml holds no prices")
    console.print()
    console.print(grid)


def _millions(tokens: Estimate) -> str:
    if math.isnan(tokens.value):
        return "unknown"
    return f"{tokens.value / 1e6:,.2f} M [{tokens.low / 1e6:,.2f}, {tokens.high / 1e6:,.2f}]"


def _figure(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.2f}"
