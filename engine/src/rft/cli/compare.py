"""`rft compare`: is one model better than another, where, and on which rows?"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


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
    """Compare runs on the same rows, each with the first. People: --model human."""
    from rft.comparison.text import write

    comparison = open_project(context).compare(
        *names, split=split, common=common, any_prompt=any_prompt
    )
    if as_json:
        print(json.dumps(comparison.to_dict(show), indent=2))
    else:
        write(terminal(), comparison, show=0 if quiet else show, brief=quiet)
    sys.exit(1 if fail_if_worse and comparison.worse else 0)
