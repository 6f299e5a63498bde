"""What a row holds, what the model must answer, and the prompt that asks for it."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Unit = Literal["cents", "percent_bp", "days", "count"]

GROUP_FIELD = "company"
"""Rows about the same company must not stand in two splits."""

GROUPS = ("allocation", "basis", "distribution", "gain")


class Strict(BaseModel):
    """A model that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Figure(Strict):
    """A named quantity; in an Item what is asked for."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    unit: Unit
    description: str


class Value(Strict):
    """A named quantity with its value, an integer in the unit of the figure."""

    name: str
    value: int


class Criterion(Strict):
    """One line of a rubric: met when the answer's figure is within `tolerance` of `expected`."""

    id: str
    weight: str
    """Decimal string; positive weights of a rubric sum to exactly 1, negative ones are allowed."""
    kind: Literal["numeric"] = "numeric"
    group: Literal["allocation", "basis", "distribution", "gain"]
    figure: str
    expected: int
    tolerance: int = Field(ge=0)
    text: str


class Reference(Strict):
    """The gold answer."""

    figures: list[Value]
    analysis: str = ""
    """The rules the figures rest on; a model answer, not graded so far."""


class Item(Strict):
    """One case."""

    id: str = Field(min_length=1)
    company: str
    topic: str
    style: str
    facts: str = Field(min_length=1)
    question: str
    figures: list[Figure] = Field(min_length=1)
    reference_answer: Reference
    rubric: list[Criterion]
    provenance: str = ""
    messages: list[dict[str, str]] = Field(default_factory=list)


class Answer(Strict):
    """What the model answers: every figure once, and the reasoning with its sections."""

    figures: list[Value]
    analysis: str


INSTRUCTIONS = """\
You are a US federal tax adviser. Work out the figures asked for from the facts.
Conventions:
- The law is that of the taxable year in the facts (calendar years). Amounts in the facts are exact.
- Money is an integer number of cents: $1,234.56 is 123456. percent_bp is hundredths of a percent.
- An item divided among shareholders is rounded to cents so that the parts add up to the item: \
round each part down, then give the missing cents to the largest remainders. Later steps use the \
rounded parts.
- The seller counts as the shareholder on the day of the sale (Reg. 1.1377-1(a)(2)(ii)).
- Losses, deductions and distributions are positive numbers unless a figure says otherwise.
- No election was made except where the facts state a valid one.
Answer with JSON only: {"figures": [{"name": "...", "value": 0}, ...], "analysis": "..."}, each \
figure exactly once; the analysis is short and names the sections it rests on."""


def messages(item: Item) -> list[dict[str, str]]:
    """The prompt: developer then user message, built without gold answer and rubric."""
    lines = ["Facts:", item.facts, "", f"Question: {item.question}", "", "Figures:"]
    lines += [f"- {f.name} ({f.unit}): {f.description}" for f in item.figures]
    return [
        {"role": "developer", "content": INSTRUCTIONS},
        {"role": "user", "content": "\n".join(lines)},
    ]


def gold(item: Item) -> Answer:
    """The reference as the model would have to answer it."""
    reference = item.reference_answer
    return Answer(figures=reference.figures, analysis=reference.analysis)


def labels(item: Item) -> list[str]:
    """The topic, for the check of label skew."""
    return [item.topic]


def slices(item: Item) -> dict[str, str]:
    """Groups that reports break the score down by."""
    return {"topic": item.topic, "style": item.style}


def check_item(item: Item) -> list[str]:
    """What is wrong with a row, one full sentence each."""
    return [*_names(item), *_weights(item), *_gold(item)]


def _names(item: Item) -> list[str]:
    asked = [f.name for f in item.figures]
    found = [
        f"The figure '{name}' is asked for twice; names must be unique."
        for name in sorted({n for n in asked if asked.count(n) > 1})
    ]
    ids = [c.id for c in item.rubric]
    found += [
        f"Two criteria have the id '{name}'; ids must be unique."
        for name in sorted({n for n in ids if ids.count(n) > 1})
    ]
    found += [
        f"Criterion '{c.id}' is about the figure '{c.figure}', which is not asked for."
        for c in item.rubric
        if c.figure not in asked
    ]
    scored = {c.figure for c in item.rubric}
    found += [
        f"The figure '{name}' is asked for, but no criterion scores it."
        for name in asked
        if name not in scored
    ]
    return found


def _weights(item: Item) -> list[str]:
    total, found = Decimal(0), []
    for criterion in item.rubric:
        try:
            weight = Decimal(criterion.weight)
        except InvalidOperation:
            weight = Decimal("NaN")
        if not weight.is_finite() or weight == 0:
            found.append(
                f"Criterion '{criterion.id}' has the weight '{criterion.weight}'; "
                "write a decimal other than zero, as '0.10'."
            )
        elif weight > 0:
            total += weight
    if not found and total != 1:
        found.append(f"The positive weights of the rubric sum to {total}, not to 1.00.")
    return found


def _gold(item: Item) -> list[str]:
    values = {v.name: v.value for v in item.reference_answer.figures}
    found = []
    if len(values) != len(item.reference_answer.figures):
        found.append("The gold answer names a figure twice.")
    if unknown := sorted(set(values) - {f.name for f in item.figures}):
        found.append(f"The gold answer holds '{unknown[0]}', which is not asked for.")
    for c in item.rubric:
        if c.figure not in values:
            found.append(f"The gold answer lacks the figure '{c.figure}' of criterion '{c.id}'.")
            continue
        met = abs(values[c.figure] - c.expected) <= c.tolerance
        if met == c.weight.startswith("-"):
            verb = "meets the negative" if met else "does not meet"
            found.append(
                f"The gold answer {verb} criterion '{c.id}': {c.figure} is {values[c.figure]}, "
                f"expected {c.expected} within {c.tolerance}."
            )
    return found


_MONEY = re.compile(r"\$([0-9][0-9,]*)(?:\.([0-9]{2}))?")


def amounts(text: str) -> list[int]:
    """The dollar amounts of a text, in cents, in order, each once."""
    found = (int(m[1].replace(",", "")) * 100 + int(m[2] or 0) for m in _MONEY.finditer(text))
    return list(dict.fromkeys(found))
