"""`Project.evaluate`: sample answers from a model, grade them, keep them in a run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from rft import config, human, runs
from rft.config import Settings
from rft.dialect import Dialect
from rft.endpoint import async_client
from rft.errors import OutsideError
from rft.project.figures import Figures, figures, sentences
from rft.project.loader import asked
from rft.project.people import load_people, people_run
from rft.records import Record
from rft.rollouts import check_reachable, response_format
from rft.stats import Estimate, mean_interval, rewards_by_item

if TYPE_CHECKING:
    import pandas

    from rft.dataset import Row
    from rft.project import Project

MAX_LOCAL_SLOTS = 8


class Watcher(Protocol):
    """Receives the progress of an evaluation."""

    def start(self, run: runs.Run, summary: str) -> AbstractContextManager[OnRecord]:
        """Begin to sample answers; the block's value is called with each record."""


class OnRecord(Protocol):
    """Called with each record after it is on disk."""

    def __call__(self, record: Record, /) -> None: ...


@dataclass(frozen=True)
class EvalResult:
    """A run with its figures. Prints as the lines that `rft eval` ends with."""

    run: runs.Run
    complete: bool
    """Whether the run held every answer before, so that none was sampled."""
    mean: Estimate
    """Mean reward over rows, with its 95 % interval."""
    parts: dict[str, float]
    """Mean of each part of the grade."""
    figures: Figures
    """What task/metrics.py says of the run."""
    shown: str
    """The run's folder as it is named to people."""
    notes: list[str] = field(default_factory=list)
    """What the endpoint did otherwise than it was asked."""

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The summary, a line each."""
        records = self.run.records()
        graded = [r for r in records if r.reward is not None]
        rows = len({r.item_id for r in graded})
        lines = [f"mean reward {self.mean} over {rows} rows, {len(graded)} answers"]
        if self.parts:
            parts = ", ".join(f"{name} {value:.2f}" for name, value in self.parts.items())
            lines.append(f"parts: {parts}")
        lines += _missing_lines(records)
        lines += _usage_lines(graded) + _grading_lines(records) + self.notes
        lines += sentences(self.figures)
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
    project: Project, model: str = "base", *, new: bool = False, watcher: Watcher | None = None
) -> EvalResult:
    """Draw and grade what is missing of the run that the project's settings describe.

    `model`: a name under [models] or an id; "human" grades the answers of people. `new` starts
    a new run instead of resuming one. Raises CheckError for rows that are not usable, UserError for
    settings, OutsideError when the endpoint fails, StoppedError on Ctrl-C.
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
    complete = not run.missing()
    judge_notes: list[str] = []
    if complete:
        run.touch()
    else:
        judge_notes = _fill(project, run, prompts, answer_format, watcher)
    return _result(project, run, prompts, complete=complete, judge_notes=judge_notes)


def versions() -> dict[str, str]:
    """Versions of the packages that a run's figures depend on."""
    return {name: version(name) for name in ("rft-engine", "openai", "pydantic", "scipy")}


def _chosen_rows(project: Project) -> dict[str, Row]:
    """The rows to evaluate by id; a fixed random choice of the split when limited."""
    rows = {row.id: row for row in project.rows(project.settings.eval.split)}
    # By hash: no order in the file (by protocol, by difficulty) can make the choice one-sided.
    chosen = set(sorted(rows, key=runs.digest)[: project.settings.eval.limit])
    return {item_id: row for item_id, row in rows.items() if item_id in chosen}


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
        base_url="" if local else config.redact(config.base_url(settings.endpoint)),
        item_ids=list(prompts),
        samples_per_item=sampling.samples_per_item,
        sampling=sampling.model_dump(include={"temperature", "max_tokens", "seed"})
        | {"response_format": sampling.response_format},
        hashes={
            "data": runs.digest(list(stored.values())),
            "grader": project.grader_hash,
            "prompt": runs.digest([[row["messages"] for row in prompts.values()], answer_format]),
        },
        versions=versions(),
        ask=project.task.ask,
    )


