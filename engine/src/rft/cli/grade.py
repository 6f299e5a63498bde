"""`rft grade`: one answer to one row, graded before your eyes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from rft import graders
from rft.cli.app import app, open_project, terminal
from rft.errors import OutsideError, UserError
from rft.graders.spec import leaves
from rft.records import Grade


@app.command()
def grade(
    context: typer.Context,
    item: Annotated[str, typer.Option(help="The id of a row of any split.")],
    sample: Annotated[str | None, typer.Option(help="The answer to grade.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file that holds the answer.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="As OpenAI's graders/run answers.")
    ] = False,
) -> None:
    """Grade one answer (--sample, --file or standard input) and show every part and flag."""
    text = _text(sample, file)
    project = open_project(context)
    found, spec = project.grade(item, text), project.grader_spec
    if as_json:
        print(json.dumps(graders.response(spec, found), indent=2))
    else:
        _show(spec, found)
    if found.reward is None:
        raise OutsideError(f"nothing was scored ({'; '.join(found.flags)}); try again.")


def _text(sample: str | None, file: Path | None) -> str:
    if sample is not None and file:
        raise UserError("--sample and --file both name an answer; give one of them.")
    if sample is not None:
        return sample
    try:
        return file.read_text(encoding="utf-8") if file else sys.stdin.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file or 'standard input'} cannot be read: {error}.") from None


def _show(spec: graders.Spec, found: Grade) -> None:
    console = terminal()
    table = Table("part", "grader", "score", box=None, pad_edge=False)
    kinds: dict[str, Any] = {key: leaf.type for key, leaf in leaves(spec).items() if key}
    for name in [*kinds, *(part for part in found.parts if part not in kinds)]:
        score = f"{found.parts[name]:.4g}" if name in found.parts else "not scored"
        score = "not graded (no judge)" if name in found.not_graded else score
        table.add_row(name, kinds.get(name, ""), score)
    if table.rows:
        console.print(table)
    for flag in found.flags:
        console.print(f"flag: {flag}", style="yellow", soft_wrap=True)
    for name, steps in found.judge_steps.items():
        for step in steps:
            start = f"{name}: " if name else ""
            told = f"{start}{step['description']} -> {step['conclusion']}"
            console.print(" ".join(told.split()), soft_wrap=True)
    for model, usage in found.judge_tokens.items():
        console.print(f"judge tokens: {sum(usage.values()):,} by {model}")
    reward = "none" if found.reward is None else f"{found.reward:.4g}"
    console.print(f"reward: {reward} ({spec.type}, {found.seconds:.3f} s)")
