"""The rows are sound: valid, up to date, distinct, and their reference answers score 1."""

from __future__ import annotations

import pytest

from task import grader, schema
from tests.conftest import SPLITS, TASK, Row, answer, read_rows

Splits = dict[str, list[Row]]


@pytest.mark.parametrize("split", SPLITS)
def test_every_row_is_valid(rows_by_split: Splits, split: str) -> None:
    """Its shape, and schema.check_item: the reference answer elaborates, names exist, etc."""
    rows = rows_by_split[split]
    assert rows
    problems = {row["id"]: schema.check_item(schema.Item.model_validate(row)) for row in rows}
    assert {name: texts for name, texts in problems.items() if texts} == {}


def test_every_gold_answer_scores_one(rows: list[Row]) -> None:
    scores = {row["id"]: grader.grade(answer(row["reference_answer"]), row) for row in rows}
    assert {name: score for name, score in scores.items() if score != 1.0} == {}


def test_the_prompt_does_not_depend_on_the_answer(rows: list[Row]) -> None:
    for row in rows:
        blind = row | {"reference_answer": None, "must_not_bind": []}
        assert schema.messages(schema.Item.model_validate(blind)) == row["messages"]


def test_every_probe_scores_in_its_range(rows: list[Row]) -> None:
    by_id = {row["id"]: row for row in rows}
    for probe in read_rows(TASK / "probes.jsonl"):
        score = grader.grade({"output_text": probe["output_text"]}, by_id[probe["item_id"]])
        assert probe["min"] <= score <= probe["max"], probe["name"]
