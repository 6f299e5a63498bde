"""`rft judge`: examine the judge on answers of known worth before it is trusted."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft import config, graders, runs
from rft.cli.app import app, open_project, terminal
from rft.config import Settings
from rft.errors import CheckError, UserError
from rft.graders.spec import ScoreModel
from rft.judging.calibration import calibration_hash
from rft.judging.exam import (
    CHARS_PER_TOKEN,
    REORDERED_KINDS,
    Question,
    ask,
    examined,
    missing,
    part_of_reward,
)
from rft.project import Project
from rft.project.checking import read_calibration
from rft.project.loader import grader_hash
from rft.records import Record
from rft.validation import sentence

SHOWN = 5
"""Criteria that are listed, worst first."""
COLOURS = {"go": "green", "pass": "green", "warn": "yellow", "not yet": "yellow"}


@app.command()
def judge(
    context: typer.Context,
    repeats: Annotated[int, typer.Option(min=1, help="Calls for each answer.")] = 3,
    limit: Annotated[int, typer.Option(min=0, help="Only so many rows, a fixed choice.")] = 0,
    profile: Annotated[str, typer.Option(help="Another judge: local, the embedded model.")] = "",
    key: Annotated[str, typer.Option("--grader", help="Which score_model, if several.")] = "",
    new: Annotated[bool, typer.Option("--new", help="Ask anew, do not resume.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Examine the judge on your calibration answers. Exit 0 only if it passes."""
    project = open_project(context)
    project.settings = settings = _override(project.settings, profile)
    spec = graders.load_spec(settings.path(settings.task.grader))
    leaf = _score_model(spec, key)
    questions = _questions(project, limit)
    console = terminal(stderr=as_json)
    run = runs.start(
        settings.runs / "judge", _info(settings, spec, leaf, questions, repeats), new=new
    )
    _estimate(run, questions, leaf, console)
    if missing(run):
        _ask(run, questions, settings, leaf, console)
    result = _result(run, questions, settings, spec, leaf)
    if as_json:
        print(json.dumps(result, indent=2))
    else:
        _show(result, console)
        console.print(f"kept in {run.folder.relative_to(settings.root)}", soft_wrap=True)
    sys.exit(0 if result["verdict"] == "pass" else 1)


def _override(settings: Settings, profile: str) -> Settings:
    """The settings with another judge; raises UserError when there is none at all."""
    judge = settings.judge.model_dump() if settings.judge else {}
    if profile and profile != judge.get("profile"):
        judge = {"profile": profile, "exam": judge.get("exam", {})}
    if not judge:
        raise UserError(
            f"{config.FILE}: there is no section [judge] with base_url and model; add it, or try "
            "the embedded model: rft judge --profile local."
        )
    try:
        return Settings.model_validate(settings.model_dump(by_alias=True) | {"judge": judge})
    except ValidationError as error:
        raise UserError(f"{sentence(error)}.") from None


def _score_model(spec: graders.Spec, key: str) -> ScoreModel:
    """The grader to examine; raises UserError when it is not clear which."""
    models = graders.model_graders(spec)
    found = {name: leaf for name, leaf in models.items() if isinstance(leaf, ScoreModel)}
    if not found:
        raise UserError(
            "The grader has no score_model, so there is no judge to examine; this command is for "
            "tasks whose grader.json asks a model for a score."
        )
    if key and key in found:
        return found[key]
    if key or len(found) > 1:
        raise UserError(f"Name one of the grader's score_models: --grader {' or '.join(found)}.")
    return next(iter(found.values()))


def _questions(project: Project, limit: int) -> list[Question]:
    """Every calibration answer, and those whose criteria are reversed; the first fault raises."""
    settings, task = project.settings, project.task
    path = settings.path(settings.task.calibration)
    if not path.exists():
        raise UserError(
            f"{settings.task.calibration} is missing: write answers of known worth there, labelled "
            "criterion by criterion; docs/COMMANDS.md has the format."
        )
    splits, _ = project.splits()
    lines, faults = read_calibration(project, splits)
    if faults:
        more = f" ({len(faults) - 1} more: rft check lists them)" if len(faults) > 1 else ""
        raise CheckError(f"{faults[0]}{more}")
    if not lines:
        raise UserError(f"{settings.task.calibration} is empty; write calibration answers there.")
    rows = {row.id: row for split in splits for row in split.rows}
    # By hash, as `rft eval` chooses its rows.
    chosen = set(sorted({line.item_id for line in lines}, key=runs.digest)[: limit or None])
    weights_of = task.judged_weights or (lambda item: {})
    found = [
        Question(line, rows[line.item_id].data, weights_of(rows[line.item_id].item))
        for line in lines
        if line.item_id in chosen
    ]
    if task.reordered:
        found += [
            Question(q.line, task.reordered(rows[q.line.item_id].item), q.weights, reversed=True)
            for q in found
            if q.line.kind in REORDERED_KINDS
        ]
    return found


def _info(
    settings: Settings,
    spec: graders.Spec,
    leaf: ScoreModel,
    questions: list[Question],
    repeats: int,
) -> runs.RunInfo:
    from importlib.metadata import version

    assert settings.judge
    local = settings.judge.profile == "local"
    return runs.RunInfo(
        split="calibration",
        model=_model(settings, leaf),
        profile=settings.judge.profile,
        base_url="" if local else config.redact(config.base_url(settings.judge)),
        item_ids=[question.key for question in questions],
        samples_per_item=repeats,
        sampling={},
        hashes={
            "data": runs.digest([[q.line.model_dump(), q.row, dict(q.weights)] for q in questions]),
            "grader": grader_hash(settings, spec),
            "prompt": runs.digest(leaf.model_dump(exclude_none=True)),
        },
        versions={name: version(name) for name in ("rft-engine", "openai", "pydantic", "scipy")},
    )


