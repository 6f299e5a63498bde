"""The rows, the probes and the calibration answers of the project are sound."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from task.grader import grade
from task.schema import CALIBRATION, Item, check_item, messages
from task.tools.rubric import calibration
from tests.conftest import TASK, Row


def test_every_row_is_valid_and_free_of_faults(rows: list[Row]) -> None:
    faults = [
        f"{row['id']}: {fault}" for row in rows for fault in check_item(Item.model_validate(row))
    ]
    assert faults == []


def test_ids_are_unique(rows: list[Row]) -> None:
    assert [name for name, n in Counter(row["id"] for row in rows).items() if n > 1] == []


def test_no_company_stands_in_two_splits(rows_by_split: dict[str, list[Row]]) -> None:
    companies = [{row["company"] for row in rows} for rows in rows_by_split.values()]
    assert sum(map(len, companies)) == len(set.union(*companies))


def test_stored_messages_are_those_of_the_schema(rows: list[Row]) -> None:
    stale = [row["id"] for row in rows if row["messages"] != messages(Item.model_validate(row))]
    assert stale == []


def test_the_reference_answer_scores_one_on_every_row(rows: list[Row]) -> None:
    low = [row["id"] for row in rows if grade(_text(row["reference_answer"]), row) != 1.0]
    assert low == []


def test_an_empty_answer_scores_zero_on_every_row(rows: list[Row]) -> None:
    paid = [row["id"] for row in rows if grade(_text({"figures": [], "missing": []}), row) != 0.0]
    assert paid == []


def test_every_probe_gets_the_score_it_must_get(rows: list[Row]) -> None:
    if not (TASK / "probes.jsonl").exists():
        pytest.skip("the probes were deleted")
    by_id = {row["id"]: row for row in rows}
    for line in (TASK / "probes.jsonl").read_text(encoding="utf-8").splitlines():
        probe = json.loads(line)
        score = grade({"output_text": probe["output_text"]}, by_id[probe["item_id"]])
        assert probe["min"] - 1e-9 <= score <= probe["max"] + 1e-9, probe["name"]


def test_calibration_labels_name_the_judged_criteria_of_their_row(rows: list[Row]) -> None:
    judged = {r["id"]: {c["id"] for c in r["rubric"] if c["kind"] == "judged"} for r in rows}
    for answer in calibration(CALIBRATION):
        assert set(answer["labels"]) == judged[answer["item_id"]], answer["item_id"]


def _text(answer: Row) -> Row:
    return {"output_text": json.dumps(answer)}
