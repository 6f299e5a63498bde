"""The figures of DATASHEET.md are those of the shipped rows."""

from __future__ import annotations

from statistics import mean

import pytest
from conftest import TASK, Grade, Row, Splits

from task.floors import floors


@pytest.fixture(scope="module")
def datasheet() -> str:
    text: str = (TASK / "data/DATASHEET.md").read_text(encoding="utf-8")
    return text


def test_the_floors_are_as_measured(rows_by_split: Splits, grade: Grade, datasheet: str) -> None:
    """No floor reaches 0.25; the table gives the current score of each."""
    for name in floors(rows_by_split["test"][0]):
        means = [
            mean(grade(floors(row)[name], row) for row in members)
            for members in rows_by_split.values()
        ]
        assert max(means) < 0.25
        assert f"| {name} | {' | '.join(f'{m:.3f}' for m in means)} |" in datasheet


def test_the_counts_are_right(
    rows_by_split: Splits, wrong: dict[str, list[str]], datasheet: str
) -> None:
    members = rows_by_split.values()
    table: dict[str, list[object]] = {
        "rows": [len(m) for m in members],
        "families (no family in two splits)": [len({r["family"] for r in m}) for m in members],
        "easy, medium, hard": [_difficulties(m) for m in members],
        "hidden tests": [sum(len(r["tests"]) for r in m) for m in members],
        "tests that want an exception": [
            sum(bool(t["raises"]) for r in m for t in r["tests"]) for m in members
        ],
        "wrong solutions": [sum(len(wrong[r["id"]]) for r in m) for m in members],
    }
    for name, figures in table.items():
        assert f"| {name} | {' | '.join(map(str, figures))} |" in datasheet, name


def _difficulties(members: list[Row]) -> str:
    levels = [row["difficulty"] for row in members]
    return ", ".join(str(levels.count(level)) for level in ("easy", "medium", "hard"))