def _model(settings: Settings, leaf: ScoreModel) -> str:
    assert settings.judge
    own = config.EMBEDDED_MODEL if settings.judge.profile == "local" else leaf.model
    return settings.judge.model or own


def _estimate(run: runs.Run, questions: list[Question], leaf: ScoreModel, console: Console) -> None:
    todo, repeats = len(missing(run)), run.info.samples_per_item
    turned = sum(q.reversed for q in questions)
    cases = len({q.line.item_id for q in questions})
    console.print(
        f"judge: {run.info.model} ({run.info.profile})\n"
        f"{cases} rows, {len(questions) - turned} calibration answers"
        + (f", {turned} of them also with reversed criteria" if turned else "")
        + f"; {repeats} calls each"
    )
    prompt = sum(len(message.content) for message in leaf.input)
    # A row goes into the prompt as far as the templates say; its whole is the most it can be.
    most = sum(prompt + len(json.dumps(q.row)) + len(q.line.output_text) for q in questions)
    tokens = most / len(questions) * todo / CHARS_PER_TOKEN
    done = run.info.planned - todo
    console.print(
        f"{todo} requests to make, at most about {tokens:,.0f} tokens of prompts"
        + (f" ({done} of {run.info.planned} are there already)" if done else "")
    )


def _ask(
    run: runs.Run,
    questions: list[Question],
    settings: Settings,
    leaf: ScoreModel,
    console: Console,
) -> None:
    run.lock()
    try:
        with (
            graders.Grader(
                examined(leaf), root=settings.root, judge=graders.Judge.of(settings)
            ) as grader,
            _progress(len(missing(run)), console) as on_record,
        ):
            ask(run, questions, grader, settings.sampling.concurrency, on_record)
    except KeyboardInterrupt:
        kept = run.info.planned - len(missing(run))
        shown = run.folder.relative_to(settings.root)
        print(
            f"\nrft: stopped; {kept} of {run.info.planned} judgements are kept in {shown}; the "
            "same command goes on from there.",
            file=sys.stderr,
        )
        sys.exit(130)
    finally:
        run.unlock()


@contextmanager
def _progress(total: int, console: Console) -> Iterator[Callable[[Record], None]]:
    """A bar with the time left; plain lines without a terminal."""
    from rich.progress import Progress

    begun = told = time.monotonic()
    count = 0
    with Progress(console=console, disable=not console.is_terminal) as bar:
        line = bar.add_task("judgements", total=total)

        def on_record(_: Record) -> None:
            nonlocal count, told
            count += 1
            bar.advance(line)
            if not console.is_terminal and time.monotonic() - told > 10:
                told = time.monotonic()
                console.print(f"  {count} of {total}, {count / (told - begun):.1f}/s")

        yield on_record


def _result(
    run: runs.Run,
    questions: list[Question],
    settings: Settings,
    spec: graders.Spec,
    leaf: ScoreModel,
) -> dict[str, Any]:
    """Conclude, and write judge.json."""
    from rft.judging import checks

    assert settings.judge
    result = {
        "grader": grader_hash(settings, spec),
        "calibration": calibration_hash(settings.path(settings.task.calibration)),
        "judge": {"profile": run.info.profile, "model": run.info.model},
        "created": run.info.created,
        **checks.conclude(run, questions, settings.judge.exam, part_of_reward(spec, leaf)),
    }
    checks.write(run.folder, result)
    return result


def _show(result: dict[str, Any], console: Console) -> None:
    from rft.readiness.verdict import HOUSE

    table = Table("check", "figure", "wanted", "verdict", box=None, pad_edge=False)
    for check in result["checks"]:
        mark = Text(check["verdict"], style=COLOURS.get(check["verdict"], "red"))
        table.add_row(check["name"], check["figure"], check["threshold"], mark)
    console.print(table)
    named = [f"{c['name']}: {c['source']}" for c in result["checks"] if c["source"] != HOUSE]
    console.print("Thresholds are house rules (judge.exam in rft.toml), after:", style="dim")
    for source in dict.fromkeys(named):
        console.print(f"  {source.replace(f'{HOUSE}; ', '')}", style="dim")
    wrong = {n: c for n, c in result["criteria"].items() if c["agreement"] < 1}
    if wrong:
        worst = Table("criterion", "labels", "met", "judged met", "agree", box=None, pad_edge=False)
        for name, told in list(wrong.items())[:SHOWN]:
            shares = (f"{told[share]:.0%}" for share in ("base_rate", "met", "agreement"))
            worst.add_row(name, str(told["labels"]), *shares)
        console.print("\nWhere the judge errs most:")
        console.print(worst)
    advice = [c["advice"] for c in result["checks"] if c["advice"]] + result["skipped"]
    word = result["verdict"].upper()
    verdict = Text(f"\n{word}", style=f"bold {COLOURS.get(result['verdict'], 'red')}")
    first = "this judge may be trusted with this rubric." if word == "PASS" else advice.pop(0)
    console.print(verdict.append(f": {first}", style="not bold default"))
    for sentence in advice:
        console.print(f"  - {sentence}")
