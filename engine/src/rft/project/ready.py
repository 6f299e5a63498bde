"""`Project.ready`: go or no-go, from a run and from what is known of grader and rows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft import runs
from rft.config import EMBEDDED_MODEL, FILE, ProfileName, Settings
from rft.display import COLOURS, as_text, counted, figure, headline, number
from rft.errors import UserError
from rft.project.compare import find_runs
from rft.project.grader_evidence import MOST_ROWS, choice, gather
from rft.project.loader import Task, asked, load_floors
from rft.project.scoring import floor_rewards
from rft.readiness import Readiness, accept, assess, read_accepted, with_accepted
from rft.records import finite
from rft.standings import Standing, standings
from rft.stats import rewards_by_item
from rft.verdicts import Check, check_table

if TYPE_CHECKING:
    import pandas

    from rft.project import Project

SHOWN = 7
"""Open checks shown without --all, in the order to fix them."""


@dataclass(frozen=True)
class ReadyResult:
    """A run with the rows it was made with, and the verdict. Prints as `rft ready` does."""

    run: runs.Run
    rows: dict[str, dict[str, Any]]
    """By id, each with its "slices"."""
    floors: dict[str, float]
    """Mean reward of answers that need no model, over all rows of the run's split."""
    standings: list[Standing]
    """The model, the floors and people on the rows of the run, the best first."""
    readiness: Readiness
    resume: str
    """The command that asks for the answers which the run lacks."""

    @property
    def verdict(self) -> str:
        """GO, NOT YET or NO-GO."""
        return self.readiness.verdict

    @property
    def next_step(self) -> str:
        """The one thing to do now."""
        return self.readiness.next_step

    @property
    def checks(self) -> list[Check]:
        """All checks, in the order in which they should be fixed."""
        return self.readiness.checks

    def accept(self, name: str, because: str) -> ReadyResult:
        """Let a check pass and record the reason with the run.

        Raises UserError when there is no such check, nothing to accept, or no reason.
        """
        accept(self.run.folder, self.checks, name, because)
        accepted = read_accepted(self.run.folder)
        return replace(self, readiness=with_accepted(self.readiness, accepted))

    def headline(self) -> Text:
        """The verdict and the next step."""
        return headline(self.verdict, COLOURS[self.verdict], self.next_step)

    def __str__(self) -> str:
        return as_text(self.write)

    def write(self, console: Console, *, every: bool = False) -> None:
        """Print verdict, next step and the open checks; with `every`, all checks."""
        console.print(self.headline())
        console.print()
        opened = sorted((c for c in self.checks if c.open), key=lambda c: c.verdict != "fail")
        shown = [c for c in self.checks if c.verdict != "not applicable"] if every else opened
        if shown:
            console.print(check_table(shown if every else shown[:SHOWN]))
        if every:
            _advice(self, console)
        else:
            _one_line(console, self._others(opened))
        for check in self.checks:
            if check.accepted:
                why = f"accepted: {check.name} is {check.verdict}, because {check.accepted}"
                _one_line(console, why, cut=not every)
        for line in [*self._figures(), *self.readiness.forecast.lines()]:
            _one_line(console, line, cut=not every)
        _one_line(console, f"run: {self.run.folder.name}", cut=False)

    def _others(self, opened: Sequence[Check]) -> str:
        passed = sum(check.verdict == "pass" for check in self.checks)
        absent = sum(check.verdict == "not applicable" for check in self.checks)
        more = f"{len(opened) - SHOWN} more are open, " if len(opened) > SHOWN else ""
        return f"{more}{passed} checks passed, {absent} do not apply (--all shows them)"

    def _figures(self) -> list[str]:
        readiness, spread = self.readiness, self.readiness.spread
        failed = f", {readiness.failed:,} not scored" if readiness.failed else ""
        lines = [
            f"mean reward {readiness.mean} over {counted(readiness.items, 'row')}, "
            f"{counted(readiness.answers, 'answer')}{failed}"
        ]
        if left := self.run.info.planned - readiness.answers:
            lines.append(
                f"{left:,} of {self.run.info.planned:,} answers are missing: {self.resume}"
            )
        lines.append(
            f"spread {number(spread.within_item)} within a row, {number(spread.between_items)} "
            f"between rows; {readiness.solved_once.value:.0%} of rows solved at least once"
        )
        if self.floors:
            best = max(self.floors, key=lambda name: self.floors[name])
            high, low = figure(self.floors[best]), figure(min(self.floors.values()))
            lines.append(f"without a model: {best} {high} at best, {low} at least")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON data; what is unknown is null."""
        values = asdict(self.readiness) | {"floors": self.floors, "run": self.run.folder.name}
        plain: dict[str, Any] = finite(values)
        return plain

    def to_frame(self) -> pandas.DataFrame:
        """One line per check."""
        import pandas

        return pandas.DataFrame([asdict(check) for check in self.checks])


def ready(project: Project, name: str) -> ReadyResult:
    """Judge the named run, or the newest of a model; see `Project.ready`."""
    task = project.task  # a project without its task says so first
    run = find_runs(project, name)[0] if name else runs.latest(project.settings.runs)
    if run.info.coders:
        raise UserError(
            f"{run.folder.name} holds answers of people, and only a model can be trained: run "
            "rft eval for one, or name its run: rft ready RUN."
        )
    return assess_run(project, task, run)


def assess_run(project: Project, task: Task, run: runs.Run) -> ReadyResult:
    """What `ready` says of a run, also of one of people, whose figures a report shows.

    Raises UserError when its rows or its grader are not those it was made with.
    """
    settings, variant = project.settings, task.prompt_variant
    if run.info.prompt_variant not in (None, variant):
        project = project.override(prompt_variant=run.info.prompt_variant)
        task = project.task
    split, _ = project.split(run.info.split)
    by_id = {row.id: row for row in split.rows}
    rows = [by_id[i] for i in run.info.item_ids if i in by_id]
    changed = ""
    if runs.digest([row.data for row in rows]) != run.info.hashes["data"]:
        changed = split.file
    elif project.grader_hash != run.info.hashes["grader"]:
        changed = "The grader"
    if changed:
        raise UserError(
            f"{changed} has changed since {run.folder.name} was made; run rft eval again."
        )
    command, resume = _commands(settings, variant, run.info, len(by_id))
    records = run.records()
    floors_of = load_floors(settings)
    with project.open_grader(judged=False) as grader:
        # Over the whole split, though a run may hold few of its rows: it costs nothing.
        chosen = {row.id: row.data for row in choice(split.rows, MOST_ROWS)}
        graded = chosen | {row.id: row.data for row in choice(rows, MOST_ROWS)}
        by_floor = floor_rewards(floors_of, list(graded.values()), grader)
        evidence = gather(project, grader, run, records)
    on_split = {name: [r for i, r in by.items() if i in chosen] for name, by in by_floor.items()}
    floors = {name: sum(rewards) / len(rewards) for name, rewards in on_split.items() if rewards}
    readiness = assess(
        records,
        settings.ready,
        floors,
        evidence,
        planned=run.info.planned,
        max_tokens=settings.sampling.max_tokens,
        command=command,
        resume=resume,
    )
    slices = task.slices or (lambda item: {})
    return ReadyResult(
        run=run,
        rows={row.id: asked(task, row) | {"slices": slices(row.item)} for row in rows},
        floors=floors,
        standings=standings(
            run.info.model, rewards_by_item(records), by_floor, evidence.human or {}
        ),
        readiness=with_accepted(readiness, read_accepted(run.folder)),
        resume=resume,
    )


def _commands(
    settings: Settings, variant: str | None, info: runs.RunInfo, rows: int
) -> tuple[str, str]:
    """Commands that draw answers as a run did, to all rows, and those that the run lacks.

    `variant`: of the prompt, unless a command names another; `rows`: of the run's split.
    """
    if info.profile not in get_args(ProfileName):  # imported: no endpoint of ours
        return "rft eval", "rft eval"
    here = info.profile == settings.endpoint.profile
    named = settings.models if settings.models.get("base") else {"base": EMBEDDED_MODEL}
    models = {model: name for name, model in (settings.models | named).items()} if here else {}
    limit = min(settings.eval.limit or rows, rows)
    options: dict[str, tuple[object, object]] = {
        "model": (models.get(info.model, info.model), "base"),
        "split": (info.split, settings.eval.split),
        "profile": (info.profile, settings.endpoint.profile),
        "prompt": (info.prompt_variant or variant, variant),
        "limit": (len(info.item_ids), limit),
        "samples": (info.samples_per_item, settings.sampling.samples_per_item),
    }
    words = {
        name: f" --{name} {shlex.quote(str(value))}"
        for name, (value, default) in options.items()
        if value != default
    }
    file = shlex.quote(str(settings.file))
    program = "rft eval" if file == FILE else f"rft --settings {file} eval"
    lasting = [text for name, text in words.items() if name not in ("limit", "samples")]
    return "".join([program, *lasting]), "".join([program, *words.values()])


def _advice(result: ReadyResult, console: Console) -> None:
    """What to do about each open check, and which checks do not apply."""
    grid = Table.grid(padding=(0, 1))
    for check in result.checks:
        if check.open and check.advice != result.next_step:
            grid.add_row("-", f"{check.name}: {check.advice}")
    absent = [f"{c.name} ({c.figure})" for c in result.checks if c.verdict == "not applicable"]
    if absent:
        grid.add_row("-", f"do not apply: {', '.join(absent)}")
    console.print()
    console.print(grid)
    console.print()


def _one_line(console: Console, text: str, *, cut: bool = True) -> None:
    if cut:
        console.print(text, no_wrap=True, overflow="ellipsis")
    else:
        console.print(text, soft_wrap=True)
