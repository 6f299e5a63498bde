"""What the shipped rows promise, and what the row check finds."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import pytest
from pydantic import ValidationError

import task
from task.build_data import COUNTS, KINDS, TOPICS, build, calibration
from task.cases_sale import daily
from task.drafts import usd
from task.floors import floors, soups
from task.grader import grade
from task.narrative import STYLES, tell
from task.rubric import JUDGED_SHARE, MISSING
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


def test_there_are_enough_rows_of_each_split(splits: dict[str, Any]) -> None:
    assert len(splits["train"]) >= 60
    assert len(splits["validation"]) >= 20
    assert len(splits["test"]) >= 30


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


def test_building_again_gives_the_same_rows_and_answers(splits: dict[str, Any]) -> None:
    built = build()
    again = {n: [b.item.model_dump(mode="json") for b in rows] for n, rows in built.items()}
    stored = (TASK / "calibration.jsonl").read_text(encoding="utf-8").splitlines()
    assert again == splits
    assert calibration(built) == [json.loads(line) for line in stored]


def test_another_seed_gives_other_cases_without_faults(splits: dict[str, Any]) -> None:
    other = [b.item for b in build(seed=7, counts={"train": 1})["train"]]
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
        assert {r["topic"] for r in rows} == set(TOPICS)
        assert {r["style"] for r in rows} == set(STYLES)


def test_every_kind_meets_every_style_over_the_splits(rows: Rows) -> None:
    met = {(r["topic"], r["style"]) for r in rows.values()}
    assert len(met) == len(TOPICS) * len(STYLES)


def test_both_entities_and_ten_kinds_of_case_are_there(rows: Rows) -> None:
    assert {r["entity"] for r in rows.values()} == {"S corporation", "partnership"}
    assert len(KINDS) >= 10


def test_the_same_facts_are_laid_out_in_many_ways() -> None:
    draft = daily(Random(1), 2020, ["Adams", "Brown", "Clark"])
    told = {tell(Random(n), style, draft.facts, "X", []) for style in STYLES for n in range(20)}
    shapes = {re.sub(r"[\w$.,' ]+", "w", text) for text in told}
    assert len(shapes) >= 14


def test_dates_and_amounts_are_written_in_several_forms(rows: Rows) -> None:
    text = " ".join(r["facts"] for r in rows.values())
    for form in (r"May \d+, 20", r"\d May 20", r"20\d\d-05-", r"(st|nd|rd|th) of May 20"):
        assert re.search(form, text), form
    assert all(form in text for form in ("$", "USD ", " dollars", " percent"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_way_of_telling_changes_an_amount(kind: Any) -> None:
    draft = kind(Random(3), 2020, ["Adams", "Brown", "Clark"])
    wanted = set(amounts(" ".join(f.terse for f in draft.facts)))
    for style in STYLES:
        for n in range(12):
            told = amounts(tell(Random(n), style, draft.facts, "X", []))
            assert set(told) == wanted, style


def test_every_fact_can_be_missing_and_is_not_told(rows: Rows) -> None:
    open_cases = [r for r in rows.values() if r["topic"] == "missing fact"]
    lost = {code for r in open_cases for code in r["reference_answer"]["missing"]}
    assert lost == {"opening_basis", "sale_price", "sale_date", "books_at_sale"}
    for row in open_cases:
        unknown = [f["value"] for f in row["reference_answer"]["figures"] if f["value"] is None]
        assert len(unknown) >= 2


def test_leap_years_occur(rows: Rows) -> None:
    assert any("2020" in r["question"] and "per-share" in r["topic"] for r in rows.values())


def test_weights_sum_to_exactly_one_and_judged_ones_to_the_judges_share(rows: Rows) -> None:
    for row in rows.values():
        positive = [c for c in row["rubric"] if not c["weight"].startswith("-")]
        judged = [Decimal(c["weight"]) for c in positive if c["kind"] == "judged"]
        assert sum(Decimal(c["weight"]) for c in positive) == 1
        assert sum(judged) == JUDGED_SHARE
        assert 10 <= len(positive) <= 14


def test_the_grader_weighs_its_parts_as_the_rubrics_do() -> None:
    spec = json.loads((TASK / "grader.json").read_text(encoding="utf-8"))
    share = f"{JUDGED_SHARE.normalize()}*analysis"
    assert spec["calculate_output"] == f"{1 - JUDGED_SHARE.normalize()}*figures + {share}"


def test_allocations_of_an_item_add_up_to_what_the_facts_tell(rows: Rows) -> None:
    seen = 0
    for row in rows.values():
        told = set(amounts(row["facts"]))
        sums = {a + b for a in told for b in told} | told
        totals = {c["total"] for c in row["rubric"] if c.get("part_of") and c["group"] != "law"}
        seen += len(totals)
        assert all(t in sums for t in totals if row["topic"] != "earnings and profits"), row["id"]
    assert seen > len(rows)


def test_number_soup_of_every_kind_scores_below_0_15(rows: Rows) -> None:
    """`grade` is the whole reward without a judge; with one who gives nothing, 0.7 of it."""
    best = [max(grade({"output_text": text}, r) for text in soups(r)) for r in rows.values()]
    assert max(best) < 0.15
    assert float(1 - JUDGED_SHARE) * max(best) < 0.10


def test_floors_stay_low_on_every_split(splits: dict[str, Any]) -> None:
    for rows in splits.values():
        for name in floors(rows[0]):
            assert mean(grade({"output_text": floors(r)[name]}, r) for r in rows) < 0.05


def test_the_prompt_holds_no_answer_and_no_rubric(good: Item) -> None:
    before = messages(good)
    good.rubric, good.reference_answer.figures, good.judged_text = [], [], ""
    assert messages(good) == before


def test_the_prompt_states_the_conventions(good: Item) -> None:
    developer, user = messages(good)
    assert "largest remainders" in developer["content"]
    assert all(code in developer["content"] for code in MISSING)
    assert all(f.name in user["content"] for f in good.figures)


def test_every_figure_says_what_it_is(rows: Rows) -> None:
    figures = [f for r in rows.values() for f in r["figures"]]
    assert all(f["description"].endswith(".") and len(f["description"]) > 12 for f in figures)


def test_gold_is_the_reference_with_an_analysis_that_cites(good: Item) -> None:
    assert gold(good).figures == good.reference_answer.figures
    assert "IRC 1377(a)(1)" in gold(good).analysis


def test_labels_and_slices_describe_the_row(good: Item) -> None:
    assert labels(good) == ["per-share-per-day"]
    assert slices(good)["entity"] == "S corporation"
    assert slices(good)["style"] == "email"


def test_unknown_fields_are_refused(rows: Rows) -> None:
    with pytest.raises(ValidationError):
        Item.model_validate({**rows["train-01"], "year": 2020})
    with pytest.raises(ValidationError):
        Answer.model_validate({"figures": []})


def test_amounts_are_read_in_cents_each_once() -> None:
    assert amounts("$1,234 and $0.50, USD 1,234 again, 17 shares") == [123400, 50]
    assert amounts("1,234 dollars and 7.25 dollars") == [123400, 725]
    assert (usd(123400), usd(1250)) == ("$1,234", "$12.50")
