"""`rft eval`: sample answers from a model, grade them, keep them."""

from __future__ import annotations

from typing import Annotated

import typer

from rft.cli.app import app, open_project, terminal
from rft.cli.progress import ProgressBar


@app.command("eval")
def evaluate(
    context: typer.Context,
    model: Annotated[str, typer.Option(help="Name under [models] in rft.toml, or an id.")] = "base",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "",
    limit: Annotated[
        int, typer.Option(min=0, show_default=False, help="Only so many rows, a fixed choice.")
    ] = 0,
    samples: Annotated[int, typer.Option(min=0, show_default=False, help="Answers per row.")] = 0,
    profile: Annotated[str, typer.Option(help="Another endpoint profile, e.g. local.")] = "",
    prompt: Annotated[str, typer.Option(help="Another prompt variant, if there are several.")] = "",
    new: Annotated[bool, typer.Option("--new", help="Draw new answers, do not resume.")] = False,
    regrade: Annotated[
        bool, typer.Option("--regrade", help="Grade stored answers again, ask no model.")
    ] = False,
    ray: Annotated[
        str, typer.Option(help="With --regrade: a Ray cluster's address, auto, or local.")
    ] = "",
    batch: Annotated[
        bool, typer.Option("--batch", help="Use the vendor's Batch API; may take a day.")
    ] = False,
) -> None:
    """Sample answers from a model and grade them. Resumes what was interrupted.

    --model human grades the answers of people (human in [task] of rft.toml) instead.
    """
    console = terminal()
    result = open_project(context).evaluate(
        model,
        split=split,
        limit=limit,
        samples=samples,
        profile=profile,
        prompt_variant=prompt,
        new=new,
        regrade=regrade,
        ray=ray,
        batch=batch,
        watcher=ProgressBar(console),
    )
    info = result.run.info
    if info.coders:
        coders = f"{len(info.coders)} coder" + ("s" if len(info.coders) > 1 else "")
        console.print(f"{info.split}: {coders}, {len(info.item_ids)} rows")
    elif result.complete:
        planned = info.planned
        console.print(f"{result.shown} holds all {planned} answers already (--new draws anew).")
    for line in result.lines():
        console.print(line)
