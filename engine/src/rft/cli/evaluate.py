"""`rft eval`: sample answers from a model, grade them, keep them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from rft.cli.app import app, open_project, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from rft.records import Record
    from rft.runs import Run


@app.command("eval")
def evaluate(
    context: typer.Context,
    model: Annotated[str, typer.Option(help="Name under [models] in rft.toml, or an id.")] = "base",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Only so many rows, a fixed choice.")] = 0,
    samples: Annotated[int, typer.Option(min=0, help="Answers per row.")] = 0,
    profile: Annotated[str, typer.Option(help="Another endpoint profile, e.g. local.")] = "",
    ask: Annotated[str, typer.Option(help="Another prompt variant, if there are several.")] = "",
    new: Annotated[bool, typer.Option("--new", help="Sample anew, do not resume.")] = False,
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
        ask=ask,
        new=new,
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


class ProgressBar:
    """Shows a run being filled: a bar with rate, time left and mean; lines without a terminal."""

    def __init__(self, console: Console, noun: str = "answers") -> None:
        self.console, self.noun = console, noun

    @contextmanager
    def start(self, run: Run, summary: str) -> Iterator[Callable[[Record], None]]:
        """Print the summary and show the bar as long as the block lasts."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self.console.print(summary)
        rewards = [r.reward for r in run.records() if r.reward is not None]
        total, failed, begun = run.info.planned, 0, time.monotonic()
        first, last_line = len(rewards), time.monotonic()
        bar = Progress(
            TextColumn(self.noun),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("mean reward {task.fields[mean]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        with bar:
            line = bar.add_task("", total=total, completed=first, rate="", mean="-")

            def on_record(record: Record) -> None:
                nonlocal failed, last_line
                if record.reward is None:
                    failed += 1
                else:
                    rewards.append(record.reward)
                done, seconds = len(rewards) - first + failed, time.monotonic() - begun
                mean = f"{sum(rewards) / len(rewards):.3f}" if rewards else "-"
                rate = _rate(done, seconds)
                bar.update(line, completed=first + done, mean=mean, rate=rate)
                if not self.console.is_terminal and (time.monotonic() - last_line > 10):
                    last_line = time.monotonic()
                    self.console.print(
                        f"  {first + done} of {total} {self.noun}, {rate}, mean reward {mean}"
                    )

            yield on_record


def _rate(done: int, seconds: float) -> str:
    """How fast answers come: "12.3/s", or "20 s each" when they are slow."""
    if not done or not seconds:
        return ""
    return f"{done / seconds:.1f}/s" if done >= seconds else f"{seconds / done:.0f} s each"
