"""`rft import-eval`: graders of an OpenAI evals definition or a promptfoo config -> grader JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from rft.errors import CheckError, UserError
from rft.files import write_text
from rft.findings import shown_path
from rft.graders.spec import parse_spec, problems
from rft.jsonl import read_text
from rft.validation import sentence

_CHECKS = {
    "equals": "eq", "not-equals": "ne", "contains": "like", "icontains": "ilike",
}  # fmt: skip
_VARIABLE = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


class _Check(BaseModel):
    """An assertion of promptfoo."""

    type: str
    value: Any = None
    metric: str | None = None
    weight: float = Field(1.0, ge=0.0, allow_inf_nan=False)


class _Test(BaseModel):
    """A test of promptfoo, as far as it says what is checked; or the file that holds it."""

    checks: list[_Check] = Field(default_factory=list, alias="assert")
    elsewhere: str = ""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return {"elsewhere": value} if isinstance(value, str) else _without_nulls(value)


class _Definition(BaseModel):
    """An eval of OpenAI's API (`testing_criteria`) or a promptfoo config."""

    name: Any = None
    description: Any = None
    testing_criteria: list[dict[str, Any]] = Field(default_factory=list)
    checks: list[_Check] = Field(default_factory=list, alias="assert")
    shared: _Test | None = Field(None, alias="defaultTest")
    tests: list[_Test] = Field(default_factory=list)

    @field_validator("tests", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [str(value)] if isinstance(value, str | dict) else value


def _without_nulls(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


@dataclass(frozen=True)
class ImportedGrader:
    """What was taken. Prints as the lines of `rft import-eval`."""

    path: Path
    taken: list[str]
    """Keys of the graders."""
    left_out: list[str]
    """What is not of the contract, a sentence each."""

    def lines(self) -> list[str]:
        """The summary, a line each."""
        return [
            f"{shown_path(self.path)}: {', '.join(self.taken)}; the reward is their weighted mean",
            *(f"left out: {sentence}" for sentence in self.left_out),
            "next: compare it with task/grader.json, put it there, and run rft check",
        ]


def import_eval(source: Path, target: Path) -> ImportedGrader:
    """Write the graders of `source` into `target` as one grader JSON.

    `source`: an eval as OpenAI's API returns it (`testing_criteria`), or a promptfoo config with
    assertions, as JSON or YAML. Raises UserError for another file, or when `target` exists;
    CheckError when no grader can be taken.
    """
    if target.exists():
        raise UserError(f"{shown_path(target)} exists; name another file with --output.")
    data = _read(source)
    criteria = [(c, 1.0, c.get("name") or c.get("type")) for c in data.testing_criteria]
    checks, left_out = _assertions(data, shown_path(source))
    graders, more = _usable([*criteria, *checks])
    left_out += more
    if not graders:
        reasons = "; ".join(left_out) or "it has no graders"
        raise CheckError(f"{shown_path(source)}: no grader can be taken: {reasons}.")
    total = sum(weight for _, weight in graders.values())
    terms = [f"{weight / total:.6g}*{key}" for key, (_, weight) in graders.items()]
    only = next(iter(graders.values()))[0]
    multi = {
        "type": "multi",
        "name": str(data.name or data.description or "imported"),
        "graders": {key: grader for key, (grader, _) in graders.items()},
        "calculate_output": " + ".join(terms),
    }
    alone = len(graders) == 1 and only["type"] != "label_model"
    write_text(target, json.dumps(only if alone else multi, indent=2, ensure_ascii=False) + "\n")
    return ImportedGrader(target, list(graders), left_out)


def _read(path: Path) -> _Definition:
    text = read_text(path)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        try:
            import yaml  # type: ignore[import-untyped, unused-ignore]
        except ImportError:
            raise UserError(
                f"{shown_path(path)} is not JSON, and YAML needs PyYAML; pip install pyyaml."
            ) from None
        try:
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise UserError(f"{shown_path(path)} is neither JSON nor YAML; fix it.") from None
    known = {"testing_criteria", "tests", "defaultTest", "assert"}
    if not isinstance(data, dict) or not known & data.keys():
        raise UserError(
            f"{shown_path(path)} is neither an eval (testing_criteria) nor a promptfoo config "
            "(tests); name another file."
        )
    try:
        return _Definition.model_validate(_without_nulls(data))
    except ValidationError as error:
        raise UserError(f"{shown_path(path)}: {sentence(error, data)}.") from None


def _usable(
    found: list[tuple[dict[str, Any], float, Any]],
) -> tuple[dict[str, tuple[dict[str, Any], float]], list[str]]:
    """Graders of the contract by a key that a formula can name; why others are left out."""
    graders: dict[str, tuple[dict[str, Any], float]] = {}
    left_out: list[str] = []
    for grader, weight, label in found:
        key = base = re.sub(r"\W+", "_", str(label)).strip("_").lower() or "grader"
        if not key.isidentifier():
            key = base = f"g_{key}"
        number = 2
        while key in graders:
            key, number = f"{base}_{number}", number + 1
        own = {k: v for k, v in grader.items() if k != "id" and v is not None}
        own.setdefault("name", key)
        try:
            spec = parse_spec(
                {"type": "multi", "graders": {key: own}, "calculate_output": key}, "it"
            )
            faults = problems(spec)
        except UserError as error:
            faults = [str(error).removeprefix("it: graders.").removeprefix(f"{key}.")]
        if faults:
            left_out.append(f"'{label}' ({grader.get('type')}): {faults[0].rstrip('.')}")
        else:
            graders[key] = (own, weight)
    return graders, left_out


def _assertions(
    config: _Definition, file: str
) -> tuple[list[tuple[dict[str, Any], float, str]], list[str]]:
    """(graders, sentences on what is left out) of the assertions that hold for every test.

    One that only some tests have cannot be a grader, which scores every row.
    """
    tests = [test for test in (config.shared, *config.tests) if test]
    left_out = [
        f"{test.elsewhere!r} is another file; only {file} is read"
        for test in tests
        if test.elsewhere
    ]
    shared = [*(config.shared.checks if config.shared else ()), *config.checks]
    per_test = [test.checks for test in config.tests if not test.elsewhere]
    always = {repr(check) for check in shared}
    if per_test:
        always |= set.intersection(*({repr(check) for check in checks} for checks in per_test))
    every = [*shared, *chain.from_iterable(per_test)]
    found = []
    for text, check in {repr(check): check for check in every}.items():
        label = check.metric or check.type
        if reason := _reason(check, everywhere=text in always):
            left_out.append(f"'{label}' ({check.type}): {reason}")
            continue
        grader = {
            "type": "string_check",
            "operation": _CHECKS[check.type],
            "input": "{{sample.output_text}}",
            "reference": _VARIABLE.sub(r"{{item.\1}}", check.value),
        }
        found.append((grader, check.weight, label))
    return found, left_out


def _reason(check: _Check, *, everywhere: bool) -> str:
    """Why an assertion cannot be taken; empty if it can."""
    if check.type not in _CHECKS:
        return "the contract has no such grader; write it in task/grader.py"
    if not isinstance(check.value, str) or check.value.startswith("file://"):
        return f"its value {check.value!r:.40} is not text; write it in task/grader.py"
    if not everywhere:
        return "only some tests have it; put its value into the rows and use {{item.FIELD}}"
    return "" if check.weight else "its weight is 0"
