"""`rft export-rows`: rows or a run's answers for a spreadsheet or a data frame."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


@app.command("export-rows")
def export_rows(
    context: typer.Context,
    splits: Annotated[
        list[str] | None, typer.Argument(help="train, validation or test [all].")
    ] = None,
    run: Annotated[
        str, typer.Option(help="The answers of this run instead: a folder of runs/, or a model.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(help=".csv or .parquet [exports/rows.csv, exports/answers.csv]."),
    ] = None,
) -> None:
    """Write rows, or the answers of a run, as CSV or Parquet.

    In CSV a text that a spreadsheet would take for a formula (it begins with = + - @) gets a '
    before it; rft import takes the ' away again.
    """
    path = out or Path("exports", "answers.csv" if run else "rows.csv")
    names = splits or ["train", "validation", "test"]
    terminal().print(str(open_project(context).export_rows(path, names, run=run)), soft_wrap=True)
