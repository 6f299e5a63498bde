"""`rft grade`: one answer to one row, graded before your eyes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rft.cli.app import app, open_project, terminal
from rft.display import reveal_control_chars
from rft.errors import OutsideError, UserError

if TYPE_CHECKING:
    from rft.graders import Spec
    from rft.project.grading import GradedAnswer


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
    """Grade one answer and show every part and flag."""
    from rft.graders import response

    text = _text(sample, file)
    project = open_project(context)
    answer, spec = project.grade(item, text), project.grader_spec
    if as_json:
        print(json.dumps(response(spec, answer.grade), indent=2))
    else:
        _show(spec, answer)
    if answer.reward is None:
        raise OutsideError(f"nothing was scored ({'; '.join(answer.grade.flags)}); try again.")


def _text(sample: str | None, file: Path | None) -> str:
    if sample is not None and file:
        raise UserError("--sample and --file both name an answer; give one of them.")
    if sample is not None:
        return sample
    try:
        return file.read_text(encoding="utf-8") if file else sys.stdin.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file or 'standard input'} cannot be read: {error}.") from None


def _show(spec: Spec, answer: GradedAnswer) -> None:
    from rich.table import Table

    from rft.graders import leaves

    console, grade, reference = terminal(), answer.grade, answer.reference
    table = Table("part", "grader", "score", "reference answer", box=None, pad_edge=False)
    kinds: dict[str, Any] = {key: leaf.type for key, leaf in leaves(spec).items() if key}
    for name in dict.fromkeys([*kinds, *grade.parts, *reference.parts]):
        score = f"{grade.parts[name]:.4g}" if name in grade.parts else "not scored"
        score = "not graded (no judge)" if name in grade.not_graded else score
        best = f"{reference.parts[name]:.4g}" if name in reference.parts else "-"
        table.add_row(name, kinds.get(name, ""), score, best)
    if table.rows:
        console.print(table)
    for flag in grade.flags:
        console.print(f"flag: {flag}", style="yellow", soft_wrap=True)
    for name, steps in grade.judge_steps.items():
        for step in steps:
            start = f"{name}: " if name else ""
            line = f"{start}{step['description']} -> {step['conclusion']}"
            console.print(" ".join(line.split()), soft_wrap=True)
    for model, usage in grade.judge_tokens.items():
        console.print(f"judge tokens: {sum(usage.values()):,} by {model}")
    if answer.unreadable:
        text = "unreadable: the answer is not JSON and not one fenced block of it, so it scores 0"
        console.print(text, style="yellow", soft_wrap=True)
    if answer.reward != reference.reward:
        console.print(f"reference answer: {reveal_control_chars(answer.reference_text)}")
    reward = "none" if answer.reward is None else f"{answer.reward:.4g}"
    console.print(f"reward: {reward} ({spec.type}, {grade.seconds:.3f} s)")
