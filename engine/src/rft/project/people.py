"""`rft eval --model human`: the answers of people become a run like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rft import human, runs
from rft.errors import CheckError, UserError
from rft.findings import SHOWN, fold
from rft.project.scoring import WrittenAnswer, grade_all
from rft.records import Record, Sample

if TYPE_CHECKING:
    from rft.project import Project


def load_people(project: Project, item_ids: Sequence[str]) -> human.People:
    """What people answered; every line must be usable.

    Raises UserError when there is no file, CheckError naming the lines that must be fixed.
    """
    settings = project.settings
    if human.NAME in settings.models:
        raise UserError(
            f"models.{human.NAME}: this name stands for the people of {settings.task.human}; give "
            "the model another one in rft.toml."
        )
    everywhere = {row.id for split in project.splits()[0] for row in split.rows}
    people, findings = project.people(everywhere)
    if findings:
        lines = [text for _, text in fold(findings, SHOWN)]
        raise CheckError("\n".join([*lines, f"{len(findings)} lines must be fixed first."]))
    if not people.coders:
        raise UserError(
            f"{settings.task.human} does not exist or is empty; write one line for each coder and "
            'row: {"item_id": "...", "coder": "...", "answer": {...}}.'
        )
    if not any(item_id in item_ids for item_id, _ in people.answers):
        raise UserError(
            f"{settings.task.human} answers none of the rows of {settings.eval.split}; choose the "
            "split that people answered with --split."
        )
    return people


def people_run(
    project: Project,
    people: human.People,
    rows: Mapping[str, dict[str, Any]],
    versions: dict[str, str],
    *,
    new: bool,
) -> runs.Run:
    """The graded run of these people over the rows that at least one of them answered.

    Answer k of a row is that of coder k; what a coder did not answer does not count as missing.
    """
    settings = project.settings
    ids = [i for i in rows if any((i, coder) in people.answers for coder in people.coders)]
    kept = [rows[i] for i in ids]
    texts = {
        (i, k): people.answers[i, coder].model_dump_json()
        for i in ids
        for k, coder in enumerate(people.coders)
        if (i, coder) in people.answers
    }
    info = runs.RunInfo(
        split=settings.eval.split,
        model=human.NAME,
        profile=human.NAME,
        base_url="",
        item_ids=ids,
        samples_per_item=len(people.coders),
        sampling={},
        hashes={
            "data": runs.digest(kept),
            "grader": project.grader_hash,
            "prompt": runs.digest([row["messages"] for row in kept]),
            "answers": runs.digest([[*key, text] for key, text in texts.items()]),
        },
        versions=versions,
        coders=people.coders,
        absent=[(i, k) for i in ids for k in range(len(people.coders)) if (i, k) not in texts],
    )
    run = runs.start(settings.runs, info, new=new)
    todo = run.missing()
    run.touch()
    if not todo:
        return run
    run.lock()
    try:
        with project.open_grader() as grader:
            answers = [WrittenAnswer(i, people.coders[k], rows[i], texts[i, k]) for i, k in todo]
            for (i, k), answer, grade in zip(
                todo, answers, grade_all(answers, grader), strict=True
            ):
                sample = Sample(output_text=answer.text, finish_reason="stop", model=answer.name)
                run.append(Record(item_id=i, k=k, sample=sample, grade=grade))
    finally:
        run.unlock()
    return run
