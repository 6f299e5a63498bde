"""`Project.check`: the data, the grader and its probes, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rft import display, graders
from rft.dataset import Split, check_splits
from rft.findings import Finding, Problem, shown_path
from rft.judging.calibration import CalibrationLine, load_calibration
from rft.probes import Probe, load_probes
from rft.project.answer_schema import answer_problems
from rft.project.check_result import CheckResult
from rft.project.hook_checks import check_hooks
from rft.project.loader import load_floors
from rft.project.scoring import WrittenAnswer, floor_means, grade_all, grade_probes
from rft.records import Grade
from rft.review import log as reviews

if TYPE_CHECKING:
    from rft.project import Project

REFERENCE_TOP = 0.999
"""A reference answer must score at least this."""
CHARS_PER_JSON_TOKEN = 2.0
"""JSON full of names; 1.7 to 2.1 was seen with the embedded model's tokenizer."""
GRADING_S = 30.0
"""Longest grading of one answer; local graders may use up what their sandbox allows."""


def check(project: Project) -> CheckResult:
    """Check rows, task code, grader, references, probes and floors; see CheckResult."""
    settings, task = project.settings, project.task
    grader_file = shown_path(settings.path(settings.task.grader))
    splits, findings = project.splits()
    result = CheckResult({split.name: len(split.rows) for split in splits}, findings)
    spec = None
    with result.going_on(grader_file):
        spec = project.grader_spec
    broken = check_hooks(project, splits, result)
    if "messages" not in broken:
        result.findings += check_splits(
            splits,
            messages_fn=task.messages,
            labels_fn=None if "labels" in broken else task.labels,
            check_item=None if "check_item" in broken else task.check_item,
            group_field=task.group_field,
            grader_fields=graders.referenced_fields(spec) if spec else frozenset(),
            profile=settings.endpoint.profile,
            context_tokens=settings.endpoint.context_tokens - settings.sampling.max_tokens,
        )
    if settings.sampling.response_format == "json_schema":
        schema_file = shown_path(settings.path(settings.task.schema_file))
        for problem, warn in answer_problems(task.answer, settings.endpoint.profile):
            result.add(problem, schema_file, warn=warn)
    rows = {row.id: row.data for split in splits for row in split.rows}
    probes, probe_findings = load_probes(settings.path(settings.task.probes), rows)
    result.findings += probe_findings
    _check_people(project, rows, result)
    marked = [] if "judged_weights" in broken else _check_calibration(project, splits, result)
    if not broken & {"gold", "judged_weights"}:
        _check_reviews(project, splits, marked, result)
    if spec:
        for warn, texts in ((False, graders.problems(spec)), (True, graders.not_hosted(spec))):
            for text in texts:
                result.add(Problem.of_sentence("grader", text), grader_file, warn=warn)
        result.notes += [f"grader: {text}" for text in graders.ignored_fields(spec)]
        _check_rewards(project, splits, probes, broken, result)
    return result


def read_calibration(
    project: Project, splits: Sequence[Split]
) -> tuple[list[CalibrationLine], list[Finding]]:
    """The calibration answers of the project, and what is wrong with them."""
    weights_of = project.task.judged_weights or (lambda item: {})
    weights = {row.id: weights_of(row.item) for split in splits for row in split.rows}
    path = project.settings.path(project.settings.task.calibration)
    return load_calibration(path, weights)


def _check_people(project: Project, rows: Mapping[str, Any], result: CheckResult) -> None:
    people, findings = project.people(set(rows))
    if not people.coders and not findings:
        return
    result.findings += findings
    result.notes.append(f"people: {len(people.answers)} answers of {len(people.coders)} coders")
    if any(finding.code == "unknown-row" for finding in findings):
        result.notes.append(
            f"{project.settings.task.human} holds answers of people and is optional: delete it if "
            "its answers are not to your rows."
        )


def _check_calibration(
    project: Project, splits: Sequence[Split], result: CheckResult
) -> list[CalibrationLine]:
    settings = project.settings
    path = settings.path(settings.task.calibration)
    lines: list[CalibrationLine] = []
    if not path.exists():
        return lines
    with result.going_on(shown_path(path)):
        lines, findings = read_calibration(project, splits)
        result.findings += findings
        labels, cases = sum(len(line.labels) for line in lines), {line.item_id for line in lines}
        result.notes.append(
            f"calibration: {len(lines)} answers to {len(cases)} rows, {labels} labels for the judge"
        )
    return lines


