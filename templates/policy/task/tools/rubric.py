"""Checks that a rubric is sound; `rft check` runs them on every row.

A finding is one sentence; the text after its last semicolon is the remedy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from task.grader import grade, verdicts
from task.tools.criteria import JUDGED_SHARE, MISSING, Criterion, Numeric

Rubric = Sequence[Criterion]

_SECOND_CLAIM = re.compile(
    r"[;]|[.?!] +[A-Z]|\b(?:and|but|or)\b,? (?:also |then |that |it )*(?:says?|states?|names?|"
    r"cites?|explains?|computes?|treats?|applies|notes?|concludes?|asks?|allocates?|reports?|reduces?)\b",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(
    r"\b(?:U\.S|Reg|Treas|Sec|Rev|Rul|No|Nos|Inc|Co|e\.g|i\.e|v)\.", re.IGNORECASE
)
_AMOUNT = re.compile(r"\$[0-9]|[0-9] ?%")
_EMPTY_ANSWERS = ("", "{}", '{"figures": [], "missing": [], "citations": [], "analysis": ""}')


def problems(rubric: Rubric, row: dict[str, Any], examples: list[dict[str, Any]]) -> list[str]:
    """Return all that is wrong with the rubric of one case.

    `row` is the whole row as a grader gets it, with the figures asked for and the reference answer;
    `examples` are the calibration answers of this row (lines of calibration.jsonl; often none).
    """
    asked = [figure["name"] for figure in row["figures"]]
    return [
        *_names(rubric, asked),
        *_weights(rubric),
        *_single_claims(rubric),
        *_totals(rubric),
        *_reference(rubric, row, asked),
        *_empty(row),
        *_discrimination(rubric, row, examples),
    ]


def _repeated(names: list[str]) -> list[str]:
    """The names that occur more than once, sorted."""
    return sorted({name for name in names if names.count(name) > 1})


def _names(rubric: Rubric, asked: list[str]) -> Iterator[str]:
    for name in _repeated(asked):
        yield f"The figure '{name}' is asked for twice; names must be unique."
    for name in _repeated([c.id for c in rubric]):
        yield f"Two criteria have the id '{name}'; ids must be unique."
    scored = {c.figure for c in rubric if c.kind == "numeric"}
    for name in sorted(scored - set(asked)):
        yield f"A criterion is about the figure '{name}', which is not asked for; ask for it."
    for name in [name for name in asked if name not in scored]:
        yield f"The figure '{name}' is asked for, but no criterion scores it; add one."
    for c in rubric:
        if c.kind == "missing" and (unknown := sorted(set(c.expected) - set(MISSING))):
            yield f"Criterion '{c.id}' expects the code '{unknown[0]}'; use one of MISSING."


def _weights(rubric: Rubric) -> Iterator[str]:
    sums = {True: Decimal(0), False: Decimal(0)}
    readable = True
    for c in rubric:
        value = _weight(c)
        if not value.is_finite() or value == 0:
            readable = False
            yield (
                f"Criterion '{c.id}' has the weight '{c.weight}'; write a decimal other than zero, "
                "such as '0.10'."
            )
        elif value > 0:
            sums[c.kind == "judged"] += value
    if readable and (total := sum(sums.values())) != 1:
        yield f"The positive weights of the rubric sum to {total}, not to 1.00; correct them."
    elif readable and not sums[True]:
        yield (
            "No criterion with points is judged, but grader.json gives the judge "
            f"{JUDGED_SHARE} of them; add a line without a figure."
        )
    elif readable and sums[True] != JUDGED_SHARE:
        yield (
            f"The judged criteria have {sums[True]} of the positive weights, not {JUDGED_SHARE}, "
            "which grader.json counts on; shift weight between numeric and judged criteria."
        )


def _weight(criterion: Criterion) -> Decimal:
    """The weight as a number; NaN when it is not one."""
    try:
        return Decimal(criterion.weight)
    except InvalidOperation:
        return Decimal("NaN")


def _single_claims(rubric: Rubric) -> Iterator[str]:
    """A judged criterion makes one claim, a numeric one holds one figure."""
    for c in rubric:
        text = _ABBREVIATION.sub("", c.text)
        if c.kind == "judged" and (match := _SECOND_CLAIM.search(text.rstrip(". "))):
            yield (
                f"Criterion '{c.id}' seems to make two claims ('{match[0].strip()}' in "
                f"'{c.text[:70]}'); split it into one criterion each."
            )
        if c.kind == "numeric" and len(_AMOUNT.findall(c.text)) > 1:
            yield (
                f"Criterion '{c.id}' holds {len(_AMOUNT.findall(c.text))} figures ('{c.text[:70]}')"
                "; split it into one criterion each."
            )


def _totals(rubric: Rubric) -> Iterator[str]:
    """Parts of a stated total add up to it, within the smallest tolerance of the parts."""
    divided: dict[str, list[Numeric]] = {}
    for c in rubric:
        if c.kind == "numeric" and c.part_of and not c.weight.startswith("-"):
            divided.setdefault(c.part_of, []).append(c)
    for name, parts in divided.items():
        total = parts[0].total
        if total is None or any(c.total != total for c in parts):
            yield f"The parts of '{name}' name no common total; give all of them the same `total`."
            continue
        added = sum(c.expected or 0 for c in parts)
        if abs(added - total) > min(c.tolerance for c in parts):
            listed, unit = ", ".join(c.id for c in parts), parts[0].unit
            yield (
                f"The parts of '{name}' ({listed}) add up to {shown_value(added, unit)}, not to "
                f"the total of {shown_value(total, unit)}, as if a share had been rounded before "
                "it was multiplied; work the parts out again from exact fractions."
            )


def shown_value(value: int, unit: str) -> str:
    """A figure as people write it: 123456 cents are "$1,234.56"."""
    if unit == "cents":
        return f"{'-' if value < 0 else ''}${abs(value) / 100:,.2f}"
    return f"{value / 100:.2f} %" if unit == "percent_bp" else str(value)


def _reference(rubric: Rubric, row: dict[str, Any], asked: list[str]) -> Iterator[str]:
    """The reference answer earns all that code gives."""
    reference = row["reference_answer"]
    values = {figure["name"]: figure["value"] for figure in reference["figures"]}
    for name in _repeated([figure["name"] for figure in reference["figures"]]):
        yield f"The reference answer names the figure '{name}' twice; give it once."
    for name in sorted(set(values) - set(asked)):
        yield f"The reference answer holds '{name}', which is not asked for; remove it."
    met = verdicts({"output_json": reference}, row)
    for c in rubric:
        if c.kind == "judged" or met.get(c.id) is (not c.weight.startswith("-")):
            continue
        verb = "meets the negative" if met.get(c.id) else "does not meet"
        if c.kind == "numeric":
            given = f"{c.figure} is {values.get(c.figure, 'not given')}"
        else:
            given = f"missing is {reference['missing']}"
        yield (
            f"The reference answer {verb} criterion '{c.id}': {given}, expected {c.expected}; "
            "correct the answer or the criterion."
        )


def _empty(row: dict[str, Any]) -> Iterator[str]:
    if any(grade({"output_text": text}, row) != 0 for text in _EMPTY_ANSWERS):
        yield "An empty answer earns points; remove the criterion that it meets."


def _discrimination(
    rubric: Rubric, row: dict[str, Any], examples: list[dict[str, Any]]
) -> Iterator[str]:
    """Each criterion is met by one of the calibration answers at least, and not met by another."""
    if not examples:
        return
    labelled = [verdicts({"output_text": x["output_text"]}, row) | x["labels"] for x in examples]
    for c in rubric:
        labels = {met.get(c.id) for met in labelled}
        if labels != {True, False}:
            why = "one does not say" if None in labels else f"all say {labels.pop()}"
            yield (
                f"Criterion '{c.id}' does not tell the calibration answers apart ({why}); correct "
                "the answers of this row in calibration.jsonl, or the criterion."
            )


@cache
def calibration(path: Path) -> list[dict[str, Any]]:
    """Return the calibration answers of a file, or [] when the file cannot be read.

    Lines that are not a JSON object with item_id, output_text and labels are left out: `rft judge`
    reports them.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError:
        return []
    answers = []
    for line in lines:
        try:
            answer = json.loads(line)
            complete = {"item_id", "output_text", "labels"} <= set(answer)
        except (ValueError, TypeError):
            continue
        if complete and isinstance(answer["labels"], dict):
            answers.append(answer)
    return answers
