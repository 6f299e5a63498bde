"""`rft import-run` and `rft import-eval`: what a team has from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


@app.command("import-run")
def import_run(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="inspect or promptfoo.")],
    file: Annotated[Path, typer.Argument(help="Its log (*.eval, *.json) or its results.json.")],
    model: Annotated[str, typer.Option(help="What to call the model; else as the file does.")] = "",
) -> None:
    """Make a run of answers from Inspect or promptfoo. They are graded here."""
    result = open_project(context).import_run(kind, file, model)
    console = terminal()
    for line in result.lines():
        console.print(line, soft_wrap=True)


@app.command("import-eval")
def import_eval(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="An OpenAI evals definition or a promptfoo config.")],
    output: Annotated[Path, typer.Option(help="Where the grader goes.")] = Path(
        "task/grader-imported.json"
    ),
) -> None:
    """Write the graders of an OpenAI eval or promptfoo config."""
    from rft.graders.from_evals import import_eval as take

    settings = open_project(context).settings
    console = terminal()
    for line in take(file, settings.path(output)).lines():
        console.print(line, soft_wrap=True)
