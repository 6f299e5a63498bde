"""Amazon Bedrock: a Lambda around the project's grader, the data, and what deploys them."""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft import graders
from rft.dataset import ROW_LIMITS
from rft.errors import CheckError, UserError
from rft.files import not_writable
from rft.findings import shown_path
from rft.graders.spec import ModelGrader, MultiGrader, PythonGrader
from rft.jobs.rows import reinforcement_rows, to_jsonl
from rft.jsonl import read_lines
from rft.probes import Probe
from rft.project import SPLITS, Project
from rft.project.loader import asked, open_grader
from rft.project.scoring import grade_probes

AWS = Path(__file__).parent / "aws"
FORMULA = Path(graders.__file__).parent / "formula.py"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
CALLER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:REGION:ACCOUNT:function:rft-reward",
        }
    ],
}
LEFT_OUT = """## What is left out

{names}: it asks a model, whose key and price a Lambda would need. The reward is over the other
parts, their weights scaled up, as in this project where no judge is configured. What it looks at is
not trained, so measure it afterwards with `rft eval` and a judge.

"""
PACKAGES = """## Packages

The graders import {names}, which the Lambda's Python does not have. Put them beside the handler
before you zip, built for the Lambda's system:

    pip install --target lambda --platform manylinux2014_x86_64 --only-binary=:all: \\
      --python-version 3.12 {names}

"""


@dataclass(frozen=True)
class Carried:
    """What of a grader a Lambda carries."""

    sources: dict[str, str]
    """Of each python grader, by key."""
    formula: str | None
    """calculate_output; None where one grader stands alone."""
    left_out: list[str]
    """Keys of the graders that ask a model: the reward is over the other parts."""


def carried(spec: graders.Spec) -> Carried:
    """The part of a grader that runs without a model.

    A grader that asks one is left out as `rft eval` does without a judge: from a weighted sum only,
    whose other weights are scaled up. Raises UserError naming the grader that keeps the whole from
    being carried.
    """
    if refused := graders.not_hosted(spec):
        raise UserError(f"A Lambda cannot carry the grader: {refused[0]}")
    parsed = graders.parse_spec(graders.hosted(spec))
    leaves = parsed.graders if isinstance(parsed, MultiGrader) else {"grader": parsed}
    left_out = list(graders.model_graders(parsed))
    if why := graders.needs_judge(parsed):
        raise UserError(
            f"A Lambda cannot carry '{left_out[0] or 'grader'}', which asks a model, nor do "
            f"without it ({why}); change task/grader.json for Bedrock, or train on another profile."
        )
    for key, leaf in leaves.items():
        if not isinstance(leaf, PythonGrader | ModelGrader):
            raise UserError(
                f"A Lambda cannot carry {leaf.type} '{key}': write it as a python grader, or train "
                "on another profile."
            )
    return Carried(
        sources={k: leaf.source for k, leaf in leaves.items() if isinstance(leaf, PythonGrader)},
        formula=parsed.calculate_output if isinstance(parsed, MultiGrader) else None,
        left_out=left_out,
    )


@dataclass(frozen=True)
class BedrockExport:
    """What was written. Prints as the lines of `rft export bedrock`."""

    folder: Path
    rows: int
    """Training rows."""
    probes: int
    left_out: list[str]
    """Keys of the graders that ask a model."""
    packages: list[str]
    """What the Lambda needs beside Python."""
    warnings: list[str]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The summary, a line each."""
        folder = shown_path(self.folder)
        lines = [
            f"{folder}: the Lambda, {self.rows} rows, {self.probes} probes and rewards, notes",
            *(f"warning: {sentence}" for sentence in self.warnings),
        ]
        if self.packages:
            lines.append(f"the Lambda needs {', '.join(self.packages)}: DEPLOY.md says how")
        return [*lines, f"next: python {folder}/try_locally.py, then {folder}/DEPLOY.md"]

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data."""
        return vars(self) | {"folder": str(self.folder)}


