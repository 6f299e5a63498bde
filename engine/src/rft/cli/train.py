"""`rft train`: look, estimate, ask, send; then `rft train pause`, `resume` and `cancel`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rft.cli.app import app, open_project, terminal
from rft.cli.watch import show_watch
from rft.errors import CheckError, UserError

if TYPE_CHECKING:
    from rich.console import Console

    from rft.project.training import PreparedJob

group = typer.Typer(invoke_without_command=True, add_completion=False, rich_markup_mode=None)
app.add_typer(group, name="train")
JobArgument = Annotated[str, typer.Argument(help="Job id or folder; the newest if left out.")]
STYLES = {"fail": "red", "warn": "yellow", "pass": "green"}


@group.callback()
def train(
    context: typer.Context,
    method: Annotated[str, typer.Option(help="supervised or reinforcement.")] = "",
    start: Annotated[
        str, typer.Option("--from", help="What to train: name under [models], or an id.")
    ] = "base",
    model: Annotated[str, typer.Option(help="Its name under [models]; else warm or tuned.")] = "",
    suffix: Annotated[str, typer.Option(help="Part of the tuned model's id, up to 64.")] = "",
    hyper: Annotated[
        list[str] | None, typer.Option("--hyper", help="NAME=VALUE; may be repeated.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Another endpoint profile, e.g. bedrock.")] = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Show it, send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send without asking.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Although rft ready says no.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Train the same again.")] = False,
    watch: Annotated[bool, typer.Option(help="Watch the job until it is over.")] = True,
    stop: Annotated[
        bool, typer.Option("--stop-on-hacking", help="Pause the job when the watch warns.")
    ] = False,
) -> None:
    """Train a model with this project's data and grader."""
    if context.invoked_subcommand:
        return
    from rft.jobs.hyper import parse_pairs

    console = terminal()
    prepared = open_project(context).prepare_training(
        method,
        start=start,
        model=model,
        suffix=suffix,
        hyperparameters=parse_pairs(hyper or []),
        profile=profile,
        anyway=anyway,
        new=new,
        say=console.print if console.is_terminal else lambda line: None,
    )
    _show(prepared, console)
    if dry:
        console.print("dry run: nothing was sent.")
        return
    if not (sent_before := prepared.sent):
        prepared.require()
        _confirm(yes)
    job = prepared.send(lambda line: console.print(line, soft_wrap=True))
    if watch:
        show_watch(job, console, pause_on_hacking=stop)
    elif not sent_before:
        console.print(f"sent: {job.id}; next: rft watch")


@group.command()
def pause(context: typer.Context, job: JobArgument = "") -> None:
    """Pause a job; the vendor keeps a checkpoint."""
    _change(context, "pause", job)


@group.command()
def resume(context: typer.Context, job: JobArgument = "") -> None:
    """Let a paused job go on."""
    _change(context, "resume", job)


@group.command()
def cancel(context: typer.Context, job: JobArgument = "") -> None:
    """End a job for good."""
    _change(context, "cancel", job)


def _change(
    context: typer.Context, action: Literal["pause", "resume", "cancel"], name: str
) -> None:
    job = open_project(context).training_job(name)
    job.change(action)
    terminal().print(str(job))


def _show(prepared: PreparedJob, console: Console) -> None:
    from rich.text import Text

    for line in prepared.lines():
        level, colon, rest = line.partition(": ")
        text = Text(level + colon, STYLES[level]) if level in STYLES else Text(level + colon)
        console.print(text.append(rest, "default"), soft_wrap=True)


def _confirm(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("There is no terminal to ask on; add --yes to send the job.")
    if not typer.confirm("Send this job?"):
        raise CheckError("not sent; the body is kept for when you want it.")
