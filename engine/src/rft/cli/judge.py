"""`rft judge`: examine the judge on answers of known worth before it is trusted."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal


@app.command()
def judge(
    context: typer.Context,
    repeats: Annotated[int, typer.Option(min=1, help="Calls for each answer.")] = 3,
    limit: Annotated[
        int, typer.Option(min=0, show_default=False, help="Only so many rows, a fixed choice.")
    ] = 0,
    profile: Annotated[str, typer.Option(help="Another judge: local, the embedded model.")] = "",
    grader: Annotated[str, typer.Option(help="Which score_model, if several.")] = "",
    new: Annotated[bool, typer.Option("--new", help="Ask anew, do not resume.")] = False,
    revising: Annotated[
        bool, typer.Option("--revising", help="The other rows, for revising the judge's prompt.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Examine the judge on your calibration answers. Exit 0 only for GO."""
    from rft.cli.progress import ProgressBar

    console = terminal(stderr=as_json)
    result = open_project(context).judge(
        repeats=repeats,
        limit=limit,
        profile=profile,
        grader=grader,
        new=new,
        revising=revising,
        watcher=ProgressBar(console, "judgements"),
    )
    if as_json:
        print(json.dumps(result.to_dict(), indent=2))
    else:
        result.write(console)
        console.print("kept below runs/judge")
    sys.exit(0 if result.verdict == "GO" else 1)
