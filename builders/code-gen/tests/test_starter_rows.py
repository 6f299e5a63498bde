"""The starter rows are valid, short and distinct, and guessing earns little on them."""

from __future__ import annotations

import json
from collections import Counter
from statistics import mean

import pytest
import starter

from task import grader, schema
from task.starter.floors import floors
from tests.conftest import SPLITS, TASK, Row, answer, read_rows

STARTER = TASK / "starter"


@pytest.mark.parametrize("split", SPLITS)
def test_guessing_does_not_pay(split: str) -> None:
    """No answer fits many rows, and an answer that ignores the bus is far from right."""
    rows = read_rows(TASK / f"starter/{split}.jsonl")
    assert len(rows) == starter.ROWS[split]
    golds = Counter(json.dumps(row["reference_answer"]) for row in rows)
    assert max(golds.values()) <= len(rows) / 8
    for name in ("empty", "in order"):
        texts = [json.loads(floors(row)[name]) for row in rows]
        assert mean(reward(a, row) for a, row in zip(texts, rows, strict=True)) < 0.35
    assert mean(reward({"predicted": starter.any_bus(row)}, row) for row in rows) < 0.7


def test_floors_guess_nothing_or_in_order(row: Row) -> None:
    answers = {name: json.loads(text)["predicted"] for name, text in floors(row).items()}
    assert answers["empty"] == []
    assert answers["in order"][0] == {"name": "clk", "value": "clk"}
    assert answers["in order"][1] == {"name": "valid", "value": "s_valid"}


def reward(said: dict[str, object], row: Row) -> float:
    return grader.grade({"output_json": said}, row)


@pytest.fixture(scope="module")
def starter_rows() -> dict[str, list[Row]]:
    """The starter rows of each split."""
    return {split: read_rows(STARTER / f"{split}.jsonl") for split in SPLITS}


@pytest.mark.parametrize("split", SPLITS)
def test_every_row_is_valid(starter_rows: dict[str, list[Row]], split: str) -> None:
    for row in starter_rows[split]:
        assert schema.check_item(schema.Item.model_validate(row)) == []
        assert grader.grade(answer(row["reference_answer"]), row) == 1.0


def test_no_design_is_in_two_splits(starter_rows: dict[str, list[Row]]) -> None:
    families = [{row["design"] for row in rows} for rows in starter_rows.values()]
    assert len(set.union(*families)) == sum(map(len, families))


def test_prompts_have_the_short_rules(starter_rows: dict[str, list[Row]]) -> None:
    for row in (row for rows in starter_rows.values() for row in rows):
        assert row["messages"] == schema.messages(schema.Item.model_validate(row), "short")
        assert sum(len(message["content"]) for message in row["messages"]) < 600


def test_every_probe_scores_in_its_range(starter_rows: dict[str, list[Row]]) -> None:
    by_id = {row["id"]: row for rows in starter_rows.values() for row in rows}
    for probe in read_rows(STARTER / "probes.jsonl"):
        score = grader.grade({"output_text": probe["output_text"]}, by_id[probe["item_id"]])
        assert probe["min"] <= score <= probe["max"], probe["name"]
