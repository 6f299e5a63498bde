"""What makes a rubric sound: checked for every row by `rft check`.

A problem is one sentence; what follows its last semicolon is the remedy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from task.grader import grade, verdicts

if TYPE_CHECKING:
    from task.schema import Criterion, Item

CALIBRATION = Path(__file__).parent / "calibration.jsonl"
JUDGED_SHARE = Decimal("0.30")
"""The judged part of the positive weights, the same in every case: grader.json weighs the two
graders with constants."""

MISSING = {
    "opening_basis": "what an owner's basis was when the year began",
    "sale_price": "what was paid for shares or an interest",
    "sale_date": "the day on which shares or an interest were sold",
    "books_at_sale": "the results of the periods before and after a sale",
    "shares_held": "who holds how much",
    "loan_amount": "what an owner has lent",
    "aaa": "the accumulated adjustments account",
    "earnings_and_profits": "accumulated earnings and profits",
    "liabilities": "an owner's share of the liabilities",
    "capital_accounts": "the capital accounts",
}
"""What a case may lack, by the code that an answer lists."""

_SECOND_CLAIM = re.compile(
    r"[;]|[.?!] +[A-Z]|\b(?:and|but|or)\b,? (?:also |then |that |it )*(?:says?|states?|names?|"
    r"cites?|explains?|computes?|treats?|applies|notes?|concludes?|asks?|allocates?|reports?|reduces?)\b",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(
    r"\b(?:U\.S|Reg|Treas|Sec|Rev|Rul|No|Nos|Inc|Co|e\.g|i\.e|v)\.", re.IGNORECASE
)
_AMOUNT = re.compile(r"\$[0-9]|[0-9] ?%")


def problems(item: Item, answers: list[dict[str, Any]]) -> list[str]:
    """All that is wrong with a row. `answers`: calibration answers, of other rows as well."""
    return [
        *_names(item),
        *_weights(item),
        *_atoms(item),
        *_conservation(item),
        *_reference(item),
        *_discrimination(item, answers),
    ]


def judged_text(rubric: list[Criterion]) -> str:
    """What the judge reads of a rubric."""
    return "\n".join(f"{c.id} [{c.weight}] {c.text}" for c in rubric if c.kind == "judged")


def weight(criterion: Criterion) -> Decimal:
    """The weight as a number; NaN when it is none."""
    try:
        return Decimal(criterion.weight)
    except InvalidOperation:
        return Decimal("NaN")


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _names(item: Item) -> Iterator[str]:
    asked = [f.name for f in item.figures]
    for name in _twice(asked):
        yield f"The figure '{name}' is asked for twice; names must be unique."
    for name in _twice([c.id for c in item.rubric]):
        yield f"Two criteria have the id '{name}'; ids must be unique."
    scored = {c.figure for c in item.rubric if c.kind == "numeric"}
    for name in sorted(scored - set(asked)):
        yield f"A criterion is about the figure '{name}', which is not asked for; ask for it."
    for name in [name for name in asked if name not in scored]:
        yield f"The figure '{name}' is asked for, but no criterion scores it; add one."
    for c in item.rubric:
        if c.kind == "missing" and (unknown := sorted(set(c.expected) - set(MISSING))):
            yield f"Criterion '{c.id}' expects the code '{unknown[0]}'; use one of MISSING."
    if item.judged_text != judged_text(item.rubric):
        yield "Field judged_text is not what judged_text(rubric) gives; copy the criteria again."


def _weights(item: Item) -> Iterator[str]:
    sums = {True: Decimal(0), False: Decimal(0)}
    sound = True
    for c in item.rubric:
        if not (value := weight(c)).is_finite() or value == 0:
            sound = False
            yield (
                f"Criterion '{c.id}' has the weight '{c.weight}'; write a decimal other than zero, "
                "as '0.10'."
            )
        elif value > 0:
            sums[c.kind == "judged"] += value
    if sound and (total := sum(sums.values())) != 1:
        yield f"The positive weights of the rubric sum to {total}, not to 1.00; correct them."
    elif sound and not sums[True]:
        yield (
            "No criterion with points is judged, but grader.json gives the judge "
            f"{JUDGED_SHARE} of them; add a line without a figure."
        )
    elif sound and sums[True] != JUDGED_SHARE:
        yield (
            f"The judged criteria have {sums[True]} of the positive weights, not {JUDGED_SHARE}, "
            "which grader.json counts on; shift weight between numeric and judged criteria."
        )


def _atoms(item: Item) -> Iterator[str]:
    for c in item.rubric:
        text = _ABBREVIATION.sub("", c.text)
        if c.kind == "judged" and (found := _SECOND_CLAIM.search(text.rstrip(". "))):
            yield (
                f"Criterion '{c.id}' seems to make two claims ('{found[0].strip()}' in "
                f"'{c.text[:70]}'); split it into one criterion each."
            )
        if c.kind == "numeric" and len(_AMOUNT.findall(c.text)) > 1:
            yield (
                f"Criterion '{c.id}' holds {len(_AMOUNT.findall(c.text))} figures ('{c.text[:70]}')"
                "; split it into one criterion each."
            )


def _conservation(item: Item) -> Iterator[str]:
    """Parts of a stated total add up to it, within the least tolerance of the parts."""
    items: dict[str, list[Any]] = {}
    for c in item.rubric:
        if c.kind == "numeric" and c.part_of and not c.weight.startswith("-"):
            items.setdefault(c.part_of, []).append(c)
    for name, parts in items.items():
        totals = {c.total for c in parts}
        if len(totals) > 1 or None in totals:
            yield f"The parts of '{name}' name no common total; give all the same `total`."
            continue
        (total,) = totals
        added = sum(c.expected or 0 for c in parts)
        if abs(added - total) > min(c.tolerance for c in parts):
            listed, unit = ", ".join(c.id for c in parts), parts[0].unit
            yield (
                f"The parts of '{name}' ({listed}) add up to {_shown(added, unit)}, not to the "
                f"total of {_shown(total, unit)}, as if a share had been rounded before it was "
                "multiplied; work the parts out again from exact fractions."
            )


def _shown(value: int, unit: str) -> str:
    if unit == "cents":
        return f"${value / 100:,.2f}"
    return f"{value / 100:.2f} %" if unit == "percent_bp" else str(value)


def _reference(item: Item) -> Iterator[str]:
    """Gold earns all that code gives, the empty answer nothing."""
    answer = item.reference_answer
    names = [v.name for v in answer.figures]
    for name in _twice(names):
        yield f"The gold answer names the figure '{name}' twice; give it once."
    for name in sorted(set(names) - {f.name for f in item.figures}):
        yield f"The gold answer holds '{name}', which is not asked for; remove it."
    row = item.model_dump(mode="json")
    met = verdicts({"output_text": answer.model_dump_json()}, row)
    given = {v.name: v.value for v in answer.figures}
    for c in item.rubric:
        if c.kind == "judged" or met.get(c.id) is (not c.weight.startswith("-")):
            continue
        verb = "meets the negative" if met.get(c.id) else "does not meet"
        found = f"{c.figure} is {given.get(c.figure, 'not given')}" if c.kind == "numeric" else ""
        found = found or f"missing is {answer.missing}"
        yield (
            f"The gold answer {verb} criterion '{c.id}': {found}, expected {c.expected}; correct "
            "the answer or the criterion."
        )
    for text in ("", "{}", '{"figures": [], "missing": [], "citations": [], "analysis": ""}'):
        if grade({"output_text": text}, row) != 0:
            yield "An empty answer earns points; remove the criterion that it meets."
            break


def _discrimination(item: Item, answers: list[dict[str, Any]]) -> Iterator[str]:
    """Each criterion tells at least two of the calibration answers of its row apart."""
    lines = [line for line in answers if line["item_id"] == item.id]
    if not lines:
        return
    row = item.model_dump(mode="json")
    told = [verdicts({"output_text": x["output_text"]}, row) | x["labels"] for x in lines]
    for c in item.rubric:
        found = {met.get(c.id) for met in told}
        if found != {True, False}:
            why = "none says whether it is met" if None in found else f"all say {found.pop()}"
            yield (
                f"Criterion '{c.id}' tells no calibration answers apart ({why}); mend the answers "
                "of this row in calibration.jsonl or the criterion."
            )


@cache
def calibration(path: Path) -> list[dict[str, Any]]:
    """The calibration answers, [] when there is no such file. Lines that are no JSON object with
    item_id, output_text and labels are left out: `rft judge` names them."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            answer = json.loads(line)
            complete = {"item_id", "output_text", "labels"} <= set(answer)
        except (ValueError, TypeError):
            continue
        if complete and isinstance(answer["labels"], dict):
            found.append(answer)
    return found
