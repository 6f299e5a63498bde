"""`rft serve`: an OpenAI-shaped service on this machine that answers, grades and trains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.app import app, open_project


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address; others than loopback need --key-env.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8790,
    key_env: Annotated[str, typer.Option(help="Variable with the key clients must send.")] = "",
    state: Annotated[Path, typer.Option(help="Folder for files, jobs, weights.")] = Path(
        ".rft/serve"
    ),
    workers: Annotated[int, typer.Option(min=1, max=16, help="Jobs that train at once.")] = 1,
    slots: Annotated[int, typer.Option(min=1, max=64, help="Answers decoded at once.")] = 8,
) -> None:
    """Serve models, graders and training jobs on this machine."""
    from rft.local.run import run

    settings = open_project(context).settings
    folder = (settings.root / state).resolve()
    run(settings, folder, host=host, port=port, key_env=key_env, workers=workers, slots=slots)
