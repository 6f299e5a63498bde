"""The row, the answer, the prompt, and what makes a row valid.

Amounts are integers of cents (unit `cents`), percentages integers of hundredths of a percent
(`percent_bp`), so that nothing is lost to rounding.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import Field

from task.tools.criteria import MISSING, Criterion, Strict, Unit, judged_text
from task.tools.rubric import calibration, problems, shown_value

CALIBRATION = Path(__file__).parent / "calibration.jsonl"
GROUP_FIELD = "company"
"""Rows about the same company must not stand in two splits."""


class Figure(Strict):
    """A named quantity that the case asks for."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    unit: Unit
    description: str


class Value(Strict):
    """A named quantity with its value, an integer in the unit of the figure; null: not known."""

    name: str
    value: int | None


class Answer(Strict):
    """What the model answers: every figure once, what is missing, and the reasoning."""

    figures: list[Value]
    missing: list[str]
    citations: list[str]
    """The sections the analysis rests on."""
    analysis: str


class Item(Strict):
    """One case."""

    id: str = Field(min_length=1)
    company: str
    entity: str
    topic: str
    style: str
    facts: str = Field(min_length=1)
    question: str
    figures: list[Figure] = Field(min_length=1)
    reference_answer: Answer
    rubric: list[Criterion]
    judged_text: str
    """The judged criteria as the judge reads them: `j1 [0.10] sentence`, one per line."""
    provenance: str = ""
    messages: list[dict[str, str]] = Field(default_factory=list)


_CODES = ", ".join(f"{code} ({meaning})" for code, meaning in MISSING.items())

INSTRUCTIONS = f"""\
You are a US federal tax adviser. Work out the figures asked for from the facts.
Conventions:
- The law is that of the taxable year in the facts (calendar years). Amounts in the facts are exact.
- Money is an integer number of cents: $1,234.56 is 123456. percent_bp is hundredths of a percent.
- An item divided among owners is rounded to cents so that the parts add up to the item: \
round each part down, then give the missing cents to the largest remainders. Later steps use the \
rounded parts.
- Losses, deductions and distributions are positive numbers unless a figure says otherwise.
- Of the limits on losses only basis is looked at, not sections 461(l), 465 and 469.
- No election or agreement was made except where the facts state a valid one.
- If the facts lack something, answer null for each figure that needs it, list its code in \
"missing", and ask for it in the analysis; otherwise "missing" is []. Codes: {_CODES}.
Answer with JSON only: {{"figures": [{{"name": "...", "value": 0}}, ...], "missing": [], \
"citations": ["..."], "analysis": "..."}}, each figure exactly once. The citations are the \
sections it rests on; the analysis says in a few sentences which rules apply and why."""


def messages(item: Item) -> list[dict[str, str]]:
    """The prompt: a developer and a user message, built without reference answer and rubric."""
    lines = ["Facts:", item.facts, "", f"Question: {item.question}", "", "Figures:"]
    lines += [f"- {f.name} ({f.unit}): {f.description}" for f in item.figures]
    return [
        {"role": "developer", "content": INSTRUCTIONS},
        {"role": "user", "content": "\n".join(lines)},
    ]


def gold(item: Item) -> Answer:
    """The answer that earns the full reward."""
    return item.reference_answer


def labels(item: Item) -> list[str]:
    """The topic, for the check of label skew."""
    return [item.topic]


def slices(item: Item) -> dict[str, str]:
    """Groups that reports break the score down by."""
    return {"entity": item.entity, "topic": item.topic, "style": item.style}


def check_item(item: Item) -> list[str]:
    """What is wrong with a row, one full sentence each."""
    return item_problems(item, calibration(CALIBRATION))


def item_problems(item: Item, answers: list[dict[str, Any]]) -> list[str]:
    """As check_item, with these calibration answers (those of other rows are ignored)."""
    examples = [answer for answer in answers if answer["item_id"] == item.id]
    found = problems(item.rubric, item.model_dump(mode="json"), examples)
    if item.judged_text != judged_text(item.rubric):
        found.append(
            "Field judged_text is not what judged_text(rubric) gives; copy the criteria again."
        )
    return found


def judged_weights(item: Item) -> dict[str, float]:
    """The weight of each judged criterion, for the examination of the judge."""
    return {c.id: float(c.weight) for c in item.rubric if c.kind == "judged"}


def reordered(item: Item) -> dict[str, Any]:
    """The row with its judged criteria in reversed order: a judge must decide the same."""
    lines = item.judged_text.split("\n")
    return item.model_dump(mode="json") | {"judged_text": "\n".join(reversed(lines))}


def display(item: Item, answer: Answer) -> list[str]:
    """The answer as reports show it: money as money, then what is missing, the law, the text."""
    units = {figure.name: figure.unit for figure in item.figures}
    figures = [
        f"{f.name}: {'unknown' if f.value is None else shown_value(f.value, units.get(f.name, ''))}"
        for f in answer.figures
    ]
    missing = [f"missing {name}" for name in answer.missing]
    citations = [f"cites {section}" for section in answer.citations]
    return [*figures, *missing, *citations, f"analysis: {answer.analysis}"]


def review_fields(item: Item) -> dict[str, Any]:
    """How experts fill in an answer on the review page: each figure once, in its unit."""
    units = {"cents": "money", "percent_bp": "percent"}
    names = {
        figure.name: figure.description + ("" if figure.unit in units else f" ({figure.unit})")
        for figure in item.figures
    }
    figures = {
        f"figures[{figure.name}].value": units[figure.unit]
        for figure in item.figures
        if figure.unit in units
    }
    return {"figures": "each", "figures[].name": names, "missing[]": MISSING, **figures}


def judged_criteria(item: Item) -> dict[str, str]:
    """The judged criteria as experts read them on the review page."""
    return {c.id: c.text for c in item.rubric if c.kind == "judged"}


_MONEY = re.compile(
    r"(?:\$|USD )([0-9][0-9,]*)(?:\.([0-9]{2}))?|([0-9][0-9,]*)(?:\.([0-9]{2}))? dollars"
)


def amounts(text: str) -> list[int]:
    """The dollar amounts of a text, in cents, in order, each once."""
    found = (
        int((m[1] or m[3]).replace(",", "")) * 100 + int(m[2] or m[4] or 0)
        for m in _MONEY.finditer(text)
    )
    return list(dict.fromkeys(found))
