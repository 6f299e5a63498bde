"""`Project.report`: one page about a run, alone or beside others."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rft import runs
from rft.project.compare import compare, find_runs
from rft.project.ready import ready

if TYPE_CHECKING:
    from rft.project import Project
    from rft.project.ready import ReadyResult
    from rft.report.view import Display

BASE = "base"
"""The model under [models] that others are held against."""


def report(project: Project, run: str, beside: Sequence[str], *, common: bool = False) -> Path:
    """Write report.html into the first run's folder; see `Project.report`."""
    from rft.report import Task, render, write

    names = run_names(project, run, beside)
    comparison = None
    if len(names) > 1:
        comparison = compare(project, names, common=common)
        names = [one.run.folder.name for one in comparison.runs]
    result = ready(project, names[0])
    settings = project.settings
    page = render(
        result.run,
        result.readiness,
        result.rows,
        task=Task(
            settings.project.name,
            grade_docstring(settings.path(settings.task.grader.with_name("grader.py"))),
        ),
        display_answer=_display(project, result),
        solved=settings.ready.solved,
        comparison=comparison,
    )
    path = result.run.folder / "report.html"
    write(page, path)
    return path


def run_names(project: Project, run: str, beside: Sequence[str]) -> list[str]:
    """Names of the runs of a page, those of the base model first.

    Without `run` the newest run stands beside the others; if it is one of them, the base's does.
    """
    if not beside:
        return [find_runs(project, run)[0].folder.name if run else ""]
    names = list(beside)
    base = project.settings.models.get(BASE)
    if run:
        names.insert(0, run)
    else:
        newest = runs.latest(project.settings.runs)
        model_ids = {_model(project, name) for name in beside}
        names.insert(0, BASE if base and newest.info.model in model_ids else newest.folder.name)
    if _model(project, names[0]) != base:
        names.sort(key=lambda name: _model(project, name) != base)
    by_folder = {find_runs(project, name)[0].folder: name for name in reversed(names)}
    return [name for name in names if name in by_folder.values()]


def _model(project: Project, name: str) -> str:
    return find_runs(project, name)[0].info.model


def _display(project: Project, result: ReadyResult) -> Display | None:
    """How task/schema.py writes an answer for an expert, if it says so."""
    task = project.task
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


def grade_docstring(path: Path) -> str:
    """The first paragraph of the docstring of `grade`; "" when there is none."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, SyntaxError, ValueError):
        return ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "grade":
            return " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
    return ""
