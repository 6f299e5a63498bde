"""What the checks of a rubric find, and what they accept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from task.schema import Item, check_item, item_problems
from task.tools.criteria import Missing, Numeric, judged_text
from task.tools.rubric import calibration
from tests.conftest import Row


@pytest.fixture
def item(row: Row) -> Item:
    """The small row, for a test to change."""
    return Item.model_validate(row)


@pytest.fixture
def examples(item: Item) -> list[Row]:
    """Two calibration answers: one right throughout, one wrong throughout."""
    right = item.reference_answer.model_dump()
    wrong = {"income_jane": 1, "income_john": 2, "basis_jane": 4_600_000}
    figures = [{"name": name, "value": value} for name, value in wrong.items()]
    labels = {"j1": True, "j2": True, "j3": False}
    return [
        {"item_id": "small", "output_text": json.dumps(right), "labels": labels},
        {
            "item_id": "small",
            "output_text": json.dumps(right | {"figures": figures}),
            "labels": {name: not met for name, met in labels.items()},
        },
    ]


def findings(item: Item) -> str:
    item.judged_text = judged_text(item.rubric)
    return " ".join(check_item(item))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("weight", "0.25", "sum to 1."),
        ("weight", "many", "write a decimal other than zero"),
        ("weight", "0", "write a decimal other than zero"),
        ("weight", "-0.05", "meets the negative criterion"),
        ("expected", 1, "does not meet criterion"),
        ("expected", None, "does not meet criterion"),
        ("figure", "nobody", "which is not asked for"),
        ("id", "c2", "must be unique"),
        ("text", "Splits $10 and $20.", "holds 2 figures"),
    ],
)
def test_a_fault_of_a_numeric_criterion_is_named(
    item: Item, field: str, value: Any, words: str
) -> None:
    setattr(item.rubric[0], field, value)
    assert words in findings(item)


@pytest.mark.parametrize(
    "text",
    [
        "Names IRC 1377(a)(1) and says that the seller owns the day of the sale.",
        "Says that the seller owns the day; the buyer follows.",
        "Says that losses come last. Cites the regulation.",
        "Computes the basis and then allocates the loss.",
    ],
)
def test_two_claims_in_one_criterion_are_named(item: Item, text: str) -> None:
    item.rubric[-1].text = text
    assert "seems to make two claims" in findings(item)


@pytest.mark.parametrize(
    "text",
    [
        "Names IRC 1377(a)(1) or Reg. 1.1377-1(a)(1) as an authority.",
        "Says that stock and debt are reduced in this order.",
        "Says that Rev. Rul. 66-94 and the Code agree.",
        "Says that a U.S. Treasury regulation governs.",
    ],
)
def test_one_claim_with_an_and_passes(item: Item, text: str) -> None:
    item.rubric[-1].text = text
    assert findings(item) == ""


def test_weight_moved_to_the_judge_is_found(item: Item) -> None:
    item.rubric[0].weight, item.rubric[-2].weight = "0.15", "0.20"
    assert "which grader.json counts on" in findings(item)


def test_parts_that_miss_their_total_are_found(item: Item) -> None:
    parts = [c for c in item.rubric if isinstance(c, Numeric) and c.part_of == "ordinary income"]
    for c in parts:
        c.total = (c.total or 0) + 6000
    assert "The parts of 'ordinary income'" in findings(item)


def test_parts_need_one_total(item: Item) -> None:
    next(c for c in item.rubric if isinstance(c, Numeric) and c.part_of).total = None
    assert "name no common total" in findings(item)


def test_an_empty_answer_that_earns_points_is_found(
    item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("task.tools.rubric.grade", lambda *_: 0.1)
    assert "An empty answer earns points" in findings(item)


def test_a_figure_without_criterion_is_found(item: Item) -> None:
    item.rubric = item.rubric[1:]
    assert "no criterion scores it" in findings(item)


def test_a_figure_asked_twice_is_found(item: Item) -> None:
    item.figures.append(item.figures[0])
    assert "asked for twice" in findings(item)


def test_a_gap_in_the_reference_answer_is_found(item: Item) -> None:
    item.reference_answer.figures = item.reference_answer.figures[1:]
    assert "is not given" in findings(item)


def test_an_unknown_code_is_found(item: Item) -> None:
    item.reference_answer.missing = ["shoe_size"]
    line = {"kind": "missing", "id": "m", "weight": "0.10", "text": "Asks for it."}
    item.rubric.append(Missing.model_validate({**line, "expected": ["shoe_size"]}))
    assert "expects the code 'shoe_size'" in findings(item)


def test_a_criterion_that_tells_answers_apart_passes(item: Item, examples: list[Row]) -> None:
    assert item_problems(item, examples) == []


def test_a_criterion_that_tells_no_answers_apart_is_found(item: Item, examples: list[Row]) -> None:
    examples[1]["labels"]["j1"] = True
    assert (
        "Criterion 'j1' does not tell the calibration answers" in item_problems(item, examples)[0]
    )


def test_a_criterion_without_a_label_is_found(item: Item, examples: list[Row]) -> None:
    del examples[0]["labels"]["j2"]
    assert "(one does not say)" in item_problems(item, examples)[0]


def test_calibration_answers_of_other_rows_are_ignored(item: Item, examples: list[Row]) -> None:
    assert item_problems(item, [{**examples[0], "item_id": "another"}]) == []


def test_lines_that_are_not_answers_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "calibration.jsonl"
    path.write_text('{"item_id": "a", "output_text": "", "labels": {"j1": true}}\n[1]\n{\n{}\n')
    assert [x["item_id"] for x in calibration(path)] == ["a"]
    assert calibration(tmp_path / "none") == []
