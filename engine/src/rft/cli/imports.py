"""`rft import`: the team's own sources become rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rft.cli.app import app, open_project, terminal
from rft.errors import CheckError, OutsideError, UserError
from rft.project.loader import load_module, load_task


@app.command("import")
def import_rows(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files or folders to read.")],
    out: Annotated[Path, typer.Option(help="Where the rows go (appended).")] = Path(
        "task/data/imported.jsonl"
    ),
    settings_given: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE for task/importer.py.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the file instead.")] = False,
) -> None:
    """Turn your own sources into rows; what cannot be used is listed with file and line."""
    settings = open_project(context).settings
    task = load_task(settings)
    module = load_module(settings, settings.task.importer)
    given = _given(settings_given or [], module.OPTIONS)
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} does not exist; name a file or folder.")
    target = settings.root / out
    rows: list[dict[str, Any]] = []
    problems: list[Any] = []
    for found in module.load(paths, given):
        (rows if isinstance(found, dict) else problems).append(found)
    console = terminal()
    for problem in problems:
        place = f"{problem.file}:{problem.line}" if problem.line else problem.file
        console.print(f"left out: {place}: {problem.message}", soft_wrap=True)
    lines = [_line(task.item, task.messages, row) for row in rows]
    if lines:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("w" if overwrite else "a", encoding="utf-8") as file:
                file.writelines(lines)
        except OSError as error:
            raise OutsideError(f"{target} cannot be written: {error.strerror}.") from None
    console.print(f"{len(rows)} rows into {out}; {len(problems)} findings, listed above")
    open_ones = sum(row.get("reference_answer") is None for row in rows)
    if open_ones:
        console.print(
            f"{open_ones} rows have no reference_answer yet: an expert must write it before the "
            "row moves into train, validation or test.",
        )
    if problems and not rows:
        raise CheckError("nothing could be imported; the lines above say why.")


def _given(pairs: list[str], known: dict[str, str]) -> dict[str, str]:
    given = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or name not in known:
            told = "; ".join(f"{key} ({text})" for key, text in known.items())
            raise UserError(f"--set {pair}: use NAME=VALUE with one of: {told}.")
        given[name] = value
    return given


def _line(item: Any, messages: Any, row: dict[str, Any]) -> str:
    """One JSONL line; the prompt is filled in, which needs a whole row only for its fields."""
    if row.get("reference_answer") is not None:
        row = row | {"messages": []}
        row["messages"] = messages(item.model_validate(row))
    return json.dumps(row, ensure_ascii=False) + "\n"
