"""`Project.evaluate`: sample answers from a model, grade them, keep them in a run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from rft import config, human, runs
from rft.config import Settings
from rft.dialect import Dialect
from rft.display import counted
from rft.endpoint import async_client
from rft.errors import OutsideError
from rft.estimate import Estimate
from rft.interval import Interval, interval_beside, interval_here
from rft.pacing import Pacer
from rft.project.figures import Figures, figures, sentences
from rft.project.loader import asked
from rft.project.people import load_people, people_run
from rft.project.serving import serving
from rft.project.totals import Totals
from rft.records import Record, Sample
from rft.redaction import redact_url
from rft.rollouts import check_reachable, response_format
from rft.spending import RunLimits, earlier_answers, expected

if TYPE_CHECKING:
    import pandas

    from rft.dataset import Row
    from rft.local.progress import Meter
    from rft.project import Project
    from rft.project.filling import Fill


class Watcher(Protocol):
    """Receives the progress of an evaluation."""

    def start(self, run: runs.Run, summary: str) -> AbstractContextManager[OnRecord]:
        """Begin to sample answers; the block's value is called with each record."""

    def say(self, line: str) -> None:
        """Within the block: something that takes long has got so far."""

    def begin(self, estimate: str = "", meter: Meter | None = None) -> None:
        """Within the block, once the endpoint can be asked; see `Serving` for what is given."""


class OnRecord(Protocol):
    """Called with each record after it is on disk."""

    def __call__(self, record: Record, /) -> None: ...


def watching(
    watcher: Watcher | None, run: runs.Run, summary: str
) -> AbstractContextManager[OnRecord]:
    """What a watcher starts for a run; without a watcher, records are passed over."""
    return watcher.start(run, summary) if watcher else nullcontext(lambda record: None)


@dataclass(frozen=True)
class EvalResult:
    """A run with its figures. Prints as the lines that `rft eval` ends with."""

    run: runs.Run
    complete: bool
    """Whether the run held every answer before, so that none was sampled."""
    mean: Estimate
    """Mean reward over rows, with its 95 % interval."""
    totals: Totals
    figures: Figures
    """What task/metrics.py says of the run."""
    shown: str
    """The run's folder as it is named to people."""
    notes: list[str] = field(default_factory=list)
    """What the endpoint did otherwise than it was asked."""

    def __str__(self) -> str:
        return "\n".join(self.lines())

    @property
    def parts(self) -> dict[str, float]:
        """Mean of each part of the grade."""
        return self.totals.parts

    def lines(self) -> list[str]:
        """The summary, a line each."""
        rows, graded = len(self.totals.rewards), self.totals.graded
        answers = counted(graded, "answer")
        lines = [f"mean reward {self.mean} over {counted(rows, 'row')}, {answers}"]
        if self.parts:
            parts = ", ".join(f"{name} {value:.2f}" for name, value in self.parts.items())
            lines.append(f"parts: {parts}")
        lines += self.totals.lines() + self.notes + sentences(self.figures)
        people = "rft compare human base" if self.run.info.coders else ""
        return [*lines, f"kept in {self.shown}; next: {people or 'rft ready, then rft report'}"]

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON data."""
        mean = {"value": self.mean.value, "low": self.mean.low, "high": self.mean.high}
        return {
            "run": self.run.folder.name,
            "mean_reward": mean,
            "parts": self.parts,
            "figures": self.figures,
            "notes": self.notes,
        }

    def to_frame(self) -> pandas.DataFrame:
        """One line per answer: see `Run.to_frame`."""
        return self.run.to_frame()


def evaluate(
    project: Project,
    model: str = "base",
    *,
    new: bool = False,
    watcher: Watcher | None = None,
    fill: Fill | None = None,
) -> EvalResult:
    """Draw and grade what is missing of the run that the project's settings describe.

    `model`: a name under [models] or an id; "human" grades the answers of people. `new` starts
    a new run instead of resuming one. `fill`: another way to get the answers. Raises CheckError for
    rows that are not usable, UserError for settings, OutsideError when the endpoint fails,
    LimitReachedError at a limit of rft.toml, StoppedError on Ctrl-C.
    """
    settings = project.settings
    rows = _chosen_rows(project)
    prompts = {item_id: asked(project.task, row) for item_id, row in rows.items()}
    stored = {item_id: row.data for item_id, row in rows.items()}
    if model == human.NAME:
        people = load_people(project, list(rows))
        run = people_run(project, people, stored, versions(), new=new)
        return _result(project, run, prompts, complete=False)
    model_id = settings.model_id(model)
    answer_format = response_format(project.task.answer, settings.sampling)
    info = _info(project, model_id, stored, prompts, answer_format)
    run = runs.start(settings.runs, info, new=new)
    if not run.missing():
        run.touch()
        return _result(project, run, prompts, complete=True)
    with interval_beside() as interval:
        notes = (fill or _fill)(project, run, prompts, answer_format, watcher)
        return _result(project, run, prompts, complete=False, judge_notes=notes, interval=interval)


def versions() -> dict[str, str]:
    """Versions of the packages that a run's figures depend on."""
    return {name: version(name) for name in ("rft-engine", "openai", "pydantic", "scipy")}


