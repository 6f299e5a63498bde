"""A run with all that is concluded from it: what `rft ready` and `rft report` tell of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rft import runs
from rft.errors import UserError
from rft.project.loader import asked, load_hook

if TYPE_CHECKING:
    from rft.project import Project
    from rft.readiness import Readiness

RunArgument = Annotated[str, typer.Argument(help="A folder below runs/; the newest if left out.")]


@dataclass(frozen=True)
class Evidence:
    """A run with the rows it was made with, and what is concluded from it."""

    project: str
    run: runs.Run
    rows: dict[str, dict[str, Any]]
    """By id, each with its "slices"."""
    floors: dict[str, float]
    """Mean reward of answers that need no model, over all rows of the run's split."""
    readiness: Readiness


def evidence(project: Project, name: str) -> Evidence:
    """The named run, or the last one; its rows and its grader must be those it was made with."""
    from rft.project.material import MOST_ROWS, choice, gather
    from rft.project.scoring import floor_means
    from rft.readiness import assess, read_accepted, with_accepted

    settings, task = project.settings, project.task
    root = settings.runs
    run = runs.load(root / Path(name).name) if name else runs.latest(root)
    if run.info.ask not in (None, task.ask):
        project = project.override(ask=run.info.ask)
        settings, task = project.settings, project.task
    split, _ = project.split(run.info.split)
    by_id = {row.id: row for row in split.rows}
    rows = [by_id[i] for i in run.info.item_ids if i in by_id]
    if runs.digest([row.data for row in rows]) != run.info.hashes["data"]:
        raise UserError(
            f"{split.file} has changed since {run.folder.name} was made; run rft eval again."
        )
    if project.grader_hash != run.info.hashes["grader"]:
        raise UserError(
            f"The grader has changed since {run.folder.name} was made; run rft eval again."
        )
    records = run.records()
    floors_of = load_hook(settings, settings.task.floors, "floors")
    with project.open_grader(judged=False) as grader:
        # Over the whole split, though a run may hold few of its rows: it costs nothing.
        told = [row.data for row in choice(split.rows, MOST_ROWS)]
        means = floor_means(floors_of, {split.name: told}, grader)
        material = gather(project, grader, run, records)
    floors = {floor: by_split[split.name] for floor, by_split in means.items()}
    readiness = assess(
        records,
        settings.ready,
        floors,
        material,
        planned=run.info.planned,
        max_tokens=settings.sampling.max_tokens,
    )
    slices = task.slices or (lambda item: {})
    return Evidence(
        project=settings.project.name,
        run=run,
        rows={row.id: asked(task, row) | {"slices": slices(row.item)} for row in rows},
        floors=floors,
        readiness=with_accepted(readiness, read_accepted(run.folder)),
    )
