"""`rft split`: rows into train, validation and test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal
from rft.errors import UserError

IMPORTED = Path("task/data/imported.jsonl")


@app.command("split")
def split_rows(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help=f"Files of rows [{IMPORTED}].")] = None,
    shares: Annotated[str, typer.Option(help="Of train, validation and test.")] = "60,20,20",
    seed: Annotated[int, typer.Option(help="Another seed, another choice of rows.")] = 0,
    near: Annotated[
        float, typer.Option(help="Keep rows together whose prompts overlap by this share.")
    ] = 0.7,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write the splits anew, from these rows only.")
    ] = False,
) -> None:
    """Distribute rows over train, validation and test.

    Rows of one group (GROUP_FIELD in task/schema.py) and rows with nearly the same prompt stay in
    one split; labels are spread evenly.
    """
    try:
        numbers = [float(share) for share in shares.split(",")]
    except ValueError:
        numbers = []
    if not numbers:
        raise UserError(f"--shares '{shares}': give three numbers, such as 60,20,20.")
    project = open_project(context)
    files = paths or [project.root / IMPORTED]
    result = project.split_rows(files, numbers, seed=seed, near=near, replace=replace)
    console = terminal()
    for line in [*result.problems, *result.lines()]:
        console.print(line, soft_wrap=True)
