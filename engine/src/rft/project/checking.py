"""`Project.check`: the data, the grader and its probes, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rft import graders, human
from rft.dataset import Finding, Split, check_splits
from rft.jsonl import read_lines
from rft.judging.calibration import CalibrationLine, load_calibration
from rft.probes import Probe
from rft.project.loader import load_module
from rft.project.scoring import Floors, WrittenAnswer, floor_means, grade_all

if TYPE_CHECKING:
    from rft.project import Project

REFERENCE_TOP = 0.999
"""A reference answer must score at least this."""
CHARS_PER_JSON_TOKEN = 2.0
"""JSON full of names; 1.7 to 2.1 was seen with the embedded model's tokenizer."""


@dataclass
class CheckResult:
    """What `rft check` found. `ok` is True when nothing keeps the project from being evaluated."""

    rows: dict[str, int]
    """Usable rows by split."""
    findings: list[Finding]
    """Faults of the rows, errors and warnings."""
    faults: list[str] = field(default_factory=list)
    """Errors of everything else, a sentence each."""
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was looked at, a line each: people, calibration, references, probes."""
    floors: Floors = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """Errors in all."""
        return sum(f.severity == "error" for f in self.findings) + len(self.faults)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return self.errors == 0

    def __str__(self) -> str:
        rows = ", ".join(f"{name} {count}" for name, count in self.rows.items())
        lines = [f"data: {rows} rows", *map(str, self.findings), *self.notes]
        lines += [f"warning: {text}" for text in self.warnings]
        lines += [f"error: {text}" for text in self.faults]
        return "\n".join([*lines, "no errors" if self.ok else f"{self.errors} errors"])

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data."""
        return asdict(self) | {"ok": self.ok}


def check(project: Project) -> CheckResult:
    """Check rows, grader, references, probes and floors; see CheckResult."""
    settings, task, spec = project.settings, project.task, project.grader_spec
    splits, findings = project.splits()
    findings += check_splits(
        splits,
        messages_fn=task.messages,
        labels_fn=task.labels,
        check_item=task.check_item,
        group_field=task.group_field,
        grader_fields=graders.referenced_fields(spec),
        profile=settings.endpoint.profile,
        context_tokens=settings.endpoint.context_tokens - settings.sampling.max_tokens,
    )
    result = CheckResult({split.name: len(split.rows) for split in splits}, findings)
    result.faults += [f"grader: {problem}" for problem in graders.problems(spec)]
    result.warnings += [f"grader: {sentence}" for sentence in graders.not_hosted(spec)]
    rows = {row.id: row.data for split in splits for row in split.rows}
    probes, faults = read_lines(settings.path(settings.task.probes), Probe, rows)
    result.faults += faults
    _check_people(project, rows, result)
    _check_calibration(project, splits, result)
    with project.open_grader(judged=False) as grader:
        if grader.not_graded:
            parts = ", ".join(grader.not_graded)
            result.notes.append(
                f"judge: not asked; all below is without {parts} (rft grade asks it)"
            )
        elif graders.model_graders(spec):
            result.notes.append("judge: asked for every answer below, because the reward needs it")
        _check_references(project, splits, grader, result)
        _check_probes(probes, rows, grader, result)
        floors = load_module(settings, settings.task.floors).floors
        by_split = {split.name: [row.data for row in split.rows] for split in splits if split.rows}
        result.floors = floor_means(floors, by_split, grader)
    return result


def read_calibration(
    project: Project, splits: Sequence[Split]
) -> tuple[list[CalibrationLine], list[str]]:
    """The calibration answers of the project, and what is wrong with them."""
    weights_of = project.task.judged_weights or (lambda item: {})
    weights = {row.id: weights_of(row.item) for split in splits for row in split.rows}
    path = project.settings.path(project.settings.task.calibration)
    return load_calibration(path, weights)


def _check_people(project: Project, rows: Mapping[str, Any], result: CheckResult) -> None:
    path = project.settings.path(project.settings.task.human)
    if not path.exists():
        return
    people, faults = human.load_people(path, set(rows), project.task.answer)
    result.faults += faults
    result.notes.append(f"people: {len(people.answers)} answers of {len(people.coders)} coders")


def _check_calibration(project: Project, splits: Sequence[Split], result: CheckResult) -> None:
    if not project.settings.path(project.settings.task.calibration).exists():
        return
    lines, faults = read_calibration(project, splits)
    result.faults += faults
    labels, cases = sum(len(line.labels) for line in lines), {line.item_id for line in lines}
    result.notes.append(
        f"calibration: {len(lines)} answers to {len(cases)} rows, {labels} labels for the judge"
    )


def _check_references(
    project: Project, splits: Sequence[Split], grader: graders.Grader, result: CheckResult
) -> None:
    """A reference answer must score the top and fit into the tokens that an answer may have."""
    reference, limit = project.task.gold, project.settings.sampling.max_tokens
    answers = [
        WrittenAnswer(
            f"{split.file}:{row.line}", "gold", row.data, reference(row.item).model_dump_json()
        )
        for split in splits
        for row in split.rows
    ]
    right = 0
    for answer, grade in zip(answers, grade_all(answers, grader), strict=True):
        if grade.reward is None or grade.reward < REFERENCE_TOP:
            flags = "".join(f"; {flag}" for flag in grade.flags)
            result.faults.append(
                f"{answer.place}: reference_answer: the grader gives the reference itself "
                f"{grade.reward} instead of 1{flags}; correct the row or the grader."
            )
        else:
            right += 1
        if (tokens := len(answer.text) / CHARS_PER_JSON_TOKEN) > limit:
            result.faults.append(
                f"{answer.place}: reference_answer: takes about {tokens:.0f} tokens, more than "
                f"sampling.max_tokens = {limit}: a right answer would be cut off; raise it."
            )
    result.notes.append(f"grader: {right} of {len(answers)} reference answers score 1")


def _check_probes(
    probes: Sequence[Probe],
    rows: Mapping[str, dict[str, Any]],
    grader: graders.Grader,
    result: CheckResult,
) -> None:
    """Tricks must not pay, and right answers must."""
    answers = [WrittenAnswer("", p.name, rows[p.item_id], p.output_text) for p in probes]
    right = 0
    for probe, grade in zip(probes, grade_all(answers, grader), strict=True):
        if grade.reward is None or not probe.min - 1e-9 <= grade.reward <= probe.max + 1e-9:
            result.faults.append(
                f"{probe.place}: probe '{probe.name}' scores {grade.reward}, allowed is "
                f"{probe.min} to {probe.max} ({probe.why}); fix the grader."
            )
        else:
            right += 1
    result.notes.append(f"probes: {right} of {len(probes)} score what they must")
