"""Every function of the team's, run once with a deadline: what fails is a finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft.dataset import Split
from rft.errors import UserError
from rft.findings import quoted
from rft.hooks import HookError, with_deadline
from rft.project.check_result import CheckResult
from rft.project.loader import load_floors, load_hook, load_module

if TYPE_CHECKING:
    from rft.project import Project

HOOK_S = 60.0
"""A hook works on one row, or on the figures of a run; the first call may build an index, and the
machine may be busy."""
ROWS_OF_METRICS = 20
REPORTED_BY_ROW = ("messages", "gold", "labels", "check_item")
"""Called on every row later on, where a failure is a finding of that row."""
SCHEMA_HOOKS = (
    *(*REPORTED_BY_ROW, "slices", "judged_weights", "reordered"),
    *("review_fields", "judged_criteria"),
)


def check_hooks(project: Project, splits: Sequence[Split], result: CheckResult) -> set[str]:
    """Run the hooks of schema.py, floors.py, metrics.py and importer.py once.

    Returns the names of those that must not be called again: they fail, or do not return in time.
    """
    settings, task = project.settings, project.task
    rows = [row for split in splits for row in split.rows]
    broken: set[str] = set()

    def run(name: str, file: Path, call: Callable[[], Any]) -> None:
        with result.going_on(str(file)):
            try:
                with_deadline(call, HOOK_S, file, name)
            except UserError as error:
                if name in REPORTED_BY_ROW and not getattr(error, "late", False):
                    return
                broken.add(name)
                raise

    if rows:
        item = rows[0].item
        for name in SCHEMA_HOOKS:
            if hook := getattr(task, name):
                run(name, settings.task.schema_file, partial(hook, item))
        if (display := task.display) and "gold" not in broken:
            run("display", settings.task.schema_file, lambda: display(item, task.gold(item)))
        files = settings.task
        run("floors", files.floors, lambda: _floors(project, rows[0].data))
        if settings.path(files.metrics).exists() and "gold" not in broken:
            run("metrics", files.metrics, lambda: _metrics(project, splits))
    if settings.path(settings.task.importer).exists():
        run("load", settings.task.importer, lambda: _importer(project))
    return broken


def _floors(project: Project, row: dict[str, Any]) -> None:
    file = project.settings.task.floors
    answers = load_floors(project.settings)(row)
    if not isinstance(answers, dict) or not all(isinstance(v, str) for v in answers.values()):
        raise HookError(str(file), f"must return texts by name, not {quoted(answers)}", "floors() ")


def _metrics(project: Project, splits: Sequence[Split]) -> None:
    """The figures of two coders who gave the reference answers of a few rows, reward 1 each."""
    settings = project.settings
    metrics = load_hook(settings, settings.task.metrics, "metrics")
    rows = [row for split in splits for row in split.rows]
    answers = [
        (row.data, written_sample(project.task.reference_text(row.item)))
        for row in rows[:ROWS_OF_METRICS]
    ]
    metrics(answers, [row.data for split in splits if split.name == "train" for row in split.rows])
    if hasattr(load_module(settings, settings.task.metrics), "agreement"):
        agreement = load_hook(settings, settings.task.metrics, "agreement")
        agreement({"A": answers, "B": answers})


def written_sample(text: str) -> dict[str, Any]:
    """A right answer as metrics.py gets it: the sample with its grade."""
    from rft.records import Sample

    sample = Sample(output_text=text, finish_reason="stop").for_grader()
    return sample | {"grade": {"reward": 1.0, "parts": {}}}


def _importer(project: Project) -> None:
    settings = project.settings
    file = settings.task.importer
    load_hook(settings, file, "load")
    options = getattr(load_module(settings, file), "OPTIONS", None)
    if not isinstance(options, dict):
        raise HookError(str(file), "OPTIONS must be a dictionary of names and their meaning")
