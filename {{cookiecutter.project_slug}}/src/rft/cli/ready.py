"""`rft ready`: go or no-go, before a cent is spent."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft.cli import app, terminal
from rft.cli.evidence import Evidence, RunArgument, evidence
from rft.errors import UserError

if TYPE_CHECKING:
    from rft.readiness import Check, Forecast
    from rft.stats import Estimate

COLOURS = {"go": "green", "warn": "yellow", "no-go": "red", "GO": "green", "NOT YET": "yellow"}
COLOURS["NO-GO"] = "red"


@app.command()
def ready(
    run: RunArgument = "",
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Verdict and next step only.")
    ] = False,
    accept: Annotated[str, typer.Option(help="Let this check pass; the run remembers it.")] = "",
    because: Annotated[str, typer.Option(help="Why; goes with --accept.")] = "",
) -> None:
    """Go or no-go: can RFT learn anything here? Exit 0 only for GO."""
    from rft.readiness import accept as record

    found = evidence(run)
    if accept:
        record(found.run.folder, found.readiness.checks, accept, because)
        found = evidence(found.run.folder.name)
    elif because:
        raise UserError("--because goes with --accept CHECK.")
    readiness = found.readiness
    if as_json:
        told = {"floors": found.floors, "run": found.run.folder.name}
        print(json.dumps(_plain(asdict(readiness) | told), indent=2, allow_nan=False))
    elif quiet:
        terminal().print(_verdict(found))
    else:
        _show(found, terminal())
    sys.exit(0 if readiness.verdict == "GO" else 1)


def _plain(value: Any) -> Any:
    """The value as JSON knows it: what is not finite becomes null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    console.print(f"without a model, on {info.split}: {told}\n")
    sources: dict[str, str] = {}
    table = Table("check", "figure", "wanted", "verdict", "", box=None, pad_edge=False)
    for check in readiness.checks:
        mark = (
            sources.setdefault(check.source, chr(ord("a") + len(sources))) if check.source else ""
        )
        table.add_row(check.name, check.figure, check.threshold, _mark(check), mark)
    console.print(table)
    for source, mark in sources.items():
        console.print(f"  {mark}  {source}", style="dim")
    _forecast(readiness.forecast, console)
    console.print()
    for check in readiness.checks:
        if check.accepted:
            console.print(f"accepted: {check.name} ({check.verdict}), because {check.accepted}")
        elif check.advice and check.advice != readiness.next_step:
            console.print(f"- {check.name}: {check.advice}")
    console.print(_verdict(found))


def _mark(check: Check) -> Text:
    if check.accepted:
        return Text(f"{check.verdict}, accepted", style="cyan")
    told = {"not applicable": "-"}.get(check.verdict, check.verdict)
    return Text(told, style=COLOURS.get(check.verdict, "dim"))


def _verdict(found: Evidence) -> Text:
    readiness = found.readiness
    verdict = Text(readiness.verdict, style=f"bold {COLOURS[readiness.verdict]}")
    return verdict.append(f": {readiness.next_step}", style="not bold default")


def _forecast(job: Forecast, console: Console) -> None:
    """What the planned job would use."""
    if not job.answers:
        return
    console.print(
        f"\njob: {job.rows:,} rows x {job.group_size} answers x {job.epochs} epochs = "
        f"{job.answers:,} answers; {_millions(job.prompt_tokens)} prompt tokens, "
        f"{_millions(job.answer_tokens)} answer tokens (at most "
        f"{job.most_answer_tokens / 1e6:,.1f} M), {_millions(job.judge_tokens)} for a judge"
    )
    for name, cost in job.costs.items():
        console.print(f"  {name}: {cost.value:,.2f} [{cost.low:,.2f}, {cost.high:,.2f}]")
    if not job.costs:
        console.print("  no money told: [ready.prices.NAME] in rft.toml holds no prices")


def _millions(tokens: Estimate) -> str:
    if math.isnan(tokens.value):
        return "unknown"
    if not tokens.high:
        return "0"
    return f"{tokens.value / 1e6:,.2f} M [{tokens.low / 1e6:,.2f}, {tokens.high / 1e6:,.2f}]"


def _figure(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.2f}"
