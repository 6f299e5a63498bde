"""`rft check`: the data, the grader and its probes, before anything is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from rft import graders, human
from rft.cli import app, terminal
from rft.cli.project import (
    Task,
    load_module,
    load_rows,
    load_task,
    open_grader,
    open_settings,
)
from rft.config import Settings
from rft.dataset import Finding, Split, check_splits, write_messages
from rft.errors import CheckError
from rft.judging.calibration import CalibrationLine, load_calibration
from rft.lines import read_lines
from rft.probes import Probe
from rft.records import Grade, Sample

SPLITS = ("train", "validation", "test")
SHOWN = 5
"""Findings of one kind in one file that are printed."""
GOLD_TOP = 0.999
CHARS_PER_JSON_TOKEN = 2.0
"""JSON full of names; 1.7 to 2.1 was seen with the embedded model's tokenizer."""

Floors = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Answer:
    """A written answer to be graded like a model's: a gold answer, a floor or a probe."""

    place: str
    """The split, or file and line."""
    name: str
    row: dict[str, Any]
    text: str


@app.command()
def check(
    write: Annotated[
        bool, typer.Option("--write-messages", help="Refresh the prompts stored in the rows first.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="List every finding.")] = False,
) -> None:
    """Check data, grader and probes; exit 1 when one of them must be mended."""
    settings = open_settings()
    task = load_task(settings)
    console = terminal()
    spec = graders.load_spec(settings.path(settings.task.grader))
    if write:
        _write(settings, task, console)
    splits, findings = load_splits(settings, task)
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
    _show_findings(findings, splits, every, console)
    faults = [f"grader: {p}" for p in graders.problems(spec)]
    for sentence in graders.not_hosted(spec):
        _say(console, f"warning: grader: {sentence}", "yellow")
    rows = {row.id: row.data for split in splits for row in split.rows}
    probes, probe_faults = read_lines(settings.path(settings.task.probes), Probe, rows)
    faults += probe_faults + _people(settings, task, set(rows), console)
    if settings.path(settings.task.calibration).exists():
        lines, calibration_faults = read_calibration(settings, task, splits)
        faults += calibration_faults
        labels, cases = sum(len(line.labels) for line in lines), {line.item_id for line in lines}
        console.print(
            f"calibration: {len(lines)} answers to {len(cases)} rows, {labels} labels for the judge"
        )
    with open_grader(settings, spec, judged=False) as grader:
        if grader.not_graded:
            told = ", ".join(grader.not_graded)
            console.print(f"judge: not asked; all below is without {told} (rft grade asks it)")
        elif graders.model_graders(spec):
            console.print("judge: asked for every answer below; no reward can be had without it")
        faults += _gold(splits, task, grader, settings.sampling.max_tokens, console)
        faults += _probes(probes, rows, grader, console)
        _floors(settings, splits, grader, console)
    for fault in faults:
        _say(console, f"error: {fault}", "red")
    broken = sum(f.severity == "error" for f in findings) + len(faults)
    if broken:
        raise CheckError(f"{broken} errors must be mended before anything is measured.")
    console.print("check: no errors; next: rft eval")


def _say(console: Console, text: str, style: str) -> None:
    """Print text that may hold anything; a path in it stays in one piece."""
    console.print(text, style=style, soft_wrap=True)


def load_splits(settings: Settings, task: Task) -> tuple[list[Split], list[Finding]]:
    """Every split of the project with what was wrong in its file."""
    splits, findings = [], []
    for name in SPLITS:
        split, found = load_rows(settings, task, name)
        splits.append(split)
        findings += found
    return splits, findings


def read_calibration(
    settings: Settings, task: Task, splits: Sequence[Split]
) -> tuple[list[CalibrationLine], list[str]]:
    """The calibration answers of the project, and what is wrong with them."""
    weights_of = task.judged_weights or (lambda item: {})
    weights = {row.id: weights_of(row.item) for split in splits for row in split.rows}
    return load_calibration(settings.path(settings.task.calibration), weights)


def grade_all(answers: Sequence[Answer], grader: graders.Grader) -> list[Grade]:
    """Grades of written answers, in their order."""

    def grade(answer: Answer) -> Grade:
        sample = Sample(output_text=answer.text, finish_reason="stop")
        return grader.grade(sample.for_grader(), answer.row)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(grade, answers))


def floor_means(
    floors: Callable[[dict[str, Any]], dict[str, str]],
    rows: dict[str, list[dict[str, Any]]],
    grader: graders.Grader,
) -> Floors:
    """Mean reward of each answer that needs no model: {floor: {split: mean}}."""
    answers = [
        Answer(split, name, row, text)
        for split, members in rows.items()
        for row in members
        for name, text in floors(row).items()
    ]
    found: dict[str, dict[str, list[float]]] = {}
    for answer, grade in zip(answers, grade_all(answers, grader), strict=True):
        if grade.reward is not None:
            found.setdefault(answer.name, {}).setdefault(answer.place, []).append(grade.reward)
    return {n: {s: sum(r) / len(r) for s, r in by.items()} for n, by in found.items()}


def _people(settings: Settings, task: Task, item_ids: set[str], console: Console) -> list[str]:
    """What is wrong in the file of people's answers, if there is one."""
    path = settings.path(settings.task.human)
    if not path.exists():
        return []
    people, faults = human.load_people(path, item_ids, task.answer)
    console.print(f"people: {len(people.answers)} answers of {len(people.coders)} coders")
    return faults


def _write(settings: Settings, task: Task, console: Console) -> None:
    for split in load_splits(settings, task)[0]:
        changed = write_messages(split, task.messages)
        console.print(f"{split.file}: messages of {changed} rows refreshed")


def _show_findings(
    findings: Sequence[Finding], splits: Sequence[Split], every: bool, console: Console
) -> None:
    told = ", ".join(f"{split.name} {len(split.rows)}" for split in splits)
    errors = sum(f.severity == "error" for f in findings)
    console.print(f"data: {told} rows; {errors} errors, {len(findings) - errors} warnings")
    kinds = Counter((f.severity, f.file, f.code) for f in findings)
    told_of: Counter[tuple[str, str, str]] = Counter()
    for finding in sorted(findings, key=lambda f: f.severity != "error"):
        kind = (finding.severity, finding.file, finding.code)
        told_of[kind] += 1
        style = "red" if finding.severity == "error" else "yellow"
        if every or told_of[kind] <= SHOWN:
            _say(console, f"{finding.severity}: {finding}", style)
        elif told_of[kind] == SHOWN + 1:
            more = kinds[kind] - SHOWN
            _say(console, f"  ... and {more} more of this kind in that file (--all)", style)


def _gold(
    splits: Sequence[Split], task: Task, grader: graders.Grader, max_tokens: int, console: Console
) -> list[str]:
    """A gold answer must score the top and fit into the tokens an answer may have."""
    answers = [
        Answer(f"{split.file}:{row.line}", "gold", row.data, task.gold(row.item).model_dump_json())
        for split in splits
        for row in split.rows
    ]
    faults = []
    grades = grade_all(answers, grader)
    for answer, grade in zip(answers, grades, strict=True):
        if grade.reward is None or grade.reward < GOLD_TOP:
            flags = "".join(f"; {flag}" for flag in grade.flags)
            faults.append(
                f"{answer.place}: reference_answer: the grader gives the reference itself "
                f"{grade.reward} instead of 1{flags}; correct the row or the grader."
            )
        if (tokens := len(answer.text) / CHARS_PER_JSON_TOKEN) > max_tokens:
            faults.append(
                f"{answer.place}: reference_answer: takes about {tokens:.0f} tokens, more than "
                f"sampling.max_tokens = {max_tokens}: a right answer would be cut off; raise it."
            )
    console.print(
        f"grader: {len(grades) - len(faults)} of {len(grades)} reference answers score 1",
    )
    return faults


def _probes(
    probes: Sequence[Probe],
    rows: dict[str, dict[str, Any]],
    grader: graders.Grader,
    console: Console,
) -> list[str]:
    """Tricks must not pay, and right answers must."""
    answers = [Answer("", p.name, rows[p.item_id], p.output_text) for p in probes]
    faults = []
    for probe, grade in zip(probes, grade_all(answers, grader), strict=True):
        if grade.reward is None or not probe.min - 1e-9 <= grade.reward <= probe.max + 1e-9:
            faults.append(
                f"{probe.place}: probe '{probe.name}' scores {grade.reward}, allowed is "
                f"{probe.min} to {probe.max} ({probe.why}); mend the grader."
            )
    console.print(
        f"probes: {len(probes) - len(faults)} of {len(probes)} score what they must",
    )
    return faults


def _floors(
    settings: Settings, splits: Sequence[Split], grader: graders.Grader, console: Console
) -> None:
    module = load_module(settings, settings.task.floors)
    rows = {split.name: [row.data for row in split.rows] for split in splits if split.rows}
    table = Table("answers that need no model", *rows, title="Floors: mean reward", box=None)
    for name, means in floor_means(module.floors, rows, grader).items():
        table.add_row(name, *(f"{means.get(split, float('nan')):.3f}" for split in rows))
    console.print(table)
