"""The starter rows: valid, short, and apart from each other."""

from __future__ import annotations

import pytest

from task import grader, schema
from tests.conftest import SPLITS, TASK, Row, answer, read_rows

STARTER = TASK / "starter"


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
