"""The rows in task/data are sound, whatever rows they are."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from task.grader import grade
from task.schema import Item, check_item, messages
from task.tools.shortlist import Index
from tests.conftest import TASK, Row


def test_every_row_is_valid_and_free_of_faults(rows: list[Row]) -> None:
    assert [fault for row in rows for fault in check_item(Item.model_validate(row))] == []


def test_the_reference_answer_scores_one_on_every_row(rows: list[Row]) -> None:
    answers = [{"output_text": json.dumps(row["reference_answer"])} for row in rows]
    assert list(map(grade, answers, rows)) == [1.0] * len(rows)


def test_every_probe_scores_within_its_range(rows: list[Row]) -> None:
    if not (TASK / "probes.jsonl").exists():
        pytest.skip("the probes were deleted")
    by_id = {row["id"]: row for row in rows}
    for line in (TASK / "probes.jsonl").read_text(encoding="utf-8").splitlines():
        probe = json.loads(line)
        score = grade({"output_text": probe["output_text"]}, by_id[probe["item_id"]])
        assert probe["min"] - 1e-9 <= score <= probe["max"] + 1e-9, probe["name"]


def test_stored_messages_are_those_of_the_schema(rows: list[Row]) -> None:
    stale = [r["id"] for r in rows if r["messages"] != messages(Item.model_validate(r))]
    assert stale == []


def test_no_id_and_no_note_occurs_twice(rows: list[Row]) -> None:
    for field in ("id", "note"):
        counts = Counter(row[field] for row in rows)
        assert [value for value, count in counts.items() if count > 1] == []


def test_every_code_but_a_forbidden_one_is_billable(rows: list[Row], index: Index) -> None:
    for row in rows:
        shown = [candidate["code"] for candidate in row["candidates"]]
        codes = [*row["reference_answer"]["codes"], *row["optional"], *row["near_misses"], *shown]
        assert [code for code in codes if not index.is_billable(code)] == [], row["id"]


def test_the_place_in_the_shortlist_gives_nothing_away(rows: list[Row]) -> None:
    for row in rows:
        codes = [candidate["code"] for candidate in row["candidates"]]
        assert codes == sorted(codes), row["id"]
