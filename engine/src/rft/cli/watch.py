"""`rft watch`: a job while it trains, and its model into rft.toml when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rft.cli.app import app, open_project, terminal
from rft.config import Settings, override
from rft.errors import CheckError, RftError, UserError
from rft.jobs import store
from rft.jobs.curve import COLUMNS, cell, curves, line, told_columns
from rft.jobs.landing import land
from rft.jobs.vendor import connect, explained, remembered_as

if TYPE_CHECKING:
    from rft.jobs.follow import State

STEPS_SHOWN = 8


@app.command()
def watch(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="Job id or folder; the newest if left out.")] = "",
    stop: Annotated[
        bool, typer.Option("--stop-on-hacking", help="Pause the job when the watch warns.")
    ] = False,
) -> None:
    """Show a training job until it is over; Ctrl-C leaves it running."""
    follow_on(*sent_job(open_project(context).settings, job), stop)


def sent_job(settings: Settings, name: str) -> tuple[Settings, store.Job]:
    """A job by its id or folder ("": the newest), and the settings that reach its vendor.

    Raises UserError when there is none, or when rft.toml names another address by now.
    """
    job = store.find(settings.runs / "train", name)
    settings = override(settings, profile=job.info.profile)
    if (address := remembered_as(settings)) != job.info.base_url:
        raise UserError(
            f"{job.info.job_id} was sent to {job.info.base_url}, but rft.toml names "
            f"{address or 'no address'} now; set base_url under [train] to the former."
        )
    return settings, job


def follow_on(settings: Settings, job: store.Job, stop: bool) -> None:
    """Watch a job to its end and land its model.

    Raises CheckError when it failed or was cancelled.
    """
    console = terminal()
    try:
        last = _follow(settings, job, stop, console)
    except KeyboardInterrupt:
        console.print(f"\n{job.info.job_id} goes on; rft watch shows it again.")
        raise typer.Exit(130) from None
    _end(settings, job, last, console)


def _follow(settings: Settings, job: store.Job, stop: bool, console: Console) -> State:
    from rft.jobs.follow import State, follow

    last, told, paused = State(), set[str](), False
    with Live(console=console, auto_refresh=False, transient=False) as live:
        if not console.is_terminal:
            live.stop()
        for state in follow(lambda: connect(settings), job, _valid_answers(job)):
            if state.away:
                console.print(f"waiting: {state.away}", style="yellow")
                continue
            _news(state, last, console)
            last = state
            for alarm in state.alarms:
                if alarm.kind not in told:  # once each, above the table
                    told.add(alarm.kind)
                    console.print(f"warning: {alarm.sentence}", style="yellow")
            if console.is_terminal:
                live.update(_view(job, state, console.width), refresh=True)
            if stop and state.alarms and not paused and state.status == "running":
                paused = True
                _pause(settings, job, console)
    return last


def _news(state: State, last: State, console: Console) -> None:
    """What is new, as lines: messages always, metrics where there is no live table."""
    for event in state.news:
        if event.type != "metrics":
            style = {"warn": "yellow", "error": "red"}.get(event.level, "")
            console.print(event.message, style=style)
    if not console.is_terminal:
        known = {point.step: point for point in last.points}
        for point in state.points:
            if known.get(point.step) != point:
                console.print(line(point), soft_wrap=True)
    if state.status != last.status:
        console.print(f"{state.job.id if state.job else ''}: {state.status}")


def _view(job: store.Job, state: State, width: int) -> Group:
    points = state.points
    head = f"{job.info.job_id}  {state.status}"
    if points:
        last = points[-1]
        head += f"  step {last.step}" + (f" of {last.total}" if last.total else "")
    names = told_columns(points)
    table = Table("step", *(COLUMNS[n][0] for n in names), box=None, pad_edge=False)
    for point in points[-STEPS_SHOWN:]:
        table.add_row(str(point.step), *(cell(point, n) for n in names))
    lines = [Text(text, no_wrap=True) for text in curves(points, min(width, 100))]
    return Group(Text(head, "bold"), *([table] if points else []), *lines)


def _valid_answers(job: store.Job) -> int | None:
    """Graded answers in one validation, as far as the body tells."""
    path = job.folder / "validation.jsonl"
    if not path.exists():
        return None
    part: dict[str, Any] = job.body()["method"].get("reinforcement") or {}
    samples = part.get("hyperparameters", {}).get("eval_samples", 1)
    return path.read_bytes().count(b"\n") * (samples if isinstance(samples, int) else 1)


def _pause(settings: Settings, job: store.Job, console: Console) -> None:
    try:
        with connect(settings) as client, explained(client, "pausing"):
            client.fine_tuning.jobs.pause(job.info.job_id)
        console.print("pausing it, as --stop-on-hacking asks; rft train resume lets it go on.")
    except RftError as error:
        console.print(f"it cannot be paused: {error} rft train cancel ends it.", style="red")


def _end(settings: Settings, job: store.Job, state: State, console: Console) -> None:
    found = state.job
    assert found is not None
    if state.status == "paused":
        console.print(f"{found.id} is paused; rft train resume lets it go on.")
        return
    if state.status == "failed":
        error = found.error
        told = f"{error.code}: {error.message}" if error and error.message else "no reason given"
        raise CheckError(f"{found.id} failed: {told}")
    if state.status == "cancelled":
        raise CheckError(f"{found.id} was cancelled; no model came of it.")
    if found.trained_tokens:
        console.print(f"trained on {found.trained_tokens:,} tokens")
    _checkpoints(settings, job, console)
    if not found.fine_tuned_model:
        raise CheckError(f"{found.id} succeeded, but its model is not named; ask the vendor.")
    job.update(tuned_model=found.fine_tuned_model)
    before = land(settings.path(settings.file), job.info.name, found.fine_tuned_model)
    replaced = f" in place of {before}" if before else ""
    console.print(
        f"models.{job.info.name} in {settings.file} is now {found.fine_tuned_model}{replaced}",
        soft_wrap=True,
    )
    console.print(f"next: rft eval --model {job.info.name} --split test")


def _checkpoints(settings: Settings, job: store.Job, console: Console) -> None:
    """The checkpoints that can be asked, with their figures; a vendor may have none."""
    import openai

    try:
        with connect(settings) as client:
            kept = list(client.fine_tuning.jobs.checkpoints.list(job.info.job_id, limit=20))
    except (openai.APIError, ValueError):
        return
    for entry in kept:
        metrics = entry.metrics.to_dict() if entry.metrics else {}
        told = ", ".join(
            f"{name} {value:.3f}"
            for name, value in metrics.items()
            if isinstance(value, float) and ("reward" in name or "loss" in name)
        )
        console.print(
            f"checkpoint of step {entry.step_number}: {entry.fine_tuned_model_checkpoint} {told}",
            soft_wrap=True,
        )
