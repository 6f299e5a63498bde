"""What the shipped rows promise, and what the row check finds."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from pydantic import ValidationError

import task
from task.build_data import COUNTS, KINDS, build
from task.drafts import usd
from task.floors import floors
from task.grader import grade
from task.narrative import STYLES
from task.schema import Answer, Item, amounts, check_item, gold, labels, messages, slices

TASK = Path(task.__file__).parent
Rows = dict[str, Any]


@pytest.fixture(scope="session")
def splits() -> dict[str, list[Rows]]:
    """The rows of every split."""
    texts = {n: (TASK / f"data/{n}.jsonl").read_text(encoding="utf-8") for n in COUNTS}
    return {n: [json.loads(line) for line in text.splitlines()] for n, text in texts.items()}


@pytest.fixture(scope="session")
def rows(splits: dict[str, list[Rows]]) -> Rows:
    """All rows by id."""
    return {row["id"]: row for split in splits.values() for row in split}


@pytest.fixture
def good(rows: Rows) -> Item:
    """A shipped item, free to be spoilt."""
    return Item.model_validate(rows["train-01"])


def constant(row: Rows, value: int) -> Rows:
    """The sample that answers `value` to everything."""
    figures = [{"name": f["name"], "value": value} for f in row["figures"]]
    return {"output_json": {"figures": figures, "analysis": ""}}


def test_there_are_enough_rows_of_each_split(splits: dict[str, Any]) -> None:
    assert len(splits["train"]) >= 24
    assert len(splits["validation"]) >= 8
    assert len(splits["test"]) >= 12


def test_every_row_is_valid_and_free_of_faults(rows: Rows) -> None:
    faults = [p for row in rows.values() for p in check_item(Item.model_validate(row))]
    assert faults == []


def test_gold_scores_one_on_every_row(rows: Rows) -> None:
    said = [{"output_text": json.dumps(r["reference_answer"])} for r in rows.values()]
    assert list(map(grade, said, rows.values())) == [1.0] * len(rows)


def test_every_probe_gets_the_score_it_must_get(rows: Rows) -> None:
    for line in (TASK / "probes.jsonl").read_text(encoding="utf-8").splitlines():
        probe = json.loads(line)
        score = grade({"output_text": probe["output_text"]}, rows[probe["item_id"]])
        assert probe["min"] - 1e-9 <= score <= probe["max"] + 1e-9, probe["name"]


def test_building_again_gives_the_same_rows(splits: dict[str, Any]) -> None:
    again = {n: [r.model_dump(mode="json") for r in rows] for n, rows in build().items()}
    assert again == splits


def test_another_seed_gives_other_cases_without_faults(splits: dict[str, Any]) -> None:
    other = build(seed=7, counts={"train": 2})["train"]
    assert [p for item in other for p in check_item(item)] == []
    assert other[0].facts != splits["train"][0]["facts"]


def test_no_company_stands_in_two_splits(splits: dict[str, Any]) -> None:
    companies = [{r["company"] for r in rows} for rows in splits.values()]
    assert sum(map(len, companies)) == len(set.union(*companies))


def test_stored_messages_are_those_of_the_schema(rows: Rows) -> None:
    stale = [i for i, r in rows.items() if r["messages"] != messages(Item.model_validate(r))]
    assert stale == []


def test_every_split_holds_every_topic_and_style(splits: dict[str, Any]) -> None:
    for rows in splits.values():
        assert len({r["topic"] for r in rows}) == len(KINDS)
        assert {r["style"] for r in rows} == set(STYLES)


def test_leap_years_occur(rows: Rows) -> None:
    assert any("2020" in r["question"] and "per-share" in r["topic"] for r in rows.values())


def test_weights_sum_to_exactly_one_over_8_to_12_criteria(rows: Rows) -> None:
    for row in rows.values():
        assert sum(Decimal(c["weight"]) for c in row["rubric"]) == 1
        assert 8 <= len(row["rubric"]) <= 12


def test_allocations_of_an_item_add_up_to_it(rows: Rows) -> None:
    """The parts of ordinary income or loss are conserved: their sum is told in the facts."""
    seen = 0
    for row in rows.values():
        parts = [
            c["expected"]
            for c in row["rubric"]
            if c["figure"].startswith(("ordinary_income_", "loss_")) and c["group"] == "allocation"
        ]
        if len(parts) < 2:
            continue
        seen += 1
        told = amounts(row["facts"])
        assert sum(parts) in told or any(sum(parts) - a in told for a in told)
    assert seen > len(rows) / 2


def test_no_single_number_is_worth_guessing(rows: Rows) -> None:
    for row in rows.values():
        guesses = [0, *amounts(row["facts"])]
        assert max(grade(constant(row, g), row) for g in guesses) <= 0.2


def test_floors_stay_low_on_every_split(splits: dict[str, Any]) -> None:
    for rows in splits.values():
        for name in ("empty", "zeros", "amounts_in_order", "number_soup"):
            assert mean(grade({"output_text": floors(r)[name]}, r) for r in rows) < 0.05


def test_number_soup_scores_nothing(rows: Rows) -> None:
    for row in rows.values():
        assert grade({"output_text": floors(row)["number_soup"]}, row) == 0.0


def test_the_prompt_holds_no_answer_and_no_rubric(good: Item) -> None:
    before = messages(good)
    good.rubric, good.reference_answer.figures = [], []
    assert messages(good) == before


def test_the_prompt_states_the_conventions(good: Item) -> None:
    developer, user = messages(good)
    assert "largest remainders" in developer["content"]
    assert "1.1377-1(a)(2)(ii)" in developer["content"]
    assert all(f.name in user["content"] for f in good.figures)


def test_every_figure_says_what_it_is(rows: Rows) -> None:
    figures = [f for r in rows.values() for f in r["figures"]]
    assert all(f["description"].endswith(".") and len(f["description"]) > 12 for f in figures)


def test_gold_is_the_reference_with_an_analysis_that_cites(good: Item) -> None:
    assert gold(good).figures == good.reference_answer.figures
    assert "IRC 1377(a)(1)" in gold(good).analysis


def test_labels_and_slices_describe_the_row(good: Item) -> None:
    assert labels(good) == ["per-share-per-day"]
    assert slices(good) == {"topic": "per-share-per-day", "style": "email"}


def test_unknown_fields_are_refused(rows: Rows) -> None:
    with pytest.raises(ValidationError):
        Item.model_validate({**rows["train-01"], "year": 2020})
    with pytest.raises(ValidationError):
        Answer.model_validate({"figures": []})


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("weight", "0.25", "sum to 1."),
        ("weight", "many", "write a decimal other than zero"),
        ("weight", "0", "write a decimal other than zero"),
        ("weight", "-0.05", "meets the negative criterion"),
        ("expected", 1, "does not meet criterion"),
        ("figure", "nobody", "which is not asked for"),
        ("id", "c02", "must be unique"),
    ],
)
def test_a_fault_of_the_rubric_is_named(good: Item, field: str, value: Any, words: str) -> None:
    setattr(good.rubric[0], field, value)
    assert words in " ".join(check_item(good))


def test_a_figure_without_criterion_is_found(good: Item) -> None:
    good.rubric = good.rubric[1:]
    assert any("no criterion scores it" in p for p in check_item(good))


def test_a_figure_asked_twice_is_found(good: Item) -> None:
    good.figures.append(good.figures[0])
    assert "asked for twice" in check_item(good)[0]


def test_a_gap_in_the_gold_answer_is_found(good: Item) -> None:
    good.reference_answer.figures = good.reference_answer.figures[1:]
    assert any("gold answer lacks" in p for p in check_item(good))


def test_amounts_are_read_in_cents_each_once() -> None:
    assert amounts("$1,234 and $0.50, $1,234 again, 17 shares") == [123400, 50]
    assert (usd(123400), usd(1250)) == ("$1,234", "$12.50")
