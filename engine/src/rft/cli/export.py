"""`rft export`: this task for other trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


@app.command(no_args_is_help=True)
def export(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            help="bedrock, fireworks, foundry, inspect, promptfoo, tinker, trl, verifiers or verl."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder, below the project's: exports/TARGET unless named.")
    ] = None,
    judge: Annotated[
        bool, typer.Option("--judge/--without-judge", help="Ask the judge of rft.toml.")
    ] = True,
) -> None:
    """Write this task for another trainer or evaluator. Data, grader, an adapter and its test."""
    console = terminal()
    for line in open_project(context).export(target, output, judge=judge).lines():
        style = "yellow" if line.startswith("warning:") else None
        console.print(line, style=style, soft_wrap=True)
