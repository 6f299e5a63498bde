"""`rft review`: a local page on which experts check, answer, mark and read."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from rft.cli.app import app, open_project


@app.command()
def review(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Let experts label and review in a browser on this machine."""

    def say(address: str) -> None:
        print(f"Open {address}", flush=True)
        print("The address holds a secret: give it to nobody. Ctrl-C stops the page.", flush=True)
        if show:
            webbrowser.open(address)

    open_project(context).review(port=port, say=say)
