"""`rft import`: the team's own sources become rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from rft.cli.app import app, open_project, terminal
from rft.errors import CheckError, RftError


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
    options: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE for task/importer.py.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Write the file anew instead.")] = False,
) -> None:
    """Turn your own sources into rows of the data."""
    pairs = [pair.partition("=") for pair in options or []]
    values = {name: value if mark else None for name, mark, value in pairs}
    result = open_project(context).import_rows(paths, out, values, overwrite=overwrite)
    console = terminal()
    for text in [*result.problems, *result.lines()]:
        console.print(text, soft_wrap=True)
    if result.problems and not result.added and not result.present:
        raise CheckError("nothing could be imported; the lines above say why.")
