"""`rft watch`: a job while it trains, and its model into rft.toml when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rft.cli.app import app, open_project, terminal

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live

    from rft.jobs.follow import State
    from rft.jobs.training_job import TrainingJob

STEPS_SHOWN = 8


@app.command()
def watch(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="Job id or folder; the newest if left out.")] = "",
    stop: Annotated[
        bool, typer.Option("--stop-on-hacking", help="Pause the job when the watch warns.")
    ] = False,
) -> None:
    """Show a training job until it is over. Ctrl-C leaves it running."""
    show_watch(open_project(context).training_job(job), terminal(), pause_on_hacking=stop)


def show_watch(job: TrainingJob, console: Console, *, pause_on_hacking: bool) -> None:
    """Watch a job to its end; a live table on a terminal, lines elsewhere."""
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=False) as live:
        if not console.is_terminal:
            live.stop()
        result = job.watch(_StatePrinter(job, live), pause_on_hacking=pause_on_hacking)
    for line in result.lines():
        console.print(line, soft_wrap=True)


class _StatePrinter:
    """Prints what is new in each state: messages and warnings once, above the table of steps."""

    def __init__(self, job: TrainingJob, live: Live) -> None:
        self._job, self._live, self._console = job, live, live.console
        self._status = ""
        self._alarms: set[str] = set()
        self._printed: dict[int, object] = {}

    def __call__(self, state: State) -> None:
        from rft.endpoint import quoted
        from rft.jobs.curve import line

        console = self._console
        if state.notice:
            console.print(f"notice: {state.notice}", style="yellow", soft_wrap=True)
        for event in state.news:
            if event.get("type") != "metrics":
                style = {"warn": "yellow", "error": "red"}.get(str(event.get("level")), "")
                console.print(quoted(event.get("message") or ""), style=style)
        for point in () if console.is_terminal else state.points:
            if self._printed.get(point.step) != point:
                self._printed[point.step] = point
                console.print(line(point), soft_wrap=True)
        if state.status != self._status:
            self._status = state.status
            console.print(f"{self._job.id}: {state.status}")
        for alarm in state.alarms:
            if alarm.kind not in self._alarms:
                self._alarms.add(alarm.kind)
                console.print(f"warning: {alarm.sentence}", style="yellow")
        if console.is_terminal:
            self._live.update(_view(self._job, state, console.width), refresh=True)


def _view(job: TrainingJob, state: State, width: int) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from rft.jobs.curve import COLUMNS, cell, curves, reported_columns

    points = state.points
    head = f"{job.id}  {state.status}"
    if points:
        last = points[-1]
        head += f"  step {last.step}" + (f" of {last.total}" if last.total else "")
    names = reported_columns(points)
    table = Table("step", *(COLUMNS[n][0] for n in names), box=None, pad_edge=False)
    for point in points[-STEPS_SHOWN:]:
        table.add_row(str(point.step), *(cell(point, n) for n in names))
    lines = [Text(text, no_wrap=True) for text in curves(points, min(width, 100))]
    return Group(Text(head, "bold"), *([table] if points else []), *lines)
