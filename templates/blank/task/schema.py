"""What a row holds, what the model must answer, and the prompt that asks for it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TEAMS = ("orders", "returns", "technical")


class Answer(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="forbid")
    team: Literal["orders", "returns", "technical"]
    urgent: bool


class Item(BaseModel):
    """One row: a message of a customer, and who must deal with it."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    reference_answer: Answer
    messages: list[dict[str, str]] = Field(default_factory=list)


INSTRUCTIONS = """\
You sort the messages of a shop's customers.
- team: "orders" for anything before delivery, "returns" for goods that come back or money that \
is owed, "technical" for help with goods that the customer keeps.
- urgent: true only when the customer names a day within a week.
Answer with JSON only: {"team": "...", "urgent": true or false}."""


def messages(item: Item) -> list[dict[str, str]]:
    """The prompt: developer then user message, without anything of the reference answer."""
    return [
        {"role": "developer", "content": INSTRUCTIONS},
        {"role": "user", "content": item.text},
    ]


def gold(item: Item) -> Answer:
    """The reference answer in the form that the model must use."""
    return item.reference_answer


def labels(item: Item) -> list[str]:
    """The team; `rft check` warns if most rows have the same one."""
    return [item.reference_answer.team]


def slices(item: Item) -> dict[str, str]:
    """Groups that reports break the reward down by."""
    return {"team": item.reference_answer.team}
