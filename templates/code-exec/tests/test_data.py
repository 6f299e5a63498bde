"""The rows in task/data and the probes are sound, whatever their source."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from task import grader, schema
from tests.conftest import SPLITS, TASK, Grade, Row

Splits = dict[str, list[Row]]


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_has_rows(rows_by_split: Splits, split: str) -> None:
    assert rows_by_split[split]


def test_every_row_passes_its_validator(rows: list[Row]) -> None:
    found = {row["id"]: schema.check_item(schema.Item.model_validate(row)) for row in rows}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_ids_and_prompts_are_unique(rows: list[Row]) -> None:
    for field in ("id", "prompt"):
        assert [value for value, n in Counter(row[field] for row in rows).items() if n > 1] == []


def test_no_family_is_in_two_splits(rows_by_split: Splits) -> None:
    splits = Counter(
        family
        for members in rows_by_split.values()
        for family in {row[schema.GROUP_FIELD] for row in members}
    )
    assert [family for family, n in splits.items() if n > 1] == []


def test_stored_prompts_are_the_ones_the_schema_builds(rows: list[Row]) -> None:
    """After a change of the prompt, run `rft check --write-messages`."""
    for row in rows:
        assert row["messages"] == schema.messages(schema.Item.model_validate(row)), row["id"]


def test_the_prompt_knows_neither_hidden_tests_nor_solution(rows: list[Row]) -> None:
    for row in rows:
        blind = row | {"tests": [], "reference_answer": None}
        assert schema.messages(schema.Item.model_validate(blind)) == row["messages"], row["id"]


def test_every_reference_solution_scores_one(rows: list[Row], grade: Grade) -> None:
    scores = {row["id"]: grade(row["reference_answer"]["code"], row) for row in rows}
    assert {name: score for name, score in scores.items() if score != 1.0} == {}


def test_every_probe_scores_what_it_must(rows: list[Row], grade: Grade) -> None:
    if not (TASK / "probes.jsonl").exists():
        pytest.skip("the probes were deleted")
    by_id = {row["id"]: row for row in rows}
    text = (TASK / "probes.jsonl").read_text(encoding="utf-8")
    for probe in map(json.loads, text.strip().split("\n")):
        score = grader.grade({"output_text": probe["output_text"]}, by_id[probe["item_id"]])
        assert probe["min"] <= score <= probe["max"], (probe["name"], score)