def _fill(
    project: Project,
    run: runs.Run,
    prompts: Mapping[str, dict[str, Any]],
    answer_format: dict[str, Any] | None,
    watcher: Watcher | None,
) -> list[str]:
    """Sample and grade what is missing; returns what was learned of the judge's endpoint."""
    from rft.evaluate import evaluate as fill

    settings, info = project.settings, run.info
    sampling = settings.sampling
    done = info.planned - len(run.missing())
    summary = (
        f"{info.split}: {len(prompts)} rows x {info.samples_per_item} answers from {info.model}"
        + (f", prompt variant: {info.ask}" if info.ask else "")
        + (f" ({done} of {info.planned} are there already)" if done else "")
    )
    watched = watcher.start(run, summary) if watcher else nullcontext(lambda record: None)
    with (
        run.writing(project.root, "answers"),
        _servers(settings, run) as (urls, key, workers),
        project.open_grader() as grader,
        watched as on_record,
    ):

        async def go() -> None:
            async with AsyncExitStack() as stack:
                clients = [
                    await stack.enter_async_context(
                        async_client(
                            url, key, max_retries=sampling.max_retries, timeout_s=sampling.timeout_s
                        )
                    )
                    for url in urls
                ]
                await check_reachable(clients[0])
                await fill(
                    run,
                    prompts,
                    clients,
                    workers,
                    settings,
                    answer_format,
                    grader.grade,
                    on_record,
                )

        asyncio.run(go())
        return grader.judge_notes()


@contextmanager
def _servers(settings: Settings, run: runs.Run) -> Iterator[tuple[list[str], str, int]]:
    """(base URLs, key, requests in flight); local servers live as long as the block."""
    endpoint, model, most = settings.endpoint, run.info.model, settings.sampling.concurrency
    if endpoint.profile != "local":
        yield [config.base_url(endpoint)], config.api_key(endpoint), most
        return
    if model.startswith("ft:"):  # tuned at home: rft serve has its weights
        from rft.jobs import local_service

        yield [local_service.ensure(settings.root)], "no-key", most
        return
    from rft.local.model import gguf_path
    from rft.local.server import plan_servers, serve_plan

    gguf = gguf_path(model, settings.root)
    most = min(most, MAX_LOCAL_SLOTS, len(run.missing()))
    items = len({item_id for item_id, _ in run.missing()})
    plan = plan_servers(gguf.stat().st_size, items=items, most=most, threads=endpoint.threads)
    with serve_plan(gguf, model, plan, context_tokens=endpoint.context_tokens) as urls:
        yield urls, "no-key", plan.parallel


def _result(
    project: Project,
    run: runs.Run,
    prompts: Mapping[str, dict[str, Any]],
    *,
    complete: bool,
    judge_notes: Sequence[str] = (),
) -> EvalResult:
    records = run.records()
    graded = [r for r in records if r.reward is not None]
    folder = str(run.folder.relative_to(project.root))
    if records and not graded:
        raise OutsideError(
            f"no answer was scored, so there is no mean reward: {records[0].failure} The "
            f"{len(records)} failures are kept in {folder}."
        )
    by_item = rewards_by_item(records)
    return EvalResult(
        run,
        complete,
        mean_interval([sum(r) / len(r) for r in by_item.values()]),
        _part_means(graded),
        figures(project, run, prompts),
        folder,
        _notes(project.settings, run, graded, judge_notes),
    )


def _part_means(graded: Sequence[Record]) -> dict[str, float]:
    """Mean of each part; an answer that the endpoint refused itself has 0 in all of them."""
    values: dict[str, list[float]] = {}
    rejected = 0
    for record in graded:
        if record.sample and record.sample.rejected:
            rejected += 1
        for name, value in (record.grade.parts if record.grade else {}).items():
            values.setdefault(name, []).append(value)
    return {name: sum(v) / (len(v) + rejected) for name, v in values.items()}


