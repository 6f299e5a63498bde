"""Figures over a whole run, from the team's task/metrics.py where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rft.errors import CheckError
from rft.hooks import failure
from rft.project.loader import load_module
from rft.runs import Run

if TYPE_CHECKING:
    from rft.project import Project

Figures = dict[str, dict[str, float]]
"""Heading -> name -> figure, in the order to be shown in."""


def figures(project: Project, run: Run, rows: Mapping[str, dict[str, Any]]) -> Figures:
    """What task/metrics.py makes of the graded answers of a run; empty without such a file.

    It defines metrics(answers, train) and, for runs of people, agreement(by_coder):
    `answers` is a list of (row, sample), the sample as graders get it and with its stored grade
    ({"reward": float, "parts": {name: float}}) under "grade"; `train` the rows of the training
    split, `by_coder` such a list for each coder. Raises CheckError when it fails.
    """
    path = project.settings.task.metrics
    if not project.settings.path(path).exists():
        return {}
    module = load_module(project.settings, path)
    answers = []
    by_coder: dict[str, list[Any]] = {coder: [] for coder in run.info.coders}
    for record in run.stream():
        if record.sample and record.grade and record.reward is not None and record.item_id in rows:
            grade = record.grade.model_dump(include={"reward", "parts"})
            sample = record.sample.for_grader() | {"grade": grade}
            answers.append((rows[record.item_id], sample))
            if run.info.coders:
                by_coder[run.info.coders[record.k]].append(answers[-1])
    train = [row.data for row in project.split("train")[0].rows]
    try:
        figures: Figures = module.metrics(answers, train)
        if run.info.coders and hasattr(module, "agreement"):
            figures |= module.agreement(by_coder)
    except Exception as error:  # the team's code may raise anything
        raise CheckError(
            f"{path} fails with {failure(error)}; correct it. The answers are kept."
        ) from error
    return figures


def sentences(figures: Figures) -> list[str]:
    """One line for each heading: 'F1: samples 0.31, micro 0.28'."""
    return [
        f"{heading}: " + ", ".join(f"{name} {_figure(value)}" for name, value in named.items())
        for heading, named in figures.items()
    ]


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.2f}"
