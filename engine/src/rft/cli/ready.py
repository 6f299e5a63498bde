"""`rft ready`: go or no-go, before a cent is spent."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal
from rft.errors import UserError

RunArgument = Annotated[
    str, typer.Argument(help="A folder below runs/, or a model; the newest if left out.")
]


@app.command()
def ready(
    context: typer.Context,
    run: RunArgument = "",
    every: Annotated[bool, typer.Option("--all", help="Show every check with its advice.")] = False,
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
    if because and not accept:
        raise UserError("--because goes with --accept CHECK.")
    project, console = open_project(context), terminal()
    with console.status("grading references, junk, probes and floors ..."):
        result = project.ready(run)
    for name in accept or []:
        result = result.accept(name, because)
    if as_json:
        print(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    elif quiet:
        console.print(result.headline())
    else:
        result.write(console, every=every)
    sys.exit(0 if result.verdict == "GO" else 1)
