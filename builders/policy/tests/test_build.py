"""The rows are the same on every build, and their texts do not lose a fact."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from build_data import KINDS, build, draw
from cases_sale import daily
from conftest import TASK, Row
from drafts import usd
from narrative import STYLES, tell

from task.schema import amounts, check_item


def test_building_again_gives_the_shipped_bytes(tmp_path: Path) -> None:
    build(tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.jsonl"))
    assert len(files) == 5
    assert [f for f in files if (tmp_path / f).read_bytes() != (TASK / f).read_bytes()] == []


def test_a_faulty_row_keeps_every_file_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("build_data.item_problems", lambda *_: ["Its weights are wrong."])
    with pytest.raises(ValueError, match="train-01: Its weights are wrong"):
        build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_seed_gives_other_cases_without_faults(rows_by_split: dict[str, list[Row]]) -> None:
    other = [b.item for b in draw(seed=7, counts={"train": 1})["train"]]
    assert [p for item in other for p in check_item(item)] == []
    assert other[0].facts != rows_by_split["train"][0]["facts"]


def test_the_same_facts_are_laid_out_in_many_ways() -> None:
    draft = daily(Random(1), 2020, ["Adams", "Brown", "Clark"])
    narratives = {
        tell(Random(n), style, draft.facts, "X", []) for style in STYLES for n in range(20)
    }
    shapes = {re.sub(r"[\w$.,' ]+", "w", text) for text in narratives}
    assert len(shapes) >= 14


@pytest.mark.parametrize("kind", KINDS)
def test_no_way_of_telling_changes_an_amount(kind: Any) -> None:
    draft = kind(Random(3), 2020, ["Adams", "Brown", "Clark"])
    wanted = set(amounts(" ".join(f.terse for f in draft.facts)))
    for style in STYLES:
        for n in range(12):
            amounts_shown = amounts(tell(Random(n), style, draft.facts, "X", []))
            assert set(amounts_shown) == wanted, style


def test_amounts_are_written_as_they_are_read() -> None:
    assert (usd(123400), usd(1250)) == ("$1,234", "$12.50")
    assert amounts(f"{usd(123400)} and {usd(1250)}") == [123400, 1250]
