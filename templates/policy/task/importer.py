"""Read your own cases: JSONL or CSV with the fields id, facts, question, rubric.

    rft import cases.jsonl --set confirm=yes --set shares=rescale

A rubric is a list of lines, or one text with a line per criterion, as rubrics are published:
    [+0.05] Jane's share of the ordinary income is $127,500
    [+0.10] ordinary_income_jane = $127,500            (names its figure)
    [+0.10] income_jane = $240,000 (part of ordinary income: $900,000)
    [+0.10] Says that the seller counts as the owner on the day of the sale
    [-0.10] Treats the guarantee as basis
A line with one amount ($) or one percentage (%) is graded by code: at once if it names its figure,
otherwise only when you confirm it with `--set confirm=yes`, since a sentence may hold a figure
that it is not about. Lines without a figure are decided by the judge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rft.task import Problem, TextError, csv_rows, field_problems, text_lines
from task.schema import Item, amounts, check_item
from task.tools.criteria import JUDGED_SHARE

OPTIONS = {
    "tolerance": "what an amount may be off, in cents (default 100); percentages: 0.01 %",
    "incomplete": "a case with lines that cannot be used: skip (default: leave it out) or rescale "
    "(keep it, with the other weights raised to a sum of 1)",
    "group": "part of the report that numeric criteria belong to (default allocation)",
    "confirm": "yes: lines with one figure are graded by code although they do not name it",
    "shares": "keep (default) or rescale: weights are changed so that the judged lines have the "
    "share of the points that grader.json gives the judge",
}

_DEFAULTS = {
    "tolerance": "100",
    "incomplete": "skip",
    "group": "allocation",
    "confirm": "no",
    "shares": "keep",
}
_CHOICES = {
    "incomplete": ("skip", "rescale"),
    "group": ("allocation", "basis", "distribution", "gain"),
    "confirm": ("no", "yes"),
    "shares": ("keep", "rescale"),
}
_NEAR = 1000
"""Parts that miss an amount by less than one part in this many are meant to add up to it."""
_PART = re.compile(r"\(part of ([^:()]+): \$([0-9][0-9,]*(?:\.[0-9]{1,2})?)\)\s*$")
_LINE = re.compile(r"\[\s*([+-])\s*([0-9]*\.?[0-9]+)\s*\]\s*(.+)")
_NAMED = re.compile(r"([a-z][a-z0-9_]*)\s*[:=]\s*(.+)")
_FIGURE = re.compile(
    r"(?P<minus>-|minus )?(?:\$(?P<usd>[0-9][0-9,]*(?:\.[0-9]{1,2})?)"
    r"|(?P<pct>[0-9]+(?:\.[0-9]{1,2})?)\s*%)"
)


def load(paths: list[Path], options: dict[str, str]) -> Iterator[dict[str, Any] | Problem]:
    """Rows (without messages) and problems, in the order of the input."""
    if wrong := sorted(set(options) - set(OPTIONS)):
        known = ", ".join(OPTIONS)
        yield Problem("", None, f"There is no option '{wrong[0]}'; the options are {known}.")
        return
    settings = {**_DEFAULTS, **options}
    if not settings["tolerance"].isdigit():
        given = settings["tolerance"]
        yield Problem("", None, f"Option tolerance is '{given}'; give a whole number of cents.")
        return
    for name, known_values in _CHOICES.items():
        if settings[name] not in known_values:
            choices = " or ".join(known_values)
            yield Problem("", None, f"Option {name} is '{settings[name]}'; give {choices}.")
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
        if path.suffix.lower() == ".csv":
            for line, row in csv_rows(path):
                yield line, {key: value for key, value in row.items() if key}
            return
        lines = list(text_lines(path))
    except TextError as error:
        yield Problem.of(error)
        return
    if path.suffix.lower() == ".jsonl":
        for number, written in lines:
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
            yield Problem(file, line, f"Field {name} is missing or is not text.")
            return
    rubric = case.get("rubric")
    lines = rubric.split("\n") if isinstance(rubric, str) else rubric
    if not isinstance(lines, list) or not all(isinstance(x, str) for x in lines):
        yield Problem(file, line, "Field rubric is not a list of lines like '[+0.05] condition'.")
        return
    criteria, figures, faults = _rubric([x for x in lines if x.strip()], settings)
    if not criteria or (faults and settings["incomplete"] != "rescale"):
        yield _problem(file, line, texts["id"], faults or ["It has no rubric."])
        return
    yield from (_problem(file, line, texts["id"], [fault]) for fault in faults)
    _find_parts(criteria, str(texts["facts"]))
    if faults or settings["shares"] == "rescale":
        _rescale(criteria, settings["shares"] == "rescale")
    gold = {
        c["figure"]: c["expected"]
        for c in criteria
        if c["kind"] == "numeric" and not c["weight"].startswith("-")
    }
    row = {
        **{name: str(text).strip() for name, text in texts.items()},
        "company": str(case.get("company") or texts["id"]),
        "entity": str(case.get("entity") or "imported"),
        "topic": str(case.get("topic") or "imported"),
        "style": str(case.get("style") or "imported"),
        "figures": list(figures.values()),
        "reference_answer": {
            "figures": [{"name": n, "value": v} for n, v in gold.items()],
            "missing": [],
            "citations": [],
            "analysis": str(case.get("analysis") or ""),
        },
        "rubric": criteria,
        "judged_text": "\n".join(
            f"{c['id']} [{c['weight']}] {c['text']}" for c in criteria if c["kind"] == "judged"
        ),
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
            faults.append(
                f"rubric line {number} is not of the form '[+0.05] condition'; write it so."
            )
            continue
        sign, weight, condition = match.groups()
        signed = f"-{weight}" if sign == "-" else weight
        part = _PART.search(condition)
        condition = condition[: part.start()].strip() if part else condition
        found = list(_FIGURE.finditer(condition))
        named = _NAMED.fullmatch(condition)
        if not found and not part:
            criteria.append(
                {
                    "kind": "judged",
                    "id": f"j{number:02d}",
                    "weight": signed,
                    "group": "law",
                    "text": condition,
                }
            )
            continue
        if fault := _unfit(number, len(found), sign, bool(named), settings["confirm"] == "yes"):
            faults.append(fault)
            continue
        name = named[1] if named else f"figure_{number:02d}"
        expected, unit = _value(found[0])
        # The prompt shows the description: it must not hold the answer.
        shown = (named[2] if named else condition).replace(found[0].group(), "___", 1)
        figures.setdefault(name, {"name": name, "unit": unit, "description": shown})
        criteria.append(
            {
                "kind": "numeric",
                "id": f"c{number:02d}",
                "weight": signed,
                "group": settings["group"],
                "figure": name,
                "expected": expected,
                "unit": unit,
                "tolerance": int(settings["tolerance"]) if unit == "cents" else 1,
                "part_of": part[1].strip() if part else "",
                "total": _cents(part[2]) if part else None,
                "text": condition,
            }
        )
    return criteria, figures, faults


def _unfit(number: int, figures: int, sign: str, named: bool, confirmed: bool) -> str:
    """Why a line cannot become a numeric criterion; "" if it can."""
    if figures != 1:
        return f"rubric line {number} holds {figures} figures; split it into one per line."
    if sign == "-" and not named:
        return (
            f"rubric line {number} takes points away: name its figure, as in "
            "'[-0.05] gain_jane = $0'."
        )
    if not named and not confirmed:
        return (
            f"rubric line {number} holds a figure without naming it; write 'name = figure', or say "
            "--set confirm=yes if code may grade it."
        )
    return ""


def _find_parts(criteria: list[dict[str, Any]], facts: str) -> None:
    """Mark in place the lines that say the same of several owners as parts of an item.

    They say the same if they differ only in the owner ("Jane's share of the income is ...", or
    income_jane), and are parts of an item if they add up, at least nearly, to an amount that the
    facts state. The check of the rubric finds whether they add up exactly.
    """
    alike: dict[str, list[dict[str, Any]]] = {}
    for c in criteria:
        if c["kind"] == "numeric" and c["unit"] == "cents" and not c["weight"].startswith("-"):
            said = _FIGURE.sub("", c["text"]).partition("'s ")[2]
            alike.setdefault(said.strip() or c["figure"].rpartition("_")[0], []).append(c)
    for name, parts in alike.items():
        added = sum(c["expected"] for c in parts)
        near = [a for a in amounts(facts) if abs(a - added) * _NEAR <= a]
        if name and near and len(parts) > 1 and not any(c["part_of"] for c in parts):
            total = min(near, key=lambda a: abs(a - added))
            for c in parts:
                c["part_of"], c["total"] = name, total


def _value(figure: re.Match[str]) -> tuple[int, str]:
    text, unit = (figure["usd"], "cents") if figure["usd"] else (figure["pct"], "percent_bp")
    value = _cents(text)
    return (-value if figure["minus"] else value), unit


def _cents(text: str) -> int:
    return int(Decimal(text.replace(",", "")) * 100)


def _rescale(criteria: list[dict[str, Any]], by_kind: bool) -> None:
    """Change the positive weights in place so that they sum to exactly 1, to four places; if
    `by_kind`, those of the judged criteria to the judge's share."""
    positive = [c for c in criteria if not c["weight"].startswith("-")]
    judged = [c for c in positive if c["kind"] == "judged"]
    numeric = [c for c in positive if c["kind"] != "judged"]
    if by_kind and judged and numeric:
        _scaled(judged, JUDGED_SHARE)
        _scaled(numeric, 1 - JUDGED_SHARE)
    else:
        _scaled(positive, Decimal(1))


def _scaled(criteria: list[dict[str, Any]], target: Decimal) -> None:
    total = sum((Decimal(c["weight"]) for c in criteria), Decimal(0))
    if not total:
        return
    weights = [
        (Decimal(c["weight"]) / total * target).quantize(Decimal("0.0001")) for c in criteria
    ]
    weights[-1] += target - sum(weights)
    for criterion, weight in zip(criteria, weights, strict=True):
        criterion["weight"] = str(weight)


def _checked(file: str, line: int, row: dict[str, Any]) -> Iterator[dict[str, Any] | Problem]:
    try:
        faults = check_item(Item.model_validate(row))
    except ValidationError as error:
        faults = [f"{problem}." for problem in field_problems(error, row)]
    yield _problem(file, line, row["id"], faults) if faults else row


def _problem(file: str, line: int, item_id: object, faults: list[str]) -> Problem:
    return Problem(file, line, f"'{item_id}': {' '.join(faults)}")
