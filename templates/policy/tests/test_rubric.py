"""What the check of a rubric finds, and what it lets pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task
from task.rubric import calibration, judged_text, problems
from task.schema import Item, Numeric, check_item, judged_weights, reordered

TASK = Path(task.__file__).parent
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="session")
def rows() -> dict[str, Any]:
    """All shipped rows by id."""
    texts = ((TASK / f"data/{n}.jsonl").read_text(encoding="utf-8") for n in SPLITS)
    return {row["id"]: row for text in texts for row in map(json.loads, text.splitlines())}


@pytest.fixture
def good(rows: dict[str, Any]) -> Item:
    """A shipped item, free to be spoilt: a sale, per share and per day."""
    return Item.model_validate(rows["validation-01"])


def said(item: Item) -> str:
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
        ("id", "c02", "must be unique"),
        ("text", "Splits $10 and $20.", "holds 2 figures"),
    ],
)
def test_a_fault_of_a_numeric_criterion_is_named(
    good: Item, field: str, value: Any, words: str
) -> None:
    setattr(good.rubric[0], field, value)
    assert words in said(good)


@pytest.mark.parametrize(
    "text",
    [
        "Names IRC 1377(a)(1) and says that the seller owns the day of the sale.",
        "Says that the seller owns the day; the buyer follows.",
        "Says that losses come last. Cites the regulation.",
        "Computes the basis and then allocates the loss.",
    ],
)
def test_two_claims_in_one_criterion_are_named(good: Item, text: str) -> None:
    good.rubric[-1].text = text
    assert "seems to make two claims" in said(good)


@pytest.mark.parametrize(
    "text",
    [
        "Names IRC 1377(a)(1) or Reg. 1.1377-1(a)(1) as an authority.",
        "Says that stock and debt are reduced in this order.",
        "Says that Rev. Rul. 66-94 and the Code agree.",
        "Says that a U.S. Treasury regulation governs.",
    ],
)
def test_one_claim_with_an_and_passes(good: Item, text: str) -> None:
    good.rubric[-1].text = text
    assert said(good) == ""


def test_weight_moved_to_the_judge_is_found(good: Item) -> None:
    good.rubric[0].weight, good.rubric[-2].weight = "0.025", "0.11"
    assert "which grader.json counts on" in said(good)


def test_parts_that_miss_their_total_are_found(good: Item) -> None:
    parts = [c for c in good.rubric if isinstance(c, Numeric) and c.part_of == "ordinary income"]
    for c in parts:
        c.total = (c.total or 0) + 6000
    assert "The parts of 'ordinary income'" in said(good)


def test_parts_need_one_total(good: Item) -> None:
    next(c for c in good.rubric if isinstance(c, Numeric) and c.part_of).total = None
    assert "name no common total" in said(good)


def test_an_empty_answer_that_earns_points_is_found(
    good: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("task.rubric.grade", lambda *_: 0.1)
    assert "An empty answer earns points" in said(good)


def test_a_judged_text_that_is_out_of_date_is_found(good: Item) -> None:
    good.judged_text = "j1 [0.30] Says something else."
    assert "Field judged_text is not" in check_item(good)[0]


def test_the_judge_is_told_every_judged_criterion_in_either_order(good: Item) -> None:
    told = [line.split()[0] for line in good.judged_text.splitlines()]
    turned = reordered(good)["judged_text"].splitlines()
    assert list(judged_weights(good)) == told == [line.split()[0] for line in turned][::-1]
    assert sum(w for w in judged_weights(good).values() if w > 0) == pytest.approx(0.3)


def test_a_figure_without_criterion_is_found(good: Item) -> None:
    good.rubric = good.rubric[1:]
    assert "no criterion scores it" in said(good)


def test_a_figure_asked_twice_is_found(good: Item) -> None:
    good.figures.append(good.figures[0])
    assert "asked for twice" in said(good)


def test_a_gap_in_the_gold_answer_is_found(good: Item) -> None:
    good.reference_answer.figures = good.reference_answer.figures[1:]
    assert "is not given" in said(good)


def test_an_unknown_code_is_found(rows: dict[str, Any]) -> None:
    item = next(Item.model_validate(r) for r in rows.values() if r["topic"] == "missing fact")
    next(c for c in item.rubric if c.kind == "missing").expected.append("shoe_size")
    assert "expects the code 'shoe_size'" in said(item)


def test_a_criterion_that_tells_no_answers_apart_is_found(good: Item) -> None:
    lines = [x for x in calibration(TASK / "calibration.jsonl") if x["item_id"] == good.id]
    blind = [{**x, "labels": {**x["labels"], "j1": True}} for x in lines]
    assert problems(good, lines) == []
    assert "Criterion 'j1' tells no calibration answers apart" in problems(good, blind)[0]


def test_lines_that_are_no_answers_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "calibration.jsonl"
    path.write_text('{"item_id": "a", "output_text": "", "labels": {"j1": true}}\n[1]\n{\n{}\n')
    assert [x["item_id"] for x in calibration(path)] == ["a"]
    assert calibration(tmp_path / "none") == []
