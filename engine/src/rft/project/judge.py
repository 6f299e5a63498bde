"""`Project.judge`: examine the judge on answers of known worth before it is trusted."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pydantic import ValidationError

from rft import config, graders, runs
from rft.config import Settings
from rft.errors import UserError
from rft.graders.spec import ScoreModel
from rft.judging.calibration import calibration_hash, is_examined_on
from rft.judging.exam import (
    CHARS_PER_TOKEN,
    REORDERED_KINDS,
    Question,
    examined,
    missing,
    part_of_reward,
    put_questions,
    replay,
)
from rft.judging.result import JudgeResult, conclude
from rft.project.checking import read_calibration
from rft.project.evaluation import versions
from rft.project.loader import refuse_errors
from rft.records import Record
from rft.redaction import redact_url
from rft.validation import sentence

if TYPE_CHECKING:
    from rft.project import Project
    from rft.project.evaluation import Watcher


def judge(
    project: Project,
    repeats: int,
    limit: int,
    profile: str,
    grader: str,
    *,
    new: bool,
    watcher: Watcher | None,
    revising: bool = False,
) -> JudgeResult:
    """Ask what is missing of an examination, conclude, and keep judge.json; see `Project.judge`.

    Raises UserError when there is no judge to examine, CheckError for calibration answers that are
    not usable, OutsideError when the judge's endpoint fails, StoppedError on Ctrl-C.
    """
    from rft.project import Project

    project = Project(_with_judge(project.settings, profile))
    settings = project.settings
    leaf = _score_model(project.grader_spec, grader)
    questions = _questions(project, limit, revising=revising)
    run = runs.start(settings.runs / "judge", _info(project, leaf, questions, repeats), new=new)
    if not run.info.redrawn and missing(run):  # --new asks anew, also when it is resumed
        with run.writing(project.root, "judgements"):
            replay(run, settings.runs / "judge")
    summary = _summary(run, questions, leaf)
    notes: list[str] = []
    with watcher.start(run, summary) if watcher else nullcontext(_ignore) as on_record:
        if missing(run):
            with (
                run.writing(project.root, "judgements"),
                graders.Grader(
                    examined(leaf), root=settings.root, judge=graders.Judge.of(settings)
                ) as examiner,
            ):
                if watcher:
                    watcher.begin()
                workers = settings.sampling.concurrency
                put_questions(run, questions, examiner, workers, on_record)
                notes = examiner.judge_notes()
    assert settings.judge
    result = conclude(
        run,
        questions,
        settings.judge.exam,
        part_of_reward(project.grader_spec, leaf),
        calibration=calibration_hash(settings.path(settings.task.calibration)),
    )
    result.skipped.extend(f"note on the judge: {note}" for note in notes)
    if disputed := _disputed(project):
        result.skipped.append(
            f"Experts disagree on the labels of {disputed} calibration answers; settle them in "
            "`rft review`."
        )
    result.save(run.folder, latest=not revising)
    return result


def _ignore(record: Record) -> None:
    """What is called with each judgement when nobody watches."""


def _disputed(project: Project) -> int:
    """On the labels of how many calibration answers experts disagree."""
    from rft.review.log import FILE

    if not project.settings.path(FILE).exists():
        return 0
    from rft.review.desk import Desk

    desk = Desk(project)
    present = desk.labels_on_file()
    return sum(case.disputed(present.get(key)) for key, case in desk.cases("judge").items())


def _with_judge(settings: Settings, profile: str) -> Settings:
    """The settings with another judge; raises UserError when there is none at all."""
    section = settings.judge.model_dump() if settings.judge else {}
    if profile and profile != section.get("profile"):
        section = {"profile": profile, "exam": section.get("exam", {})}
    if not section:
        raise UserError(
            f"{config.FILE}: there is no section [judge] with base_url and model; add it, or try "
            "the embedded model: rft judge --profile local."
        )
    try:
        return Settings.model_validate(settings.model_dump(by_alias=True) | {"judge": section})
    except ValidationError as error:
        raise UserError(f"{sentence(error)}.") from None


def _score_model(spec: graders.Spec, key: str) -> ScoreModel:
    """The grader to examine; raises UserError when it is not clear which."""
    models = graders.model_graders(spec)
    score_models = {name: leaf for name, leaf in models.items() if isinstance(leaf, ScoreModel)}
    if not score_models:
        raise UserError(
            "The grader has no score_model, so there is no judge to examine; this command is for "
            "tasks whose grader.json asks a model for a score."
        )
    chosen = [leaf for name, leaf in score_models.items() if key in ("", name)]
    if len(chosen) != 1:
        names = " or ".join(score_models)
        raise UserError(f"Name one of the grader's score_models: --grader {names}.")
    return chosen[0]


def _questions(project: Project, limit: int, *, revising: bool) -> list[Question]:
    """The calibration answers of one part of the rows, and those whose criteria are reversed.

    `revising`: the part on which the judge's prompt is revised, else that of the examination. The
    first fault raises.
    """
    settings, task = project.settings, project.task
    path = settings.path(settings.task.calibration)
    if not path.exists():
        raise UserError(
            f"{settings.task.calibration} is missing: write answers of known worth there, a JSON "
            "object a line with item_id, kind, output_text and labels (criterion: true or false)."
        )
    splits, _ = project.splits()
    lines, findings = read_calibration(project, splits)
    refuse_errors(findings)
    if not lines:
        raise UserError(f"{settings.task.calibration} is empty; write calibration answers there.")
    lines = [line for line in lines if is_examined_on(line.item_id) != revising]
    if not lines:
        part = "for revising its prompt" if revising else "for examining the judge"
        raise UserError(
            f"{settings.task.calibration} has no row {part} (about half of the rows are, by hash); "
            "write calibration answers to more rows."
        )
    rows = {row.id: row for split in splits for row in split.rows}
    # By hash, as `rft eval` chooses its rows.
    chosen = set(sorted({line.item_id for line in lines}, key=runs.digest)[: limit or None])
    weights_of = task.judged_weights or (lambda item: {})
    questions = [
        Question(line, rows[line.item_id].data, weights_of(rows[line.item_id].item))
        for line in lines
        if line.item_id in chosen
    ]
    if task.reordered:
        questions += [
            Question(q.line, task.reordered(rows[q.line.item_id].item), q.weights, reversed=True)
            for q in questions
            if q.line.kind in REORDERED_KINDS
        ]
    return questions


def _info(
    project: Project, leaf: ScoreModel, questions: list[Question], repeats: int
) -> runs.RunInfo:
    section = project.settings.judge
    assert section
    local = section.profile == "local"
    return runs.RunInfo(
        split="calibration",
        model=section.model or (config.EMBEDDED_MODEL if local else leaf.model),
        profile=section.profile,
        base_url="" if local else redact_url(config.base_url(section)),
        item_ids=[question.key for question in questions],
        samples_per_item=repeats,
        sampling={},
        hashes={
            # Without labels: they do not change what the judge is asked.
            "data": runs.digest([[q.key, q.row] for q in questions]),
            "grader": project.grader_hash,
            "prompt": runs.digest(leaf.model_dump(exclude_none=True)),
        },
        versions=versions(),
    )


def _summary(run: runs.Run, questions: list[Question], leaf: ScoreModel) -> str:
    """What will be asked, and how many tokens it takes at most."""
    todo, repeats = len(missing(run)), run.info.samples_per_item
    reordered = sum(question.reversed for question in questions)
    cases = len({question.line.item_id for question in questions})
    also = f", {reordered} of them also with reversed criteria" if reordered else ""
    prompt = sum(len(message.content) for message in leaf.input)
    # A row goes into the prompt as far as the templates say; its whole is the most it can be.
    most = sum(prompt + len(json.dumps(q.row)) + len(q.line.output_text) for q in questions)
    tokens = most / len(questions) * todo / CHARS_PER_TOKEN
    done = run.info.planned - todo
    kept = f" ({done} of {run.info.planned} are there already)" if done else ""
    answers = len(questions) - reordered
    return (
        f"judge: {run.info.model} ({run.info.profile})\n"
        f"{cases} rows, {answers} calibration answers{also}; {repeats} calls each\n"
        f"{todo} requests to make, at most about {tokens:,.0f} tokens of prompts{kept}"
    )
