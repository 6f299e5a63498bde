"""`rft train`: look, estimate, ask, send; then `rft train pause`, `resume` and `cancel`."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from rft import graders, runs
from rft.cli.app import app, open_project, terminal
from rft.cli.watch import follow_on, sent_job
from rft.config import Settings, override
from rft.dataset import check_splits
from rft.errors import CheckError, RftError, UserError
from rft.jobs import store
from rft.jobs.body import CONTRACTS, JobBody, build, job_grader, shown
from rft.jobs.estimate import Estimate, estimate
from rft.jobs.hyper import MODELS, Method, checked, parse_pairs
from rft.jobs.preflight import Plan, Remark, alive, preflight, stops
from rft.jobs.rows import reinforcement_rows, share, supervised_rows, to_jsonl
from rft.jobs.uploads import sha256, upload
from rft.jobs.vendor import (
    MARK,
    connect,
    create,
    explained,
    find_sent,
    remembered_as,
    shutdown_date,
)
from rft.project.loader import Task, asked, load_rows, load_task
from rft.rollouts import response_format

if TYPE_CHECKING:
    from openai import OpenAI

SPLITS = ("train", "validation")
NAMES: dict[Method, str] = {"supervised": "warm", "reinforcement": "tuned"}
"""Under which name of [models] the tuned model lands, unless --model says another."""

group = typer.Typer(invoke_without_command=True, add_completion=False, rich_markup_mode=None)
app.add_typer(group, name="train")
JobArgument = Annotated[str, typer.Argument(help="Job id or folder; the newest if left out.")]


@dataclass(frozen=True)
class Prepared:
    """A job that is ready to be sent."""

    body: JobBody
    """With the names of its files in place of their ids."""
    files: dict[str, bytes]
    """Content by file name."""
    identity: str
    remarks: list[Remark]
    readiness: Remark | None
    """Of the model that is to be trained; a "stop" here can be overruled."""
    estimate: Estimate


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
    """Train a model with this project's data and grader: look, estimate, ask, send, watch."""
    if context.invoked_subcommand:
        return
    settings = override(open_project(context).settings, profile=profile)
    chosen = _method(method or settings.train.method)
    prepared = _prepare(settings, chosen, start, suffix, hyper or [])
    root, console = settings.runs / "train", terminal()
    job = None if new else store.with_identity(root, prepared.identity)
    if job and job.info.job_id:
        console.print(
            f"This job was sent already: {job.info.job_id}, kept in "
            f"{job.folder.relative_to(settings.root)} (--new trains the same again).",
            soft_wrap=True,
        )
        if watch and not dry:
            follow_on(settings, job, stop)
        return
    info = store.JobInfo(
        identity=prepared.identity,
        profile=settings.endpoint.profile,
        base_url=remembered_as(settings),
        method=chosen,
        start_from=prepared.body.model,
        name=model or NAMES[chosen],
        readiness=prepared.readiness.sentence if prepared.readiness else "",
        overruled=anyway,
    )
    job = job or store.start(root, info)
    for name, content in prepared.files.items():
        (job.folder / name).write_bytes(content)
    if not job.info.sending_since:
        job.write_body(prepared.body.wire())
        job.update(name=info.name, readiness=info.readiness, overruled=anyway)
    _show(prepared, settings, job, anyway, console)
    if dry:
        console.print("dry run: nothing was sent.")
        return
    _allowed(prepared, anyway)
    _confirm(yes)
    with store.sending(root), connect(settings) as client:
        _send(client, job, prepared, root, console)
    if watch:
        follow_on(settings, job, stop)
    else:
        console.print(f"sent: {job.info.job_id}; next: rft watch")


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


def _change(context: typer.Context, action: str, name: str) -> None:
    settings, job = sent_job(open_project(context).settings, name)
    with connect(settings) as client, explained(client, f"{action} of {job.info.job_id}"):
        found = getattr(client.fine_tuning.jobs, action)(job.info.job_id)
        job.update(status=str(found.status))
    terminal().print(f"{job.info.job_id}: {job.info.status}")


