"""`rft card`: a model card from the runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


@app.command()
def card(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(help="A name under [models]; none: tuned, else base.")
    ] = "",
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("MODEL_CARD.md"),
) -> None:
    """Write a model card. Data, grader, jobs, figures with intervals, limits, what is missing."""
    console = terminal()
    with console.status("checking the project, comparing its runs ..."):
        result = open_project(context).card(model, output)
    for line in result.lines():
        console.print(line, soft_wrap=True)
