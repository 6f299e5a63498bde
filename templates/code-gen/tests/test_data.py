"""The rows are sound: valid, fresh, apart from each other, and with gold answers that score 1."""

from __future__ import annotations

from collections import Counter

import pytest

from task import grader, schema
from tests.conftest import SPLITS, TASK, Row, answer, read_rows

Splits = dict[str, list[Row]]


@pytest.mark.parametrize("split", SPLITS)
def test_every_row_is_valid(rows_by_split: Splits, split: str) -> None:
    """Its shape, and schema.check_item: the gold answer elaborates, names exist, and so on."""
    rows = rows_by_split[split]
    assert rows
    problems = {row["id"]: schema.check_item(schema.Item.model_validate(row)) for row in rows}
    assert {name: texts for name, texts in problems.items() if texts} == {}


def test_every_gold_answer_scores_one(rows: list[Row]) -> None:
    scores = {row["id"]: grader.grade(answer(row["reference_answer"]), row) for row in rows}
    assert {name: score for name, score in scores.items() if score != 1.0} == {}


def test_ids_and_prompts_are_unique(rows: list[Row]) -> None:
    assert max(Counter(row["id"] for row in rows).values()) == 1
    assert max(Counter(row["messages"][1]["content"] for row in rows).values()) == 1


def test_no_design_is_in_two_splits(rows_by_split: Splits) -> None:
    """Neither a design nor a family of designs made from one another."""
    names = [{row["dut"]["name"] for row in rows_by_split[split]} for split in SPLITS]
    families = [{row["design"] for row in rows_by_split[split]} for split in SPLITS]
    for sets in (names, families):
        assert len(set.union(*sets)) == sum(map(len, sets))


def test_stored_prompts_are_the_ones_the_schema_builds(rows: list[Row]) -> None:
    for row in rows:
        assert row["messages"] == schema.messages(schema.Item.model_validate(row))


def test_the_prompt_does_not_depend_on_the_answer(rows: list[Row]) -> None:
    for row in rows:
        blind = row | {"reference_answer": None, "must_not_bind": []}
        assert schema.messages(schema.Item.model_validate(blind)) == row["messages"]


def test_every_probe_scores_in_its_range(rows: list[Row]) -> None:
    by_id = {row["id"]: row for row in rows}
    for probe in read_rows(TASK / "probes.jsonl"):
        score = grader.grade({"output_text": probe["output_text"]}, by_id[probe["item_id"]])
        assert probe["min"] <= score <= probe["max"], probe["name"]