def _method(name: str) -> Method:
    if name not in MODELS:
        raise UserError(f"--method {name}: use {' or '.join(MODELS)}.")
    return name


def _prepare(
    settings: Settings, method: Method, start: str, suffix: str, pairs: list[str]
) -> Prepared:
    """Everything about the job that needs no vendor.

    Raises UserError for a wrong hyperparameter before anything else is looked at.
    """
    profile, own = settings.endpoint.profile, settings.train
    given = getattr(own, method) | parse_pairs(pairs)
    hyperparameters = checked(method, given, profile)
    task = load_task(settings)
    spec = graders.load_spec(settings.path(settings.task.grader))
    model = settings.model_id(start)
    rows, golds = _rows(settings, task, spec, method)
    files, sends_validation = {}, "validation_file" in CONTRACTS[profile].optional
    for split in SPLITS if sends_validation else SPLITS[:1]:
        lines = (
            reinforcement_rows(rows[split], profile)
            if method == "reinforcement"
            else supervised_rows(rows[split], golds[split])
        )
        files[f"{split}.jsonl"] = to_jsonl(lines)
    grader = job_grader(spec, profile, own.lambda_arn) if method == "reinforcement" else None
    hashes = {name: sha256(content) for name, content in files.items()}

    def body(named: dict[str, str], mark: str) -> JobBody:
        return build(
            profile,
            method,
            model,
            grader=grader,
            response_format=response_format(task.answer, settings.sampling),
            hyperparameters=hyperparameters,
            training_file=named["train.jsonl"],
            validation_file=named.get("validation.jsonl"),
            suffix=suffix or None,
            seed=own.seed,
            metadata=_metadata(settings, mark),
        )

    identity = runs.digest([remembered_as(settings), body(hashes, "").wire()])
    counts = {split: len(rows[split]) for split in SPLITS}
    remarks = preflight(Plan(profile, method, model, spec, counts, hyperparameters), date.today())
    records, run = _latest_answers(settings, model)
    return Prepared(
        body=body({name: name for name in files}, identity),
        files=files,
        identity=identity,
        remarks=remarks,
        # A warm start is what a base at the floor needs: only reinforcement asks for readiness.
        readiness=_readiness(settings, model, start) if method == "reinforcement" else None,
        estimate=estimate(
            method, rows["train"], golds["train"], hyperparameters, records, run, settings
        ),
    )


def _rows(
    settings: Settings, task: Task, spec: graders.Spec, method: Method
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[str]]]:
    """Rows and gold answers by split. Raises CheckError for the errors that rft check finds."""
    splits, findings = [], []
    for name in SPLITS:
        split, found = load_rows(settings, task, name)
        splits.append(split)
        findings += found
    findings += check_splits(
        splits,
        messages_fn=task.messages,
        labels_fn=None,
        check_item=task.check_item,
        group_field=task.group_field,
        grader_fields=graders.referenced_fields(spec),
        profile=settings.endpoint.profile,
        context_tokens=settings.endpoint.context_tokens - settings.sampling.max_tokens,
    )
    # Row counts are the preflight's, in its own words; another way to ask has prompts of its own.
    others = {"empty-file"} | ({"stale-messages"} if task.ask else set())
    errors = [f for f in findings if f.severity == "error" and f.code not in others]
    if errors:
        more = f" ({len(errors) - 1} more: rft check lists them)" if len(errors) > 1 else ""
        raise CheckError(f"{errors[0]}{more}")
    taken = {split.name: split.rows for split in splits}
    taken["train"] = share(taken["train"], method, settings.train.warm_share, settings.train.seed)
    rows = {name: [asked(task, row) for row in found] for name, found in taken.items()}
    golds = {
        name: [task.gold(row.item).model_dump_json() for row in found]
        for name, found in taken.items()
    }
    return rows, golds


def _metadata(settings: Settings, identity: str) -> dict[str, str]:
    told = dict(settings.train.metadata)
    if settings.endpoint.profile == "local":  # training draws answers as rft eval does
        told.setdefault("rft_max_tokens", str(settings.sampling.max_tokens))
        if settings.sampling.temperature:
            told.setdefault("rft_temperature", str(settings.sampling.temperature))
    return told | {"project": settings.project.name[:512], MARK: identity}


