"""`Project.card`: what is known of a model, gathered from the runs for a model card."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rft
from rft import card as page
from rft import graders, runs
from rft.comparison import HUMAN, Comparison
from rft.display import counted, first_sentences
from rft.errors import RftError, UserError
from rft.files import write_text
from rft.findings import shown_path
from rft.jobs import store
from rft.jobs.metrics import points
from rft.project.evaluation import versions
from rft.project.report import BASE, reward_in_words
from rft.readiness.evidence import read_examination
from rft.stats import item_means, mean_interval, rewards_by_item

if TYPE_CHECKING:
    from rft.project import Project
    from rft.project.ready import ReadyResult

FILE = "MODEL_CARD.md"
DATASHEET = "DATASHEET.md"
ALWAYS_MISSING = "Rows of another kind than those in task/data, safety, bias, and any other use."


@dataclass(frozen=True)
class CardResult:
    """A model card that was written. Prints as `rft card` does."""

    path: Path
    missing: list[str]
    """What was not measured, a sentence each."""

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The path, and what the card says was not measured."""
        return [
            f"model card: {shown_path(self.path)}",
            *(f"not measured: {gap}" for gap in self.missing),
        ]


def card(project: Project, name: str = "", output: Path = Path(FILE)) -> CardResult:
    """Write the card of a model; see `Project.card`.

    The team's own part of a card that was there is kept. Raises UserError where the file was not
    written by this command.
    """
    path = project.root / output
    notes = _notes(path)
    values = _gather(project, name)
    write_text(path, page.render(values, notes))
    return CardResult(path, values["missing"])


def _notes(path: Path) -> str:
    if not path.exists():
        return page.NOTES
    _, mark, notes = path.read_text(encoding="utf-8").partition(page.MARK)
    if not mark:
        raise UserError(
            f"{shown_path(path)} was not written by rft card; name another file with --output."
        )
    return mark + notes


def _gather(project: Project, name: str) -> dict[str, Any]:
    """Everything that card.md.j2 names."""
    settings, task = project.settings, project.task
    name = name or ("tuned" if settings.models.get("tuned") else BASE)
    model = settings.model_id(name)
    base = settings.model_id(BASE) if settings.models.get(BASE) else None
    newest = _newest_runs(project)
    missing: list[str] = []
    ready = _ready(project, newest, model, missing)
    comparison = _compared(project, newest, base or model, missing)
    jobs = [_job(job) for job in store.all_jobs(settings.runs / "train")]
    examination = read_examination(settings.runs / "judge")
    judged = bool(graders.model_graders(project.grader_spec))
    if judged and not examination:
        missing.append("The judge was not examined (rft judge).")
    if not any(run.info.coders for run in newest):
        missing.append("No people's answers to the same rows (task/human.jsonl).")
    grader = settings.path(settings.task.grader)
    return {
        "project": settings.project.name,
        "name": name if name in settings.models else "",
        "model": model,
        "base": base,
        "profile": settings.endpoint.profile,
        "variant": task.prompt_variant,
        "about": _about(project),
        "version": rft.__version__,
        "versions": versions(),
        "splits": list(_splits(project)),
        "datasheet": _datasheet(project),
        "reward": reward_in_words(grader.with_name("grader.py")),
        "grader": {
            "file": settings.task.grader.as_posix(),
            "kind": project.grader_spec.type,
            "hash": project.grader_hash,
            "notes": project.check().notes,
        },
        "judge": examination
        and {
            "verdict": examination.verdict,
            "current": examination.grader == project.grader_hash,
        },
        "jobs": jobs,
        "runs": [_figures(project, run) for run in newest],
        "ready_run": ready.run.folder.name if ready else "",
        "verdict": ready.verdict if ready else "",
        "next_step": ready.next_step if ready else "",
        "standings": ready.standings if ready else [],
        "comparison": comparison,
        "limits": list(_limits(ready, comparison, jobs)) or ["None is known yet."],
        "missing": [*missing, ALWAYS_MISSING],
    }


def _newest_runs(project: Project) -> list[runs.Run]:
    """The newest run of each model and split, of this grader if there is one; the base first."""
    stored = [run for run in runs.all_runs(project.settings.runs) if run.sample_count()]
    stored.sort(key=lambda run: run.info.hashes.get("grader") == project.grader_hash)
    newest = {(run.info.model, run.info.split): run for run in stored}
    base = project.settings.models.get(BASE)
    return sorted(newest.values(), key=lambda run: (run.info.model != base, run.folder.name))