def _chosen_rows(project: Project) -> dict[str, Row]:
    """The rows to evaluate by id; when limited a fixed random choice, or the shortest prompts."""
    section = project.settings.eval
    rows = {row.id: row for row in project.rows(section.split)}

    def rank(item_id: str) -> tuple[int, str]:
        messages = asked(project.task, rows[item_id])["messages"] if section.shortest else []
        # By hash: no order in the file (by protocol, by difficulty) can make the choice one-sided.
        return sum(len(message["content"]) for message in messages), runs.digest(item_id)

    chosen = set(sorted(rows, key=rank)[: section.limit])
    return {item_id: row for item_id, row in rows.items() if item_id in chosen}


def prompt_hash(prompts: Mapping[str, dict[str, Any]], answer_format: dict[str, Any] | None) -> str:
    """sha256 of what a model is asked: the messages of the rows, and the form of the answer."""
    return runs.digest([[row["messages"] for row in prompts.values()], answer_format])


def _info(
    project: Project,
    model: str,
    stored: Mapping[str, dict[str, Any]],
    prompts: Mapping[str, dict[str, Any]],
    answer_format: dict[str, Any] | None,
) -> runs.RunInfo:
    """`stored`: the rows as in the file; `prompts`: with the messages that are sent."""
    settings, sampling = project.settings, project.settings.sampling
    local = settings.endpoint.profile == "local"
    return runs.RunInfo(
        split=settings.eval.split,
        model=model,
        profile=settings.endpoint.profile,
        base_url="" if local else redact_url(config.base_url(settings.endpoint)),
        item_ids=list(prompts),
        samples_per_item=sampling.samples_per_item,
        sampling=sampling.model_dump(include={"temperature", "max_tokens", "seed"})
        | {"response_format": sampling.response_format},
        hashes={
            "data": runs.digest(list(stored.values())),
            "grader": project.grader_hash,
            "prompt": prompt_hash(prompts, answer_format),
        },
        versions=versions(),
        prompt_variant=project.task.prompt_variant,
    )


def _fill(
    project: Project,
    run: runs.Run,
    prompts: Mapping[str, dict[str, Any]],
    answer_format: dict[str, Any] | None,
    watcher: Watcher | None,
) -> list[str]:
    """Sample and grade what is missing; returns what was learned of the judge's endpoint."""
    from rft.evaluate import GRACE_S
    from rft.evaluate import evaluate as fill

    settings, info = project.settings, run.info
    sampling = settings.sampling
    done = info.planned - len(run.missing())
    summary = (
        f"{info.split}: {counted(len(prompts), 'row')} x "
        f"{counted(info.samples_per_item, 'answer')} from {info.model}"
        + (f", prompt variant: {info.prompt_variant}" if info.prompt_variant else "")
        + (f" ({done} of {info.planned} are there already)" if done else "")
    )
    limits = RunLimits(settings, run, prompts)
    coming = expected(settings, prompts, info.planned - done, earlier_answers(settings.runs, run))
    if coming.notable(sampling.announce_cost):
        summary += f"\n{coming}"
    with (
        run.writing(project.root, "answers"),
        watching(watcher, run, summary) as on_record,
        serving(settings, run, prompts, timed=watcher is not None) as served,
        project.open_grader() as grader,
    ):
        if watcher:
            watcher.begin(served.estimate, served.meter)
        pacer = Pacer(served.workers, sampling, coming.tokens_each)

        def note(record: Record) -> None:
            on_record(record)
            limits.note_judge(record)

        def note_sample(sample: Sample) -> None:
            pacer.used(sum(sample.usage.values()))
            limits.note_sample(sample)

        def stopping(in_flight: int) -> None:
            if watcher:
                watcher.say(
                    f"stopping: waiting for {in_flight} answers in flight, {GRACE_S:.0f} s at "
                    "most; press Ctrl-C again to stop at once"
                )

        async def go() -> None:
            async with limits.in_time(), AsyncExitStack() as stack:
                clients = [
                    await stack.enter_async_context(
                        async_client(
                            url,
                            served.key,
                            max_retries=sampling.max_retries,
                            timeout_s=sampling.timeout_s,
                            pacer=pacer,
                        )
                    )
                    for url in served.urls
                ]
                await check_reachable(clients[0])
                await fill(
                    run,
                    prompts,
                    clients,
                    served.workers,
                    settings,
                    answer_format,
                    grader,
                    note,
                    on_sample=note_sample,
                    on_stop=stopping,
                )

        asyncio.run(go())
        return grader.judge_notes()


def _result(
    project: Project,
    run: runs.Run,
    prompts: Mapping[str, dict[str, Any]],
    *,
    complete: bool,
    judge_notes: Sequence[str] = (),
    interval: Interval = interval_here,
) -> EvalResult:
    totals = Totals.of(run.stream(), run.info.sampling.get("max_tokens"))
    folder = str(run.folder.relative_to(project.root))
    if totals.answers and not totals.graded:
        raise OutsideError(
            f"no answer was scored, so there is no mean reward: {totals.first_failure} The "
            f"{totals.answers} failures are kept in {folder}."
        )
    return EvalResult(
        run,
        complete,
        interval(totals.row_means),
        totals,
        figures(project, run, prompts),
        folder,
        _notes(project.settings, run, totals, judge_notes),
    )


def _notes(
    settings: Settings, run: runs.Run, totals: Totals, judge_notes: Sequence[str]
) -> list[str]:
    """What the endpoint did otherwise than it was asked, a sentence each."""
    dialect = Dialect(settings.sampling, settings.endpoint.profile, run.info.refused_fields)
    notes = [*dialect.notes(), *run.notes, *totals.notes()]
    return [f"note: {note}" for note in notes] + [f"note on the judge: {n}" for n in judge_notes]