def _notes(
    settings: Settings, run: runs.Run, graded: Sequence[Record], judge_notes: Sequence[str]
) -> list[str]:
    """What the endpoint did otherwise than it was asked, a sentence each."""
    dialect = Dialect(settings.sampling, settings.endpoint.profile, run.info.refused_fields)
    notes = [f"note: {note}" for note in dialect.notes()]
    notes += [f"note on the judge: {note}" for note in judge_notes]
    samples = [record.sample for record in graded if record.sample]
    limit = run.info.sampling.get("max_tokens")
    longest = max((s.usage.get("completion_tokens", 0) for s in samples), default=0)
    if limit and longest > limit:
        longer = sum(s.usage.get("completion_tokens", 0) > limit for s in samples)
        notes.append(
            f"note: the endpoint ignores the token limit: {longer} answers are longer than "
            f"sampling.max_tokens = {limit:,}, the longest {longest:,} tokens"
        )
    if silent := sum(
        bool(s.reasoning) and not s.output_text.strip() and s.finish_reason == "stop"
        for s in samples
    ):
        notes.append(
            f"note: {silent} answers hold reasoning and no answer, and scored as empty; if they "
            "should not, look at the server's reasoning parser"
        )
    if calls := sum(bool(s.tool_calls) and not s.output_text.strip() for s in samples):
        notes.append(f"note: {calls} answers are tool calls without text, though no tool was sent")
    return notes


def _usage_lines(graded: list[Record]) -> list[str]:
    usage: Counter[str] = Counter()
    for record in graded:
        usage.update(record.sample.usage if record.sample else {})
    prompt, answer = usage["prompt_tokens"], usage["completion_tokens"]
    return [f"tokens: {prompt:,} in the prompts, {answer:,} in the answers"] if usage else []


def _grading_lines(records: list[Record]) -> list[str]:
    lines = []
    grades = [r.grade for r in records if r.grade]
    if flags := Counter(flag for grade in grades for flag in grade.errors):
        lines.append("flags: " + ", ".join(f"{flag} {n}" for flag, n in flags.most_common()))
    if absent := Counter(part for grade in grades for part in grade.not_graded):
        lines.append(
            f"not graded: {', '.join(absent)} in {max(absent.values())} answers, because "
            "rft.toml has no [judge]; the reward is over the other parts"
        )
    judged: Counter[str] = Counter()
    for model, usage in (pair for grade in grades for pair in grade.judge_tokens.items()):
        judged[model] += sum(usage.values())
    lines += [f"judge tokens: {count:,} by {model}" for model, count in judged.items()]
    return lines


def _missing_lines(records: list[Record]) -> list[str]:
    """The answers without a reward, why, and how much they could move the mean."""
    missing = [r for r in records if r.reward is None]
    if not missing:
        return []
    low, high = (_mean_with(records, reward) for reward in (0.0, 1.0))
    lines = [
        f"the mean is without {len(missing)} of {len(records)} answers; had they been scored, it "
        f"would be between {low:.2f} and {high:.2f}"
    ]
    kinds = {
        "were refused by the endpoint (not scored): {} Sending them again will not help; change "
        "those rows or the settings.": [r for r in missing if r.refused],
        "are missing (not scored): {} The same command samples them again.": [
            r for r in missing if not r.refused and not r.sample
        ],
        "could not be graded (not scored): {} The same command grades them again.": [
            r for r in missing if not r.refused and r.sample
        ],
    }
    for sentence, failed in kinds.items():
        if failed:
            reason = Counter(r.failure for r in failed).most_common(1)[0][0]
            lines.append(f"{len(failed)} answers {sentence.format(reason)}")
    return lines


def _mean_with(records: Sequence[Record], missing: float) -> float:
    """The mean over rows if every answer without a reward had this one."""
    rewards: dict[str, list[float]] = {}
    for record in records:
        reward = missing if record.reward is None else record.reward
        rewards.setdefault(record.item_id, []).append(reward)
    return sum(sum(row) / len(row) for row in rewards.values()) / len(rewards)
