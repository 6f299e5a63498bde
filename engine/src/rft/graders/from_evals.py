"""`rft import-eval`: graders of an OpenAI evals definition or a promptfoo config -> grader JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.errors import CheckError, UserError
from rft.files import write_text
from rft.findings import shown_path
from rft.graders.spec import parse_spec, problems
from rft.jsonl import read_text

_CHECKS = {
    "equals": "eq", "not-equals": "ne", "contains": "like", "icontains": "ilike",
}  # fmt: skip
_VARIABLE = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


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
    if "testing_criteria" in data:
        found = [(dict(c), 1.0, c.get("name") or c.get("type")) for c in data["testing_criteria"]]
        graders, left_out = _usable(found)
    else:
        found, left_out = _assertions(data, shown_path(source))
        graders, more = _usable(found)
        left_out += more
    if not graders:
        reasons = "; ".join(left_out) or "it has no graders"
        raise CheckError(f"{shown_path(source)}: no grader can be taken: {reasons}.")
    total = sum(weight for _, weight in graders.values())
    terms = [f"{weight / total:.6g}*{key}" for key, (_, weight) in graders.items()]
    only = next(iter(graders.values()))[0]
    multi = {
        "type": "multi",
        "name": str(data.get("name") or data.get("description") or "imported"),
        "graders": {key: grader for key, (grader, _) in graders.items()},
        "calculate_output": " + ".join(terms),
    }
    alone = len(graders) == 1 and only["type"] != "label_model"
    write_text(target, json.dumps(only if alone else multi, indent=2, ensure_ascii=False) + "\n")
    return ImportedGrader(target, list(graders), left_out)


def _read(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        data = json.loads(text)
    except ValueError:
        try:
            import yaml  # type: ignore[import-untyped, unused-ignore]
        except ImportError:
            raise UserError(
                f"{shown_path(path)} is not JSON, and YAML needs PyYAML; pip install pyyaml."
            ) from None
        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError:
            raise UserError(f"{shown_path(path)} is neither JSON nor YAML; fix it.") from None
    known = {"testing_criteria", "tests", "defaultTest", "assert"}
    if not isinstance(data, dict) or not known & data.keys():
        raise UserError(
            f"{shown_path(path)} is neither an eval (testing_criteria) nor a promptfoo config "
            "(tests); name another file."
        )
    return data


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
            faults = [str(error)]
        if faults:
            left_out.append(f"'{label}' ({grader.get('type')}): {faults[0].rstrip('.')}")
        else:
            graders[key] = (own, weight)
    return graders, left_out


def _assertions(
    config: Mapping[str, Any], file: str
) -> tuple[list[tuple[dict[str, Any], float, Any]], list[str]]:
    """The assertions of a promptfoo config as graders; those all tests share are taken once."""
    tests = config.get("tests")
    lists = [(config.get("defaultTest") or {}).get("assert"), config.get("assert")]
    left_out = []
    if isinstance(tests, list):
        lists += [t.get("assert") for t in tests if isinstance(t, Mapping)]
    elif tests:
        left_out.append(f"tests in {tests!r}: they stand in another file; only {file} is read")
    found: list[tuple[dict[str, Any], float, Any]] = []
    seen: set[str] = set()
    for assertion in (one for group in lists for one in group or []):
        text = json.dumps(assertion, sort_keys=True, default=str)
        kind = assertion.get("type")
        if text in seen:
            continue
        seen.add(text)
        label = assertion.get("metric") or kind
        value = assertion.get("value")
        if kind not in _CHECKS or not isinstance(value, str) or value.startswith("file://"):
            reason = "the contract has no such grader; write it in task/grader.py"
            left_out.append(f"'{label}' ({kind}): {reason}")
            continue
        grader = {
            "type": "string_check",
            "operation": _CHECKS[kind],
            "input": "{{sample.output_text}}",
            "reference": _VARIABLE.sub(r"{{item.\1}}", value),
        }
        found.append((grader, float(assertion.get("weight", 1.0)), label))
    return found, left_out
