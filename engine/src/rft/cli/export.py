"""`rft export`: this task for other trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rft import graders
from rft.cli.app import app, open_project, terminal
from rft.errors import CheckError, OutsideError
from rft.jsonl import read_lines
from rft.probes import Probe
from rft.project import SPLITS
from rft.project.loader import asked, load_rows, load_task, near, open_grader
from rft.project.scoring import WrittenAnswer, grade_all

group = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(group, name="export", help="Write this task for another trainer.")


@group.callback()
def export() -> None:
    """Write this task for another trainer."""


@group.command()
def bedrock(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="Folder, below the project's.")] = Path(
        "exports/bedrock"
    ),
) -> None:
    """Amazon Bedrock: a Lambda around the grader, a test of it, the data, deploy notes."""
    from rft.export.bedrock import carried, case, write

    settings = open_project(context).settings
    task = load_task(settings)
    spec = graders.load_spec(settings.path(settings.task.grader))
    left_out = carried(spec).left_out  # what it cannot carry is said before anything is graded
    spec = graders.parse_spec(graders.hosted(spec))
    rows: dict[str, dict[str, Any]] = {}
    train: list[dict[str, Any]] = []
    for name in SPLITS:
        split, findings = load_rows(settings, task, name)
        if errors := [f for f in findings if f.severity == "error"]:
            raise CheckError(f"{errors[0]} (rft check lists all)")
        asked_rows = {row.id: asked(task, row) for row in split.rows}
        rows |= asked_rows
        if name == "train":
            train = list(asked_rows.values())
    probes, faults = read_lines(settings.path(settings.task.probes), Probe, rows)
    if faults:
        raise CheckError(str(faults[0]))
    answers = [WrittenAnswer("", p.name, rows[p.item_id], p.output_text) for p in probes]
    with open_grader(settings, spec, judged=False) as grader:
        grades = grade_all(answers, grader)
    cases = [
        case(probe, rows[probe.item_id], grade.reward)
        for probe, grade in zip(probes, grades, strict=True)
        if grade.reward is not None
    ]
    folder = settings.path(output)
    try:
        packages = write(folder, spec, train, cases)
    except OSError as error:
        raise OutsideError(f"{folder} cannot be written: {error.strerror or error}.") from None
    console, shown = terminal(), near(folder)
    console.print(
        f"{shown}: the Lambda, {len(train)} rows, {len(cases)} probes with their rewards, notes",
        soft_wrap=True,
    )
    if left_out:
        console.print(
            f"left out: {', '.join(left_out)}, which asks a model; the Lambda's reward is over the "
            "other parts",
            style="yellow",
        )
    if packages:
        console.print(f"the Lambda needs {', '.join(packages)}: DEPLOY.md says how")
    console.print(f"next: python {shown}/try_locally.py, then {shown}/DEPLOY.md", soft_wrap=True)
