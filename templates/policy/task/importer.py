"""Reads your own cases: JSONL or CSV with the fields id, facts, question, rubric.

    rft import cases.jsonl --set incomplete=rescale

A rubric is a list of lines, or one text with a line per criterion, as rubrics are published:
    [+0.05] Jane's share of the ordinary income is $127,500
    [+0.10] ordinary_income_jane = $127,500            (names its figure)
A line with one amount ($) or one percentage (%) becomes a numeric criterion. A line without a
figure needs a judge, which this template does not have yet: it is listed as a problem.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from task.schema import Item, check_item

OPTIONS = {
    "tolerance": "what an amount may be off, in cents (default 100); percentages: 0.01 %",
    "incomplete": "what lines that cannot be used cost: skip (default: the whole case) or rescale "
    "(the other weights are raised to a sum of 1)",
    "group": "part of the report that imported criteria belong to (default allocation)",
}

_DEFAULTS = {"tolerance": "100", "incomplete": "skip", "group": "allocation"}
_LINE = re.compile(r"\[\s*([+-])\s*([0-9]*\.?[0-9]+)\s*\]\s*(.+)")
_NAMED = re.compile(r"([a-z][a-z0-9_]*)\s*[:=]\s*(.+)")
_FIGURE = re.compile(
    r"(?P<minus>-|minus )?(?:\$(?P<usd>[0-9][0-9,]*(?:\.[0-9]{1,2})?)"
    r"|(?P<pct>[0-9]+(?:\.[0-9]{1,2})?)\s*%)"
)


@dataclass(frozen=True)
class Problem:
    """One bad input; `line` is None when the whole file is meant."""

    file: str
    line: int | None
    message: str


def load(paths: list[Path], options: dict[str, str]) -> Iterator[dict[str, Any] | Problem]:
    """Rows (without messages) and problems, in the order of the input."""
    if wrong := sorted(set(options) - set(OPTIONS)):
        known = ", ".join(OPTIONS)
        yield Problem("", None, f"There is no option '{wrong[0]}'; the options are {known}.")
        return
    settings = {**_DEFAULTS, **options}
    if not settings["tolerance"].isdigit():
        said = settings["tolerance"]
        yield Problem("", None, f"Option tolerance is '{said}'; give a whole number of cents.")
        return
    for path in paths:
        for found in _cases(path):
            if isinstance(found, Problem):
                yield found
            else:
                yield from _row(str(path), *found, settings)


def _cases(path: Path) -> Iterator[tuple[int, dict[str, Any]] | Problem]:
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        yield Problem(file, None, f"Not UTF-8 (byte {error.start}); save it as UTF-8.")
        return
    except OSError as error:
        yield Problem(file, None, f"Cannot be read: {error.strerror}.")
        return
    if path.suffix.lower() == ".csv":
        reader = csv.DictReader(text.splitlines(keepends=True))
        last = 1
        for row in reader:
            line, last = last + 1, reader.line_num
            yield line, {key: value for key, value in row.items() if key}
    elif path.suffix.lower() == ".jsonl":
        for number, written in enumerate(text.splitlines(), 1):
            if not written.strip():
                continue
            try:
                case = json.loads(written)
            except (ValueError, RecursionError):
                yield Problem(file, number, "This line is not JSON.")
                continue
            if isinstance(case, dict):
                yield number, case
            else:
                yield Problem(file, number, "This line is JSON, but not an object.")
    else:
        yield Problem(file, None, "Give a .jsonl or .csv file of cases.")


def _row(
    file: str, line: int, case: dict[str, Any], settings: dict[str, str]
) -> Iterator[dict[str, Any] | Problem]:
    texts = {name: case.get(name) for name in ("id", "facts", "question")}
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            yield Problem(file, line, f"Field {name} is missing or no text.")
            return
    rubric = case.get("rubric")
    lines = rubric.splitlines() if isinstance(rubric, str) else rubric
    if not isinstance(lines, list) or not all(isinstance(x, str) for x in lines):
        yield Problem(file, line, "Field rubric is not a list of lines like '[+0.05] condition'.")
        return
    criteria, figures, faults = _rubric([x for x in lines if x.strip()], settings)
    for fault in faults:
        yield Problem(file, line, f"'{texts['id']}': {fault}")
    if not criteria or (faults and settings["incomplete"] != "rescale"):
        why = f"{len(faults)} rubric line(s) cannot be used" if faults else "it has no rubric"
        yield Problem(file, line, f"'{texts['id']}' is left out: {why}.")
        return
    if faults:
        _rescale(criteria)
    gold = {c["figure"]: c["expected"] for c in criteria if not c["weight"].startswith("-")}
    row = {
        **{name: str(text).strip() for name, text in texts.items()},
        "company": str(case.get("company") or texts["id"]),
        "topic": str(case.get("topic") or "imported"),
        "style": str(case.get("style") or "imported"),
        "figures": list(figures.values()),
        "reference_answer": {"figures": [{"name": n, "value": v} for n, v in gold.items()]},
        "rubric": criteria,
        "provenance": f"imported from {Path(file).name}",
    }
    yield from _checked(file, line, row)


def _rubric(
    lines: list[str], settings: dict[str, str]
) -> tuple[list[dict[str, Any]], dict[str, dict[str, str]], list[str]]:
    """Criteria, figures by name, and one sentence for each line that cannot be used."""
    criteria: list[dict[str, Any]] = []
    figures: dict[str, dict[str, str]] = {}
    faults: list[str] = []
    for number, text in enumerate(lines, 1):
        match = _LINE.fullmatch(text.strip())
        if not match:
            faults.append(f"rubric line {number} is not of the form '[+0.05] condition'.")
            continue
        sign, weight, condition = match.groups()
        found = list(_FIGURE.finditer(condition))
        named = _NAMED.fullmatch(condition)
        if len(found) != 1:
            faults.append(
                f"rubric line {number} holds {len(found)} figures; split it into one per line."
                if found
                else f"rubric line {number} holds no figure, so a judge would have to decide it."
            )
            continue
        if sign == "-" and not named:
            faults.append(
                f"rubric line {number} takes points away: name its figure, as in "
                "'[-0.05] gain_jane = $0'."
            )
            continue
        name = named[1] if named else f"figure_{number:02d}"
        expected, unit = _value(found[0])
        # The prompt shows the description: it must not hold the answer.
        shown = (named[2] if named else condition).replace(found[0].group(), "___", 1)
        figures.setdefault(name, {"name": name, "unit": unit, "description": shown})
        criteria.append(
            {
                "id": f"c{number:02d}",
                "weight": f"-{weight}" if sign == "-" else weight,
                "kind": "numeric",
                "group": settings["group"],
                "figure": name,
                "expected": expected,
                "tolerance": int(settings["tolerance"]) if unit == "cents" else 1,
                "text": condition,
            }
        )
    return criteria, figures, faults


def _value(figure: re.Match[str]) -> tuple[int, str]:
    text, unit = (figure["usd"], "cents") if figure["usd"] else (figure["pct"], "percent_bp")
    value = int(Decimal(text.replace(",", "")) * 100)
    return (-value if figure["minus"] else value), unit


def _rescale(criteria: list[dict[str, Any]]) -> None:
    """Raises the positive weights in place to a sum of exactly 1, to four places."""
    positive = [c for c in criteria if not c["weight"].startswith("-")]
    total = sum((Decimal(c["weight"]) for c in positive), Decimal(0))
    if not total:
        return
    scaled = [(Decimal(c["weight"]) / total).quantize(Decimal("0.0001")) for c in positive]
    scaled[-1] += 1 - sum(scaled)
    for criterion, weight in zip(positive, scaled, strict=True):
        criterion["weight"] = str(weight)


def _checked(file: str, line: int, row: dict[str, Any]) -> Iterator[dict[str, Any] | Problem]:
    try:
        found = check_item(Item.model_validate(row))
    except ValidationError as error:
        found = [f"Field {'.'.join(map(str, e['loc']))}: {e['msg']}." for e in error.errors()]
    for message in found:
        yield Problem(file, line, f"'{row['id']}': {message}")
    if not found:
        yield row
