"""`rft report`: one page about a run, alone or beside others."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


@app.command()
def report(
    context: typer.Context,
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Models or folders in runs/, the base first; none: the newest run."),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--with", help="Another model or run on the same rows; may be repeated."),
    ] = None,
    common: Annotated[
        bool, typer.Option("--common", help="Compare the rows both hold, if one holds more.")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write report.html, one file with every answer."""
    first, *others = runs or [""]
    project, console = open_project(context), terminal()
    with console.status("grading references, floors and people, drawing the page ..."):
        result = project.report(first, [*others, *(beside or [])], common=common)
    result.write(console)
    if show:
        webbrowser.open(result.path.resolve().as_uri())