def _newest_run(settings: Settings, model: str) -> runs.Run | None:
    found = [
        run
        for run in runs.all_runs(settings.runs)
        if run.info.model == model and (run.folder / runs.RECORDS).exists()
    ]
    return max(found, key=lambda run: (run.folder / runs.RECORDS).stat().st_mtime, default=None)


def _latest_answers(settings: Settings, model: str) -> tuple[list[Any], str]:
    run = _newest_run(settings, model)
    return (run.records(), run.folder.name) if run else ([], "")


def _readiness(settings: Settings, model: str, start: str) -> Remark:
    """What `rft ready` says of the newest run of the model that is to be trained."""
    from rft.project import Project
    from rft.project.evidence import evidence

    run = _newest_run(settings, model)
    if run is None:
        return Remark(
            "stop",
            f"There is no evidence about {model} yet; run `rft eval --model {start}` and rft "
            "ready first, or add --anyway.",
        )
    try:
        found = evidence(Project(settings), run.folder.name).readiness
    except RftError as error:
        return Remark("stop", f"rft ready cannot judge {run.folder.name}: {error}")
    told = f"rft ready says {found.verdict} for {run.folder.name}"
    if found.verdict == "NO-GO":
        return Remark("stop", f"{told}: {found.next_step} (--anyway sends it all the same)")
    if found.verdict == "NOT YET":
        return Remark("warn", f"{told}: {found.next_step}")
    return Remark("ok", f"{told}.")


def _show(
    prepared: Prepared, settings: Settings, job: store.Job, anyway: bool, console: Console
) -> None:
    folder = job.folder.relative_to(settings.root)
    address = job.info.base_url or settings.endpoint.profile
    console.print(f"{job.info.method} job for {address}, kept in {folder}", soft_wrap=True)
    console.print(shown(prepared.body.wire()), soft_wrap=True)
    for line in prepared.estimate.sentences():
        console.print(line)
    for remark in [*prepared.remarks, *([prepared.readiness] if prepared.readiness else [])]:
        level = remark.level
        if remark is prepared.readiness and anyway and level == "stop":
            level = "warn"
        style = {"stop": "red", "warn": "yellow", "ok": "green"}[level]
        console.print(Text(f"{level}: ", style).append(remark.sentence, "default"))


def _allowed(prepared: Prepared, anyway: bool) -> None:
    """Raises CheckError with the first reason why the job cannot be sent."""
    reasons = stops(prepared.remarks)
    if prepared.readiness and not anyway:
        reasons += stops([prepared.readiness])
    if reasons:
        more = f" ({len(reasons) - 1} more above)" if len(reasons) > 1 else ""
        raise CheckError(f"not sent: {reasons[0].sentence}{more}")


def _confirm(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("There is no terminal to ask on; add --yes to send the job.")
    if not typer.confirm("Send this job?"):
        raise CheckError("not sent; the body is kept for when you want it.")


def _send(client: OpenAI, job: store.Job, prepared: Prepared, root: Path, console: Console) -> None:
    """Upload what is not there yet and make the job, unless a killed command has made it."""
    model = prepared.body.model
    ends = shutdown_date(client, model)
    if reasons := stops(list(alive(job.info.profile, model, ends, date.today()))):
        raise CheckError(f"not sent: {reasons[0].sentence}")
    body = prepared.body.wire()
    for field in ("training_file", "validation_file"):
        if name := body.get(field):
            body[field], there = upload(client, prepared.files[name], name, root, job.info.base_url)
            console.print(f"{name}: {body[field]} ({'is there' if there else 'uploaded'})")
    since = job.info.sending_since
    known = {other.info.job_id for other in store.all_jobs(root)}
    made = find_sent(client, body, since, known) if since else None
    if made is None:
        job.write_body(body)
        job.update(sending_since=time.time())
        try:
            made = create(client, body)
        except UserError:  # a clear no: nothing was made
            job.update(sending_since=None)
            raise
    job.update(job_id=made.id, status=str(made.status))
