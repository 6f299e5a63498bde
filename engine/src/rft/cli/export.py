"""`rft export`: this task for other trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal

group = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(group, name="export", help="Write this task for another trainer.")


@group.callback()
def export() -> None:
    """Write this task for another trainer."""


@group.command()
def bedrock(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="Folder, below the project's.")] = Path(
        "exports/bedrock"
    ),
) -> None:
    """Amazon Bedrock: a Lambda around the grader, a test of it, the data, deploy notes."""
    console = terminal()
    for line in open_project(context).export_bedrock(output).lines():
        style = "yellow" if line.startswith("warning:") else None
        console.print(line, style=style, soft_wrap=True)
