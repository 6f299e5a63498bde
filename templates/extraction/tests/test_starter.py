"""The starter rows: short, made by their builder, with nothing to gain by guessing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

import task
from task import build_starter, schema
from task.codeset import billable, code_set
from task.grader import grade
from task.starter.floors import floors

FOLDER = Path(task.__file__).parent / "starter"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def starter() -> dict[str, list[Row]]:
    """The starter rows by split."""
    texts = {n: (FOLDER / f"{n}.jsonl").read_text(encoding="utf-8") for n in build_starter.ROWS}
    return {n: [json.loads(line) for line in text.splitlines()] for n, text in texts.items()}


def test_the_builder_makes_the_shipped_files(tmp_path: Path) -> None:
    build_starter.write(tmp_path)
    for name in (*(f"{split}.jsonl" for split in build_starter.ROWS), "probes.jsonl"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_codes_and_descriptions_are_those_of_the_code_set() -> None:
    for code, (description, _) in build_starter.CONDITIONS.items():
        assert billable(code)
        assert code_set().get_description(code) == description


def test_every_row_passes_its_validator_and_asks_briefly(starter: dict[str, list[Row]]) -> None:
    for row in (row for rows in starter.values() for row in rows):
        item = schema.Item.model_validate(row)
        assert schema.check_item(item) == []
        assert row["messages"] == schema.messages(item, "brief")
        assert sum(len(message["content"]) for message in row["messages"]) < 600


def test_the_notes_of_the_splits_say_it_in_other_words(starter: dict[str, list[Row]]) -> None:
    notes = [row["note"] for rows in starter.values() for row in rows]
    assert len(set(notes)) == len(notes)
    ways = [{text for half in said for text in half} for said in build_starter.SAID.values()]
    assert len(set.union(*ways)) == sum(map(len, ways))


def test_guessing_does_not_pay(starter: dict[str, list[Row]]) -> None:
    for rows in starter.values():
        golds = Counter(json.dumps(row["reference_answer"]) for row in rows)
        assert max(golds.values()) <= len(rows) / 8
        for name, most in (("empty", 0.1), ("first", 0.4), ("all_candidates", 0.6)):
            answers = [json.loads(floors(row)[name]) for row in rows]
            scores = [grade({"output_json": a}, row) for a, row in zip(answers, rows, strict=True)]
            assert mean(scores) < most
