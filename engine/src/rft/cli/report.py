"""`rft report`: one page about a run, alone or beside others."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal
from rft.project.evidence import RunArgument, evidence
from rft.project.loader import near


@app.command()
def report(
    context: typer.Context,
    run: RunArgument = "",
    beside: Annotated[
        list[str] | None,
        typer.Option("--with", help="Another model or run on the same rows; may be repeated."),
    ] = None,
    common: Annotated[
        bool, typer.Option("--common", help="Compare the rows both hold, if one holds more.")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write report.html into the run's folder: one file, readable anywhere."""
    from rft.comparison import compare
    from rft.project.sides import open_sides
    from rft.report import render, write

    project = open_project(context)
    found, settings = evidence(project, run), project.settings
    comparison, notes = None, []
    if beside:
        names = [found.run.folder.name, *beside]
        sides = open_sides(settings, names, common=common)
        comparison = compare(sides.sides, {i: row["slices"] for i, row in found.rows.items()})
        notes = sides.notes
    target = found.run.folder / "report.html"
    page = render(
        found.run,
        found.readiness,
        found.rows,
        project_name=found.project,
        solved=settings.ready.solved,
        comparison=comparison,
        notes=notes,
    )
    write(page, target)
    terminal().print(f"report: {near(target)}", soft_wrap=True)
    if show:
        webbrowser.open(target.resolve().as_uri())
