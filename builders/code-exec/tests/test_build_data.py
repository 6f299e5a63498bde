"""The builder reproduces the shipped files byte for byte, and they follow the plan."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import build_data
import pytest
from conftest import SPLITS, TASK, Grade, Row, Splits

FILES = [*(f"data/{split}.jsonl" for split in SPLITS), "probes.jsonl"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new folder with what the builder writes."""
    folder = tmp_path_factory.mktemp("build") / "task"
    build_data.build(folder)
    return folder


def test_the_builder_makes_the_shipped_files(built: Path) -> None:
    """The same seed gives the same bytes, so the data was not edited by hand."""
    assert sorted(str(p.relative_to(built)) for p in built.rglob("*.jsonl")) == sorted(FILES)
    for name in FILES:
        assert (built / name).read_bytes() == (TASK / name).read_bytes(), name


@pytest.mark.parametrize(("split", "least"), [("train", 40), ("validation", 15), ("test", 25)])
def test_there_are_enough_rows(rows_by_split: Splits, split: str, least: int) -> None:
    assert len(rows_by_split[split]) >= least


def test_the_held_out_families_exist(rows_by_split: Splits) -> None:
    """A family with a misspelt name would silently move into the training split."""
    assert {row["family"] for row in rows_by_split["validation"]} == set(build_data.VALIDATION)
    assert {row["family"] for row in rows_by_split["test"]} == set(build_data.TEST)


def test_every_row_has_8_to_16_hidden_tests_that_no_example_shows(rows: list[Row]) -> None:
    for row in rows:
        shown = [example["args"] for example in row["examples"]]
        assert 8 <= len(row["tests"]) <= 16, row["id"]
        assert 2 <= len(shown) <= 3, row["id"]
        assert not [test for test in row["tests"] if test["args"] in shown], row["id"]


def test_no_single_result_passes_most_tests(rows: list[Row]) -> None:
    for row in rows:
        results = Counter(json.dumps([t["expected"], t["raises"]]) for t in row["tests"])
        assert max(results.values()) <= len(row["tests"]) / 2, row["id"]


def test_every_topic_and_difficulty_is_there(rows_by_split: Splits) -> None:
    for split in SPLITS:
        assert {row["difficulty"] for row in rows_by_split[split]} == {"easy", "medium", "hard"}
        assert len({row["topic"] for row in rows_by_split[split]}) >= 6


def test_there_are_fifty_probes_and_each_scores_what_it_must(rows: list[Row], grade: Grade) -> None:
    """About thirty of them are programs that attack their checker."""
    by_id = {row["id"]: row for row in rows}
    probes = [json.loads(line) for line in (TASK / "probes.jsonl").open(encoding="utf-8")]
    assert len(probes) >= 50
    for probe in probes:
        score = grade(probe["output_text"], by_id[probe["item_id"]])
        assert probe["min"] <= score <= probe["max"], (probe["name"], score)
