"""The rows in task/data and the probes are sound, whoever wrote them."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from task import grader, schema
from tests.conftest import SPLITS, TASK, Row


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_has_rows(rows_by_split: dict[str, list[Row]], split: str) -> None:
    assert rows_by_split[split]


def test_ids_and_texts_are_unique(rows: list[Row]) -> None:
    for field in ("id", "text"):
        assert [value for value, n in Counter(row[field] for row in rows).items() if n > 1] == []


def test_stored_prompts_are_the_ones_the_schema_builds(rows: list[Row]) -> None:
    """After a change of the prompt: `rft check --write-messages`."""
    for row in rows:
        assert row["messages"] == schema.messages(schema.Item.model_validate(row)), row["id"]


def test_every_reference_answer_scores_one(rows: list[Row]) -> None:
    for row in rows:
        answer = {"output_text": json.dumps(row["reference_answer"])}
        assert grader.grade(answer, row) == 1.0, row["id"]


def test_every_probe_scores_what_it_must(rows: list[Row]) -> None:
    if not (TASK / "probes.jsonl").exists():
        pytest.skip("the probes were deleted")
    by_id = {row["id"]: row for row in rows}
    text = (TASK / "probes.jsonl").read_text(encoding="utf-8")
    for probe in map(json.loads, text.strip().split("\n")):
        score = grader.grade({"output_text": probe["output_text"]}, by_id[probe["item_id"]])
        assert probe["min"] <= score <= probe["max"], (probe["name"], score)
