"""People as a baseline: their answers to the same rows, graded like a model's.

task/human.jsonl holds one line for each coder and row:

    {"item_id": "test-01", "coder": "A", "answer": {...as the schema's Answer...}}

A coder need not have answered every row, nor a row have been given to every coder.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from rft.findings import Finding
from rft.jsonl import Line, read_lines
from rft.validation import field_problems

NAME = "human"
"""What `rft eval --model` and the runs call people."""


class HumanAnswer(Line):
    """One line of human.jsonl."""

    coder: str = Field(min_length=1)
    """A pseudonym: it is stored in runs and shown in reports."""
    answer: dict[str, Any]


@dataclass(frozen=True)
class People:
    """Answers of human coders, one per row and coder."""

    coders: list[str]
    """Sorted; the place of a coder is the k of the answers in a run."""
    answers: dict[tuple[str, str], BaseModel]
    """(item_id, coder) -> the answer, as the schema's Answer."""


def load_people(
    path: Path, item_ids: Collection[str], answer_model: type[BaseModel]
) -> tuple[People, list[Finding]]:
    """The usable answers of a file, and the findings of each line that is not usable."""
    lines, findings = read_lines(path, HumanAnswer, item_ids)
    answers: dict[tuple[str, str], BaseModel] = {}
    for line in lines:
        key = (line.item_id, line.coder)
        if key in answers:
            message = f"coder '{line.coder}' has answered '{line.item_id}' above"
            findings.append(line.finding("duplicate-answer", None, message, "keep one"))
            continue
        try:
            answers[key] = answer_model.model_validate(line.answer)
        except ValidationError as error:
            findings += [
                line.finding("schema", f"answer.{p.field}" if p.field else "answer", *p[2:])
                for p in field_problems(error, line.answer)
            ]
    return People(sorted({coder for _, coder in answers}), answers), findings