def _check_reviews(
    project: Project,
    splits: Sequence[Split],
    marked: Sequence[CalibrationLine],
    result: CheckResult,
) -> None:
    """What experts said in `rft review`: lines that cannot be used, disagreements not settled."""
    path = project.settings.path(reviews.FILE)
    rows = {row.id: row for split in splits for row in split.rows}
    opinions, findings = reviews.load_reviews(path, rows)
    if not opinions and not findings:
        return
    for finding in findings:  # the log is never rewritten, though rows may go
        gone = finding.code == "unknown-row"
        result.findings.append(replace(finding, severity="warning") if gone else finding)
    labels = {reviews.answer_of(line): line.labels for line in marked}
    opened = 0
    for task, about in (("gold", "the reference answer"), ("judge", "the marks of an answer")):
        for (item_id, answer), case in reviews.cases(opinions, task).items():
            with result.going_on(shown_path(path)):
                present = (
                    project.task.gold(rows[item_id].item).model_dump(mode="json")
                    if task == "gold"
                    else labels.get((item_id, answer))
                )
                if case.disputed(present):
                    opened += 1
                    on_file = ["the file"] if present is not None else []
                    who = display.names(sorted(case.votes) + on_file)
                    message = f"opinions on {about} differ ({who})"
                    problem = Problem("open-review", item_id, message, "settle it in rft review")
                    result.add(problem, case.reviews[-1].place, warn=True)
    experts = len({opinion.coder for opinion in opinions})
    result.notes.append(
        f"reviews: {display.counted(len(opinions), 'opinion')} of "
        f"{display.counted(experts, 'expert')}, {display.counted(opened, 'open disagreement')}"
    )


def _check_rewards(
    project: Project,
    splits: Sequence[Split],
    probes: Sequence[Probe],
    broken: set[str],
    result: CheckResult,
) -> None:
    """Grade references, probes and floors."""
    settings, spec = project.settings, project.grader_spec
    sandboxed = 3 * settings.sandbox.timeout_s + 10
    local = any(leaf.type == "local" for leaf in graders.leaves(spec).values())
    limit = max(GRADING_S, sandboxed) if local else GRADING_S
    rows = {row.id: row.data for split in splits for row in split.rows}
    with project.open_grader(judged=False, timeout_s=limit) as grader:
        if grader.not_graded:
            state = "rft grade and rft eval ask it" if settings.judge else "none in rft.toml"
            parts = ", ".join(grader.not_graded)
            result.notes.append(f"judge: not asked ({state}); the rewards below leave out {parts}")
        elif graders.model_graders(spec):
            result.notes.append("judge: asked for every answer below, because the reward needs it")
        if "gold" not in broken:
            _check_references(project, splits, grader, result)
        _check_probes(probes, rows, grader, result)
        if "floors" not in broken:
            with result.going_on(str(settings.task.floors)):
                floors = load_floors(settings)
                by_split = {s.name: [row.data for row in s.rows] for s in splits if s.rows}
                result.floors = floor_means(floors, by_split, grader)


def _check_references(
    project: Project, splits: Sequence[Split], grader: graders.Grader, result: CheckResult
) -> None:
    """A reference answer must score the top and fit into the tokens that an answer may have."""
    limit = project.settings.sampling.max_tokens
    answers = []
    for split in splits:
        for row in split.rows:
            place = f"{split.file}:{row.line}"
            with result.going_on(place):
                text = project.task.reference_text(row.item)
                answers.append(WrittenAnswer(place, "gold", row.data, text))
    right = 0
    for answer, grade in zip(answers, grade_all(answers, grader), strict=True):
        _check_grade(grade, answer.place, result)
        if grade.reward is None or grade.reward < REFERENCE_TOP:
            flags = "".join(f" ({flag})" for flag in grade.flags)
            message = f"the grader gives the reference itself {grade.reward} instead of 1{flags}"
            remedy = "correct the row or the grader"
            result.add(Problem("reference", "reference_answer", message, remedy), answer.place)
        else:
            right += 1
        if (tokens := len(answer.text) / CHARS_PER_JSON_TOKEN) > limit:
            message = f"takes about {tokens:,.0f} tokens, more than sampling.max_tokens = {limit:,}"
            remedy = "raise it: a right answer would be cut off"
            result.add(Problem("long-answer", "reference_answer", message, remedy), answer.place)
    result.notes.append(f"grader: {right} of {len(answers)} reference answers score 1")


def _check_probes(
    probes: Sequence[Probe],
    rows: Mapping[str, dict[str, Any]],
    grader: graders.Grader,
    result: CheckResult,
) -> None:
    """Tricks must not pay, and right answers must."""
    right = 0
    for probe, grade in grade_probes(probes, rows, grader):
        _check_grade(grade, probe.place, result)
        if not probe.allows(grade.reward):
            flags = "".join(f" ({flag})" for flag in grade.flags)
            message = f"probe '{probe.name}' scores {grade.reward}{flags}, allowed is "
            message += f"{probe.min} to {probe.max} ({probe.why})"
            result.add(Problem("probe", None, message, "fix the grader"), probe.place)
        else:
            right += 1
    if probes:
        result.notes.append(f"probes: {right} of {len(probes)} score what they must")
    else:
        result.notes.append("probes: none; write answers whose reward you know, tricks above all")


def _check_grade(grade: Grade, place: str, result: CheckResult) -> None:
    """A grader must keep to [0, 1] and must not raise."""
    flags = {"other_error": False, "python_grader_runtime_error": True}
    for flag, warn in flags.items():
        if flag in grade.errors:
            message = grade.details.get(flag, flag)
            remedy = "a grader returns a number from 0 to 1 for every answer"
            result.add(Problem(flag, None, message, remedy), place, warn=warn)
