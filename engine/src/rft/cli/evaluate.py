"""`rft eval`: sample answers from a model, grade them, keep them."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from rft import config, graders, human, runs
from rft.cli import app, terminal
from rft.cli.figures import figures, sentences
from rft.cli.people import load_people, people_run
from rft.cli.project import (
    Task,
    asked,
    grader_hash,
    load_rows,
    load_task,
    open_grader,
    open_settings,
)
from rft.config import Settings
from rft.errors import CheckError, UserError
from rft.records import Record
from rft.rollouts import client, reachable, response_format

if TYPE_CHECKING:
    from rft.dataset import Row

MAX_LOCAL_SLOTS = 8


@app.command("eval")
def evaluate(
    model: Annotated[str, typer.Option(help="Name under [models] in rft.toml, or an id.")] = "base",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Only so many rows, a fixed choice.")] = 0,
    samples: Annotated[int, typer.Option(min=0, help="Answers per row.")] = 0,
    profile: Annotated[str, typer.Option(help="Another endpoint profile, e.g. local.")] = "",
    ask: Annotated[str, typer.Option(help="Another way to ask, where there are several.")] = "",
    new: Annotated[bool, typer.Option("--new", help="Sample anew, do not resume.")] = False,
) -> None:
    """Sample answers from a model and grade them. Resumes what was interrupted.

    --model human grades the answers of people (human in [task] of rft.toml) instead.
    """
    settings = override(open_settings(), split, limit, samples, profile, ask)
    task = load_task(settings)
    spec = graders.load_spec(settings.path(settings.task.grader))
    stored = _rows(settings, task)
    rows = {item_id: asked(task, row) for item_id, row in stored.items()}
    data = {item_id: row.data for item_id, row in stored.items()}
    console = terminal()
    if model == human.NAME:
        people = load_people(settings, task, list(rows))
        run = people_run(settings, people, data, spec, _versions(), new=new)
        coders = f"{len(people.coders)} coder" + ("s" if len(people.coders) > 1 else "")
        console.print(f"{settings.eval.split}: {coders}, {len(run.info.item_ids)} rows")
        _summary(run, console, settings, task, rows)
        return
    model_id = settings.model_id(model)
    form = response_format(task.answer, settings.sampling)
    info = _info(settings, model_id, data, rows, spec, form, task.ask)
    run = runs.start(settings.runs, info, new=new)
    shown = run.folder.relative_to(settings.root)
    todo = len(run.missing())
    if todo:
        done = run.info.planned - todo
        console.print(
            f"{settings.eval.split}: {len(rows)} rows x {run.info.samples_per_item} answers from "
            f"{model_id}"
            + (f", asked by {task.ask}" if task.ask else "")
            + (f" ({done} of {run.info.planned} are there already)" if done else ""),
        )
        run.lock()
        try:
            _fill(run, rows, settings, task, spec, form, console)
        except KeyboardInterrupt:
            kept = run.info.planned - len(run.missing())
            print(
                f"\nrft: stopped; {kept} of {run.info.planned} answers are kept in {shown}; the "
                "same command goes on from there.",
                file=sys.stderr,
            )
            sys.exit(130)
        finally:
            run.unlock()
    else:
        run.touch()
        console.print(f"{shown} holds all {run.info.planned} answers already (--new draws anew).")
    _summary(run, console, settings, task, rows)


def override(
    settings: Settings,
    split: str = "",
    limit: int = 0,
    samples: int = 0,
    profile: str = "",
    ask: str = "",
) -> Settings:
    """The settings with what stands on the command line in place of what stands in rft.toml."""
    values = settings.model_dump(by_alias=True)
    if ask:
        values["task"]["ask"] = ask
    if split:
        values["eval"]["split"] = split
    if limit:
        values["eval"]["limit"] = limit
    if samples:
        values["sampling"]["samples_per_item"] = samples
    if profile and profile != settings.endpoint.profile:
        values["endpoint"] |= {"profile": profile, "base_url": None, "api_key_env": None}
        values["models"] = {}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{'; '.join(config.plain_errors(error))}.") from None


def _rows(settings: Settings, task: Task) -> dict[str, Row]:
    """The rows to evaluate by id; a fixed random choice of the split when limited."""
    split, findings = load_rows(settings, task, settings.eval.split)
    errors = [f for f in findings if f.severity == "error"]
    if errors:
        more = f" ({len(errors) - 1} more: rft check lists them)" if len(errors) > 1 else ""
        raise CheckError(f"{errors[0]}{more}")
    rows = {row.id: row for row in split.rows}
    if len(rows) < len(split.rows):
        raise CheckError(f"{split.path.name} has duplicate ids; rft check names their lines.")
    # By hash: no order in the file (by protocol, by difficulty) can make the choice one-sided.
    chosen = set(sorted(rows, key=runs.digest)[: settings.eval.limit])
    return {item_id: rows[item_id] for item_id in rows if item_id in chosen}


def _info(
    settings: Settings,
    model: str,
    data: dict[str, dict[str, Any]],
    rows: dict[str, dict[str, Any]],
    spec: graders.Spec,
    form: dict[str, Any] | None,
    ask: str | None,
) -> runs.RunInfo:
    """`data`: the rows as stored; `rows`: with the prompts that are sent."""
    local = settings.endpoint.profile == "local"
    sampling = settings.sampling
    return runs.RunInfo(
        split=settings.eval.split,
        model=model,
        profile=settings.endpoint.profile,
        base_url="" if local else config.redact(config.base_url(settings.endpoint)),
        item_ids=list(rows),
        samples_per_item=sampling.samples_per_item,
        sampling=sampling.model_dump(include={"temperature", "max_tokens", "seed"})
        | {"response_format": sampling.response_format},
        hashes={
            "data": runs.digest(list(data.values())),
            "grader": grader_hash(settings, spec),
            "prompt": runs.digest([[row["messages"] for row in rows.values()], form]),
        },
        versions=_versions(),
        ask=ask,
    )


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("rft-engine", "openai", "pydantic", "scipy")}


def _fill(
    run: runs.Run,
    rows: dict[str, dict[str, Any]],
    settings: Settings,
    task: Task,
    spec: graders.Spec,
    form: dict[str, Any] | None,
    console: Console,
) -> None:
    from rft.evaluate import evaluate as fill

    with (
        _endpoint(settings, run.info.model, run.info.planned) as (url, key),
        open_grader(settings, spec) as grader,
        _progress(run, console) as on_record,
    ):

        async def go() -> None:
            async with client(url, key, settings.sampling) as connection:
                await reachable(connection)
                await fill(run, rows, connection, settings, form, grader.grade, on_record)

        asyncio.run(go())


@contextmanager
def _endpoint(settings: Settings, model: str, answers: int) -> Iterator[tuple[str, str]]:
    """(base URL, key) of the endpoint; the local one lives as long as the block."""
    endpoint = settings.endpoint
    if endpoint.profile != "local":
        yield config.base_url(settings.endpoint), config.api_key(settings.endpoint)
        return
    if model.startswith("ft:"):  # tuned at home: rft serve has its weights
        from rft.jobs import local_service

        yield local_service.ensure(settings.root), "no-key"
        return
    from rft.local.model import gguf_path
    from rft.local.server import serve

    slots = min(settings.sampling.concurrency, MAX_LOCAL_SLOTS, answers)
    with serve(
        gguf_path(model, settings.root),
        model,
        slots=slots,
        context_tokens=endpoint.context_tokens,
        threads=endpoint.threads,
    ) as url:
        yield url, "no-key"


@contextmanager
def _progress(run: runs.Run, console: Console) -> Iterator[Callable[[Record], None]]:
    """A bar with rate, time left, running mean reward; plain lines without a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    rewards = [r.reward for r in run.records() if r.reward is not None]
    total, failed, begun = run.info.planned, 0, time.monotonic()
    first, told = len(rewards), time.monotonic()
    bar = Progress(
        TextColumn("answers"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("mean reward {task.fields[mean]}"),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        line = bar.add_task("", total=total, completed=first, rate="", mean="-")

        def on_record(record: Record) -> None:
            nonlocal failed, told
            if record.reward is None:
                failed += 1
            else:
                rewards.append(record.reward)
            done, seconds = len(rewards) - first + failed, time.monotonic() - begun
            mean = f"{sum(rewards) / len(rewards):.3f}" if rewards else "-"
            rate = f"{done / seconds:.1f}/s" if seconds else ""
            bar.update(line, completed=first + done, mean=mean, rate=rate)
            if not console.is_terminal and (time.monotonic() - told > 10):
                told = time.monotonic()
                print(f"  {first + done} of {total} answers, {rate}, mean reward {mean}")

        yield on_record


def _summary(
    run: runs.Run,
    console: Console,
    settings: Settings,
    task: Task,
    rows: dict[str, dict[str, Any]],
) -> None:
    from rft.stats import mean_interval, rewards_by_item

    shown = run.folder.relative_to(settings.root)
    records = run.records()
    graded = [r for r in records if r.reward is not None]
    by_item = rewards_by_item(records)
    mean = mean_interval([sum(r) / len(r) for r in by_item.values()])
    console.print(f"mean reward {mean} over {len(by_item)} rows, {len(graded)} answers")
    parts: dict[str, list[float]] = {}
    for record in graded:
        for name, value in (record.grade.parts if record.grade else {}).items():
            parts.setdefault(name, []).append(value)
    if parts:
        told = ", ".join(f"{name} {sum(v) / len(v):.2f}" for name, v in parts.items())
        console.print(f"parts: {told}")
    tokens = sum(r.sample.usage.get("completion_tokens", 0) for r in graded if r.sample)
    prompt = sum(r.sample.usage.get("prompt_tokens", 0) for r in graded if r.sample)
    if tokens or prompt:
        console.print(f"tokens: {prompt:,} in the prompts, {tokens:,} in the answers")
    grades = [r.grade for r in records if r.grade]
    if flags := Counter(flag for grade in grades for flag in grade.errors):
        console.print("flags: " + ", ".join(f"{flag} {n}" for flag, n in flags.most_common()))
    if absent := Counter(part for grade in grades for part in grade.not_graded):
        told = ", ".join(absent)
        console.print(
            f"not graded: {told} in {max(absent.values())} answers, for want of a [judge] in "
            "rft.toml; the reward is over the other parts"
        )
    judged: Counter[str] = Counter()
    for model, usage in (pair for grade in grades for pair in grade.judge_tokens.items()):
        judged[model] += sum(usage.values())
    for model, count in judged.items():
        console.print(f"judge tokens: {count:,} by {model}")
    lost = [r for r in records if r.reward is None]
    if lost:
        console.print(
            f"{len(lost)} answers are missing (not scored): {lost[0].failure} "
            "The same command draws them again."
        )
    for sentence in sentences(figures(settings, task, run, rows)):
        console.print(sentence)
    console.print(f"kept in {shown}; next: rft ready, then rft report")
