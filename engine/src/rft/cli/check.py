"""`rft check`: the data, the grader and its probes, before anything is spent."""

from __future__ import annotations

from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


@app.command()
def check(
    context: typer.Context,
    write: Annotated[
        bool, typer.Option("--write-messages", help="Refresh the prompts stored in the rows first.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every finding.")] = False,
) -> None:
    """Check data, grader and probes before anything is spent."""
    from rft.dataset import write_messages
    from rft.display import counted
    from rft.errors import CheckError
    from rft.findings import SHOWN

    project, console = open_project(context), terminal()
    if write:
        for split in project.splits()[0]:
            changed = write_messages(split, project.task.messages)
            console.print(f"{split.file}: messages of {changed} rows refreshed")
    with console.status("grading references, probes and floors ..."):
        result = project.check()
    result.write(console, len(result.findings) if every else SHOWN)
    if not result.ok:
        raise CheckError(
            f"{counted(result.errors, 'error')} to be fixed before anything is measured."
        )
    console.print("check: no errors; next: rft eval")
