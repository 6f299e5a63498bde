"""`rft pack`: the evidence of runs/ in a small folder for git, and back."""

from __future__ import annotations

from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


@app.command()
def pack(
    context: typer.Context,
    runs: Annotated[
        list[str] | None, typer.Argument(help="Models or folders in runs/; none: everything.")
    ] = None,
    restore: Annotated[
        bool, typer.Option("--restore", help="Copy from evidence/ back into runs/.")
    ] = False,
) -> None:
    """Copy runs, decisions and jobs to evidence/ for git. Small, without keys."""
    result = open_project(context).pack(*(runs or []), restore=restore)
    for line in result.lines():
        terminal().print(line, soft_wrap=True)