def export(project: Project, output: Path) -> BedrockExport:
    """Write the export into `output`, relative to the project's folder.

    Raises UserError when the grader or the folder cannot be used, CheckError for rows or probes
    that are not usable, OutsideError when the disk refuses.
    """
    left_out = carried(project.grader_spec).left_out  # before anything is graded
    spec = graders.parse_spec(graders.hosted(project.grader_spec))
    rows: dict[str, dict[str, Any]] = {}
    train: list[dict[str, Any]] = []
    for name in SPLITS:
        prompts = {row.id: asked(project.task, row) for row in project.rows(name)}
        rows |= prompts
        if name == "train":
            train = list(prompts.values())
    probes, findings = read_lines(project.settings.path(project.settings.task.probes), Probe, rows)
    if findings:
        raise CheckError(str(findings[0]))
    with open_grader(project.settings, spec, judged=False) as grader:
        graded = grade_probes(probes, rows, grader)
    cases = [
        case(probe, rows[probe.item_id], grade.reward)
        for probe, grade in graded
        if grade.reward is not None
    ]
    warnings = []
    if left_out:
        warnings.append(
            f"left out: {', '.join(left_out)}, which asks a model; the Lambda's reward is over the "
            "other parts"
        )
    low, high = ROW_LIMITS["bedrock"]["train"]
    if not low <= len(train) <= high:
        warnings.append(f"{len(train):,} training rows, but Bedrock takes {low:,} to {high:,}")
    folder = project.settings.path(output)
    try:
        packages = write(folder, spec, train, cases)
    except OSError as error:
        raise not_writable(folder, error) from None
    return BedrockExport(folder, len(train), len(cases), left_out, packages, warnings)


def case(probe: Probe, row: Mapping[str, Any], reward: float) -> dict[str, Any]:
    """One line of cases.jsonl: a probe's answer as a trajectory, and the reward it must get."""
    (converted,) = reinforcement_rows([row], "bedrock")
    answer = {"role": "assistant", "content": probe.output_text}
    return {
        "id": f"{probe.item_id}/{probe.name}",
        "name": probe.name,
        "messages": [*converted.pop("messages"), answer],
        "fields": converted,
        "reward": reward,
    }


def write(
    folder: Path,
    spec: graders.Spec,
    rows: Sequence[Mapping[str, Any]],
    cases: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Write the export into `folder` and give the packages that the Lambda needs.

    `rows` are the training rows. What an older export left in the folder is replaced, no other
    file is touched. Raises UserError as `carried` does.
    """
    part = carried(spec)
    texts, formula = part.sources, part.formula
    function = folder / "lambda"
    if function.exists() and not (function / "reward.json").exists():
        raise UserError(f"{function} is not an export of rft; name another folder with --output.")
    shutil.rmtree(function, ignore_errors=True)
    function.mkdir(parents=True)
    shutil.copyfile(AWS / "handler.py", function / "handler.py")
    # Numbered: a key may hold what no file name should.
    modules = {key: f"grader_{n}" for n, key in enumerate(texts, start=1)}
    for key, text in texts.items():
        (function / f"{modules[key]}.py").write_text(text, encoding="utf-8")
    if formula:
        shutil.copyfile(FORMULA, function / "formula.py")
    _json(
        function / "reward.json",
        {"graders": modules, "calculate_output": formula, "left_out": part.left_out},
    )
    needed = sorted({name for text in texts.values() for name in _packages(text)})
    notes = (AWS / "DEPLOY.md").read_text(encoding="utf-8")
    added = PACKAGES.format(names=" ".join(needed)) if needed else ""
    if part.left_out:
        added += LEFT_OUT.format(names=", ".join(part.left_out))
    (folder / "DEPLOY.md").write_text(notes.replace("@NOTES@", added), encoding="utf-8")
    shutil.copyfile(AWS / "try_locally.py", folder / "try_locally.py")
    (folder / "train.jsonl").write_bytes(to_jsonl(reinforcement_rows(rows, "bedrock")))
    (folder / "cases.jsonl").write_bytes(to_jsonl(cases))
    _json(folder / "trust.json", TRUST)
    _json(folder / "caller.json", CALLER)
    return needed


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _packages(source: str) -> set[str]:
    """Top-level names that a source imports and Python itself does not have."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names