def _figures(project: Project, run: runs.Run) -> dict[str, Any]:
    """One line of the table of runs."""
    rewards = rewards_by_item(run.records())
    return {
        "model": run.info.model,
        "split": run.info.split,
        "rows": len(rewards),
        "answers": sum(map(len, rewards.values())),
        "mean": mean_interval(item_means(rewards)),
        "current": run.info.hashes.get("grader") == project.grader_hash,
        "folder": run.folder.name,
    }


def _splits(project: Project) -> Iterator[dict[str, Any]]:
    for split in project.splits()[0]:
        yield {
            "name": split.name,
            "file": (project.settings.task.data / split.path.name).as_posix(),
            "rows": len(split.rows),
            "hash": split.sha256,
        }


def _about(project: Project) -> str:
    """The first sentences of the prompt that the first row has."""
    rows = next((split.rows for split in project.splits()[0] if split.rows), [])
    return first_sentences(str(rows[0].data["messages"][0]["content"]) if rows else "")


def _datasheet(project: Project) -> dict[str, str] | None:
    """Path and first paragraph of the page about the data."""
    path = project.settings.task.data / DATASHEET
    try:
        text = project.settings.path(path).read_text(encoding="utf-8")
    except OSError:
        return None
    paragraphs = [p for p in text.split("\n\n") if p.strip() and not p.startswith("#")]
    return {"path": path.as_posix(), "text": re.sub(r"[*`]", "", "".join(paragraphs[:1]))}


def _job(job: store.JobFolder) -> dict[str, Any]:
    """What a job's folder says, with the first and last figures of its course."""
    body: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        body = job.body()
    method = body.get("method", {}).get(job.info.method) or {}
    course = []
    steps = points(job.events())
    for name, words in (("valid_reward", "validation reward"), ("train_reward", "reward")):
        known = [(p.step, getattr(p, name)) for p in steps if getattr(p, name) is not None]
        if known:
            (first, low), (last, high) = known[0], known[-1]
            course.append(f"{words}: {low:.3f} at step {first}, {high:.3f} at step {last}")
    return job.info.model_dump() | {
        "hyperparameters": method.get("hyperparameters") or {},
        "course": course,
    }


def _ready(
    project: Project, newest: list[runs.Run], model: str, missing: list[str]
) -> ReadyResult | None:
    """The verdict on the newest run of the base, else of a model that has one.

    Adds to `missing` what keeps it from being known.
    """
    first = next((run for run in newest if not run.info.coders), None)
    if first is None:
        missing.append(f"No answers of {model} (rft eval).")
        return None
    if not any(run.info.model == model and run.info.split == "test" for run in newest):
        missing.append(f"{model} on the test split (rft eval --split test).")
    try:
        return project.ready(first.folder.name)
    except RftError as error:
        missing.append(f"Go or no-go: {error}")
        return None


def _compared(
    project: Project, newest: list[runs.Run], first: str, missing: list[str]
) -> Comparison | None:
    """All models on the same rows, of the test split if two have answered it.

    Adds to `missing` why there is none.
    """
    models_of: dict[str, list[str]] = {split: [] for split in ("test", "validation", "train")}
    for run in newest:
        models_of.setdefault(run.info.split, []).append(run.info.model)
    several = {split: models for split, models in models_of.items() if len(models) > 1}
    if not several:
        missing.append("A comparison of two models on the same rows (rft compare).")
    for split, models in several.items():
        models.sort(key=lambda model: (model != first, model == HUMAN))
        try:
            return project.compare(*models, split=split)
        except RftError as error:
            missing.append(f"A comparison on {split}: {error}")
    return None


def _limits(
    ready: ReadyResult | None, comparison: Comparison | None, jobs: list[dict[str, Any]]
) -> Iterator[str]:
    """What a reader must know before relying on the figures."""
    for check in ready.checks if ready else []:
        if check.accepted:
            yield f"{check.name}: {check.figure}; accepted by a person: {check.accepted}"
        elif check.open:
            yield f"{check.name}: {check.figure}; {check.advice or check.verdict}"
    if ready and ready.readiness.failed:
        yield f"{counted(ready.readiness.failed, 'answer')} could not be scored."
    if comparison:
        yield from (f"{note}." for note in comparison.notes)
        for pair in comparison.pairs:
            if pair.verdict == "tied":
                yield f"{pair.b.name} and {pair.a.name}: {pair.tie}"
            yield from (f"{pair.b.name}: {e.warning}" for e in pair.side_effects if e.warning)
    for job in jobs:
        if job["overruled"]:
            sent = f"The {job['method']} job of {job['created'][:10]} was sent"
            yield f"{sent} although rft ready said no."
