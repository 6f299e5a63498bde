"""`Project.report`: one page about a run, alone or beside others."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rft import runs, standings
from rft.display import as_text
from rft.findings import shown_path
from rft.project.compare import NamedRuns, compare_newest, find_runs
from rft.project.ready import assess_run

if TYPE_CHECKING:
    from rich.console import Console

    from rft.project import Project
    from rft.project.loader import Task as LoadedTask
    from rft.project.ready import ReadyResult
    from rft.report.view import Display
    from rft.standings import Standing

BASE = "base"
"""The model under [models] that others are held against."""
_RANGE = re.compile(r"(return )?(the )?reward in \[0, ?1\]( of one answer)?[:;,.]* *", re.I)


@dataclass(frozen=True)
class ReportResult:
    """A page that was written. Prints as `rft report` does."""

    path: Path
    standings: list[Standing]
    """The run's model, the floors and people on the same rows, the best first."""

    def __str__(self) -> str:
        return as_text(self.write)

    def write(self, console: Console) -> None:
        """Print who earns what on the rows of the run, and where the page is."""
        standings.write(console, self.standings)
        console.print(f"report: {shown_path(self.path)}", soft_wrap=True)


def report(
    project: Project, run: str, beside: Sequence[str], *, common: bool = False
) -> ReportResult:
    """Write report.html into the first run's folder; see `Project.report`."""
    from rft.report import Task, render, write

    task = project.task  # a project without one says so first
    named = named_runs(project, run, beside)
    comparison = compare_newest(project, named, common=common) if len(named) > 1 else None
    first = comparison.runs[0].run if comparison else named[0].runs[0]
    result = assess_run(project, task, first)
    settings = project.settings
    page = render(
        result.run,
        result.readiness,
        result.rows,
        task=Task(
            settings.project.name,
            reward_in_words(settings.path(settings.task.grader.with_name("grader.py"))),
        ),
        display_answer=_display(project, task, result),
        solved=settings.ready.solved,
        comparison=comparison,
        standings=result.standings,
    )
    path = result.run.folder / "report.html"
    write(page, path)
    return ReportResult(path, result.standings)


def named_runs(project: Project, run: str, beside: Sequence[str]) -> list[NamedRuns]:
    """The runs of a page, those of the base model first, each model once.

    Without `run` the newest run stands beside the others; if it is one of them, the base's does.
    """
    names = [run, *beside] if run else beside
    named = [NamedRuns(name, find_runs(project, name)) for name in names]
    base = project.settings.models.get(BASE)
    if not run:
        newest = runs.latest(project.settings.runs)
        if base and newest.info.model in {one.runs[0].info.model for one in named}:
            named.insert(0, NamedRuns(BASE, find_runs(project, BASE)))
        else:
            named.insert(0, NamedRuns(newest.folder.name, [newest]))
    if named[0].runs[0].info.model != base:
        named.sort(key=lambda one: one.runs[0].info.model != base)
    unique: dict[Path, NamedRuns] = {}
    for one in named:
        unique.setdefault(one.runs[0].folder, one)
    return list(unique.values())


def _display(project: Project, task: LoadedTask, result: ReadyResult) -> Display | None:
    """How task/schema.py writes an answer for an expert, if it says so."""
    if (display := task.display) is None:
        return None
    items = {row.id: row.item for row in project.split(result.run.info.split)[0].rows}

    def lines(item_id: str, answer: Any) -> list[str] | None:
        item = items[item_id]
        if answer is None:
            return display(item, task.gold(item))
        try:
            return display(item, task.answer.model_validate(answer))
        except ValidationError:
            return None

    return lines


def reward_in_words(grader: Path) -> str:
    """What a reward means: the first paragraph of the docstring of `grade`, "" without one.

    The range, which the page gives itself, is left out.
    """
    try:
        tree = ast.parse(grader.read_text(encoding="utf-8-sig"))
    except (OSError, SyntaxError, ValueError):
        return ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "grade":
            text = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
            words = _RANGE.sub("", text, count=1)
            return words[:1].upper() + words[1:]
    return ""
