"""`Project.train`: prepare a job from this project's data and grader, check it, send it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from rft import graders, runs
from rft.config import ProfileName, Settings
from rft.dataset import check_splits
from rft.errors import OutsideError, RftError, UserError
from rft.jobs import store
from rft.jobs.body import CONTRACTS, JobBody, build, job_grader, shown
from rft.jobs.estimate import JobEstimate, estimate
from rft.jobs.hyper import MODELS, Method, check_hyperparameters
from rft.jobs.preflight import (
    JobCheck,
    PlannedJob,
    alive,
    fault,
    passed,
    preflight,
    refuse,
    warning,
)
from rft.jobs.replies import job_status
from rft.jobs.rows import reinforcement_rows, share, supervised_rows, to_jsonl
from rft.jobs.training_job import TrainingJob
from rft.jobs.uploads import sha256, upload
from rft.jobs.vendor import MARK, connect, create, find_sent, remembered_as, shutdown_date
from rft.locks import exclusive
from rft.project.loader import asked, refuse_errors
from rft.rollouts import response_format

if TYPE_CHECKING:
    from openai import OpenAI

    from rft.project import Project

SPLITS = ("train", "validation")
NAMES: dict[Method, str] = {"supervised": "warm", "reinforcement": "tuned"}
"""Under which name of [models] the tuned model is written, unless another is given."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class PreparedJob:
    """A job that can be sent, with what was looked at before. Prints itself."""

    settings: Settings
    body: JobBody
    """With the names of its files in place of their ids."""
    files: dict[str, bytes]
    """Content by file name."""
    folder: store.JobFolder
    checks: list[JobCheck]
    readiness: JobCheck | None
    """Of the model that is to be trained; a "fail" here can be overruled."""
    estimate: JobEstimate
    anyway: bool
    """Whether `readiness` is overruled."""

    @property
    def sent(self) -> bool:
        """Whether the same job was sent before."""
        return bool(self.folder.info.job_id)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Body, size and checks, a line each."""
        info, path = self.folder.info, self.folder.folder.relative_to(self.settings.root)
        if self.sent:
            return [
                f"This job was sent already: {info.job_id}, kept in {path} (--new trains the same "
                "again)."
            ]
        address = info.base_url or self.settings.endpoint.profile
        return [
            f"{info.method} job for {address}, kept in {path}",
            *shown(self.body.wire()).splitlines(),
            *self.estimate.lines(),
            *(f"{check.level}: {check.sentence}" for check in self.all_checks),
        ]

    @property
    def all_checks(self) -> list[JobCheck]:
        """The checks with readiness, which only warns when it is overruled."""
        readiness = self.readiness
        if readiness and self.anyway and readiness.level == "fail":
            readiness = warning(readiness.sentence)
        return [*self.checks, *([readiness] if readiness else [])]

    def to_dict(self) -> dict[str, Any]:
        """The job as JSON data."""
        return {
            "folder": str(self.folder.folder),
            "body": self.body.wire(),
            "checks": [vars(check) for check in self.all_checks],
            "tokens": self.estimate.tokens,
            "usd": self.estimate.usd,
        }

    def require(self) -> None:
        """Raises CheckError with the first reason why the job cannot be sent."""
        refuse(self.all_checks)

    def send(self, say: Say = lambda line: None) -> TrainingJob:
        """Upload what is missing and create the job; one that was sent already is only returned.

        `say` gets a line whenever something is done or waited for. Raises CheckError for a failed
        check, UserError when the vendor refuses, OutsideError when it cannot be reached: the same
        call then continues where it stopped and never creates a second job.
        """
        if not self.sent:
            self.require()
            taken = "Another rft train is sending a job of this project; wait for it, then run "
            lock = exclusive(self.settings.runs / "train" / ".lock", f"{taken}rft watch.")
            with lock, connect(self.settings) as client:
                self._send(client, say)
        return TrainingJob(self.settings, self.folder)

    def _send(self, client: OpenAI, say: Say) -> None:
        folder, root = self.folder, self.settings.runs / "train"
        info, body = folder.info, self.body.wire()
        refuse(
            alive(
                info.profile, self.body.model, shutdown_date(client, self.body.model), date.today()
            )
        )
        for field in ("training_file", "validation_file"):
            if name := body.get(field):
                content = self.files[name]
                body[field], reused = upload(client, content, name, root, info.base_url, say)
                say(f"{name}: {body[field]} ({'is there' if reused else 'uploaded'})")
        job = None
        if info.sending_since:  # a killed command may have created the job without learning its id
            known = {other.info.job_id for other in store.all_jobs(root)}
            job = find_sent(client, body, info.sending_since, known)
        if job is None:
            folder.write_body(body)
            folder.update(sending_since=time.time())
            try:
                job = create(client, body)
            except UserError:  # a clear refusal: nothing was created
                folder.update(sending_since=None)
                raise
        if not getattr(job, "id", None):
            raise OutsideError(
                f"{info.base_url} answered without a job id; run the same command again: it looks "
                "for the job before it creates one."
            )
        folder.update(job_id=job.id, status=job_status(job))


def prepare(
    project: Project,
    method: str = "",
    *,
    start: str = "base",
    model: str = "",
    suffix: str = "",
    hyperparameters: Mapping[str, Any] | None = None,
    anyway: bool = False,
    new: bool = False,
    say: Say = lambda line: None,
) -> PreparedJob:
    """Prepare a job without asking the vendor; its body and files are stored below runs/train.

    For the arguments see `Project.prepare_training`. Raises UserError for a wrong hyperparameter
    before anything else is checked, CheckError for rows that cannot be used.
    """
    settings, train = project.settings, project.settings.train
    chosen = method or train.method
    if chosen not in MODELS:
        raise UserError(f"--method {chosen}: unknown method; use {' or '.join(MODELS)}.")
    profile = settings.endpoint.profile
    given = getattr(train, chosen) | dict(hyperparameters or {})
    hyper = check_hyperparameters(chosen, given, profile)
    model_id, spec = settings.model_id(start), project.grader_spec
    say("checking the rows of train and validation ...")
    rows, references = _rows(project, chosen)
    files = _files(profile, chosen, rows, references)
    grader = job_grader(spec, profile, train.lambda_arn) if chosen == "reinforcement" else None

    def body(files: Mapping[str, str], mark: str) -> JobBody:
        return build(
            profile,
            chosen,
            model_id,
            grader=grader,
            response_format=response_format(project.task.answer, settings.sampling),
            hyperparameters=hyper,
            training_file=files["train.jsonl"],
            validation_file=files.get("validation.jsonl"),
            suffix=suffix or None,
            seed=train.seed,
            metadata=_metadata(settings, mark),
        )

    hashes = {name: sha256(content) for name, content in files.items()}
    identity = runs.digest([remembered_as(settings), body(hashes, "").wire()])
    run = _newest_run(settings, model_id)
    readiness = None
    # A warm start is what a base at the floor needs: only reinforcement asks for readiness.
    if chosen == "reinforcement":
        say(f"looking at {run.folder.name if run else 'the evidence'} (rft ready) ...")
        readiness = _readiness(project, run, model_id, start)
    info = store.JobInfo(
        identity=identity,
        profile=profile,
        base_url=remembered_as(settings),
        method=chosen,
        start_from=model_id,
        name=model or NAMES[chosen],
        readiness=readiness.sentence if readiness else "",
        overruled=anyway,
    )
    prepared_body = body({name: name for name in files}, identity)
    counts = {split: len(rows[split]) for split in SPLITS}
    planned = PlannedJob(profile, chosen, model_id, spec, counts, hyper)
    return PreparedJob(
        settings,
        prepared_body,
        files,
        _folder(settings, info, prepared_body, files, new=new),
        preflight(planned, date.today()),
        readiness,
        estimate(
            chosen,
            rows["train"],
            references["train"],
            hyper,
            run.records() if run else [],
            run.folder.name if run else "",
            settings,
        ),
        anyway,
    )


def _folder(
    settings: Settings, info: store.JobInfo, body: JobBody, files: dict[str, bytes], *, new: bool
) -> store.JobFolder:
    """The folder of the same job if there is one, else a fresh one; body and files are in it."""
    root = settings.runs / "train"
    folder = None if new else store.with_identity(root, info.identity)
    if folder and folder.info.job_id:
        return folder
    folder = folder or store.start(root, info)
    for name, content in files.items():
        (folder.folder / name).write_bytes(content)
    if not folder.info.sending_since:
        folder.write_body(body.wire())
        folder.update(name=info.name, readiness=info.readiness, overruled=info.overruled)
    return folder


def _files(
    profile: ProfileName,
    method: Method,
    rows: dict[str, list[dict[str, Any]]],
    references: dict[str, list[str]],
) -> dict[str, bytes]:
    """Content by name of the files that the profile takes."""
    splits = SPLITS if "validation_file" in CONTRACTS[profile].optional else SPLITS[:1]
    return {
        f"{split}.jsonl": to_jsonl(
            reinforcement_rows(rows[split], profile)
            if method == "reinforcement"
            else supervised_rows(rows[split], references[split])
        )
        for split in splits
    }


def _rows(
    project: Project, method: Method
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[str]]]:
    """Rows and reference answers by split. Raises CheckError for errors that rft check finds."""
    settings, task = project.settings, project.task
    splits, faults = zip(*map(project.split, SPLITS), strict=True)
    findings = [finding for of_split in faults for finding in of_split]
    findings += check_splits(
        splits,
        messages_fn=task.messages,
        labels_fn=None,
        check_item=task.check_item,
        group_field=task.group_field,
        grader_fields=graders.referenced_fields(project.grader_spec),
        profile=settings.endpoint.profile,
        context_tokens=settings.endpoint.context_tokens - settings.sampling.max_tokens,
    )
    # The preflight counts rows in its own words; another prompt variant has messages of its own.
    ignored = {"empty-file"} | ({"stale-messages"} if task.prompt_variant else set())
    refuse_errors(finding for finding in findings if finding.code not in ignored)
    rows, references = {}, {}
    for split in splits:
        train, chosen = settings.train, split.rows
        if split.name == "train":
            chosen = share(chosen, method, train.warm_share, train.seed)
        rows[split.name] = [asked(task, row) for row in chosen]
        references[split.name] = [task.gold(row.item).model_dump_json() for row in chosen]
    return rows, references


def _metadata(settings: Settings, identity: str) -> dict[str, str]:
    metadata = dict(settings.train.metadata)
    if settings.endpoint.profile == "local":  # training draws answers as rft eval does
        metadata.setdefault("rft_max_tokens", str(settings.sampling.max_tokens))
        if settings.sampling.temperature:
            metadata.setdefault("rft_temperature", str(settings.sampling.temperature))
    return metadata | {"project": settings.project.name[:512], MARK: identity}


def _newest_run(settings: Settings, model: str) -> runs.Run | None:
    """The run of a model with the newest answer."""
    by_time = {
        path.stat().st_mtime: run
        for run in runs.all_runs(settings.runs)
        if run.info.model == model and (path := run.folder / runs.RECORDS).exists()
    }
    return by_time[max(by_time)] if by_time else None


def _readiness(project: Project, run: runs.Run | None, model: str, start: str) -> JobCheck:
    """The verdict of `rft ready` on the newest run of the model to train."""
    from rft.project.ready import ready

    if run is None:
        return fault(
            f"There is no evidence about {model} yet; run `rft eval --model {start}` and rft "
            "ready first, or add --anyway.",
        )
    try:
        readiness = ready(project, run.folder.name).readiness
    except RftError as error:
        return fault(f"rft ready cannot judge {run.folder.name}: {error}")
    verdict = f"rft ready says {readiness.verdict} for {run.folder.name}"
    if readiness.verdict == "NO-GO" or not readiness.answers:
        return fault(f"{verdict}: {readiness.next_step} (--anyway sends it regardless)")
    if readiness.verdict == "NOT YET":
        return warning(f"{verdict}: {readiness.next_step}")
    return passed(f"{verdict}.")
