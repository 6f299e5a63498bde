"""`rft import`: the team's own sources become rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from rft.cli.app import app, open_project, terminal
from rft.errors import CheckError, RftError, UserError

if TYPE_CHECKING:
    from rft.project.columns import Columns


SHOWN = 20
"""Problems printed; the file that is named lists all of them."""


class ImportCommand(TyperCommand):
    """Shows the options of the project's own importer below the usual help."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write what task/importer.py says of itself, if there is a project here."""
        from rft.project.loader import load_module

        try:
            settings = open_project(ctx).settings
            module = load_module(settings, settings.task.importer)
        except (RftError, AttributeError):
            return
        with formatter.section("This project's importer (task/importer.py)"):
            for line in (module.__doc__ or "").strip().splitlines():
                formatter.write(f"  {line}\n".replace("  \n", "\n"))
        with formatter.section("Its options, each as --set NAME=VALUE"):
            formatter.write_dl(list(module.OPTIONS.items()))


@app.command("import", cls=ImportCommand)
def import_rows(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files or folders to read.")],
    out: Annotated[Path, typer.Option(help="Where the rows go (appended).")] = Path(
        "task/data/imported.jsonl"
    ),
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=FIELD: read files as tables (no FIELD: left out)."),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE for task/importer.py; FIELD=VALUE for a table."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept the columns as shown.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Write the file anew instead.")] = False,
) -> None:
    """Turn your own sources into rows of the data.

    Chat datasets for RFT or SFT (JSONL), Excel and Parquet are read in every project, and with
    --map CSV, TSV and JSON as well: columns become fields, those you do not name by their names.
    """
    project, console = open_project(context), terminal()

    def confirm(chosen: Columns) -> bool:
        for line in chosen.lines():
            console.print(line, soft_wrap=True)
        if yes:
            return True
        if not sys.stdin.isatty():
            raise UserError("add --yes to import these columns, or change them with --map.")
        return typer.confirm("Import these columns?")

    result = project.import_rows(
        paths,
        out,
        _pairs(options),
        columns=_mapping(columns),
        confirm=confirm,
        overwrite=overwrite,
    )
    for text in [*result.problems[:SHOWN], *result.lines()]:
        console.print(text, soft_wrap=True)
    if result.problems and not result.added and not result.present:
        raise CheckError(
            "nothing could be imported; the lines above say why (--map COLUMN=FIELD reads files as "
            "tables)."
        )


def _pairs(texts: list[str] | None) -> dict[str, str | None]:
    """Name -> value; None for a text without `=`."""
    pairs = [text.partition("=") for text in texts or []]
    return {name: value if mark else None for name, mark, value in pairs}


def _mapping(texts: list[str] | None) -> dict[str, str]:
    """Column -> field; a column's name may hold `=`."""
    for text in texts or []:
        if "=" not in text:
            raise UserError(f"--map {text}: use COLUMN=FIELD.")
    return {column: field for column, _, field in (text.rpartition("=") for text in texts or [])}
