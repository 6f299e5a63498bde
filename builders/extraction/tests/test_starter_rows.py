"""The starter rows are short, valid and hard to guess."""

from __future__ import annotations

import json
from statistics import mean

import pytest

from task.grader import grade
from task.schema import Item, check_item, messages
from task.starter.floors import floors
from tests.conftest import SPLITS, TASK, Row


@pytest.fixture(scope="module")
def starter() -> list[Row]:
    """The starter rows of all splits."""
    texts = [(TASK / f"starter/{split}.jsonl").read_text(encoding="utf-8") for split in SPLITS]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_every_row_is_valid_and_has_a_brief_prompt(starter: list[Row]) -> None:
    for row in starter:
        item = Item.model_validate(row)
        assert check_item(item) == []
        assert row["messages"] == messages(item, "brief")
        assert sum(len(message["content"]) for message in row["messages"]) < 600


def test_no_id_and_no_note_occurs_twice(starter: list[Row]) -> None:
    for field in ("id", "note"):
        assert len({row[field] for row in starter}) == len(starter)


def test_the_reference_answer_scores_one_on_every_row(starter: list[Row]) -> None:
    assert {grade({"output_json": row["reference_answer"]}, row) for row in starter} == {1.0}


def test_every_probe_scores_within_its_range(starter: list[Row]) -> None:
    by_id = {row["id"]: row for row in starter}
    for line in (TASK / "starter/probes.jsonl").read_text(encoding="utf-8").splitlines():
        probe = json.loads(line)
        score = grade({"output_text": probe["output_text"]}, by_id[probe["item_id"]])
        assert probe["min"] - 1e-9 <= score <= probe["max"] + 1e-9, probe["name"]


@pytest.mark.parametrize(
    ("name", "most"), [("empty", 0.1), ("first candidate", 0.4), ("all candidates", 0.6)]
)
def test_guessing_does_not_pay(starter: list[Row], name: str, most: float) -> None:
    assert mean(grade({"output_text": floors(row)[name]}, row) for row in starter) < most
