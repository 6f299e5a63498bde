"""`rft check`: the data, the grader and its probes, before anything is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rft.cli.app import app, open_project, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from rft.project.check_result import CheckResult

STYLES = {"error": "red", "warning": "yellow"}


@app.command()
def check(
    context: typer.Context,
    write: Annotated[
        bool, typer.Option("--write-messages", help="Refresh the prompts stored in the rows first.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every finding.")] = False,
) -> None:
    """Check data, grader and probes before anything is spent."""
    from rft.dataset import write_messages
    from rft.errors import CheckError

    project, console = open_project(context), terminal()
    if write:
        for split in project.splits()[0]:
            changed = write_messages(split, project.task.messages)
            console.print(f"{split.file}: messages of {changed} rows refreshed")
    result = project.check()
    _show_findings(result, every, console)
    for note in result.notes:
        console.print(note)
    _show_floors(result, console)
    if not result.ok:
        raise CheckError(f"{result.errors} errors must be fixed before anything is measured.")
    console.print("check: no errors; next: rft eval")


def _show_findings(result: CheckResult, every: bool, console: Console) -> None:
    from rft.findings import SHOWN, fold

    rows = ", ".join(f"{name} {count}" for name, count in result.rows.items())
    errors = sum(finding.severity == "error" for finding in result.findings)
    warnings = len(result.findings) - errors
    console.print(f"data: {rows} rows; {errors} errors, {warnings} warnings")
    for severity, text in fold(result.findings, len(result.findings) if every else SHOWN):
        console.print(text, style=STYLES[severity], soft_wrap=True)


def _show_floors(result: CheckResult, console: Console) -> None:
    from rich.table import Table

    splits = [name for name, count in result.rows.items() if count]
    table = Table("answers that need no model", *splits, title="Floors: mean reward", box=None)
    for name, means in result.floors.items():
        table.add_row(name, *(f"{means.get(split, float('nan')):.3f}" for split in splits))
    console.print(table)
