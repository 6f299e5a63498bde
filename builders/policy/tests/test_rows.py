"""The shipped rows: how many, how varied, and that they cannot be guessed."""

from __future__ import annotations

import re
from decimal import Decimal
from statistics import mean

from build_data import KINDS, TOPICS
from conftest import Row
from narrative import STYLES
from soups import soups

from task.floors import floors
from task.grader import grade
from task.schema import amounts
from task.tools.criteria import JUDGED_SHARE


def test_there_are_enough_rows_of_each_split(rows_by_split: dict[str, list[Row]]) -> None:
    assert len(rows_by_split["train"]) >= 60
    assert len(rows_by_split["validation"]) >= 20
    assert len(rows_by_split["test"]) >= 30


def test_every_split_holds_every_topic_and_style(rows_by_split: dict[str, list[Row]]) -> None:
    for rows in rows_by_split.values():
        assert {r["topic"] for r in rows} == set(TOPICS)
        assert {r["style"] for r in rows} == set(STYLES)


def test_every_kind_meets_every_style_over_the_splits(rows: list[Row]) -> None:
    met = {(r["topic"], r["style"]) for r in rows}
    assert len(met) == len(TOPICS) * len(STYLES)


def test_both_entities_and_ten_kinds_of_case_are_there(rows: list[Row]) -> None:
    assert {r["entity"] for r in rows} == {"S corporation", "partnership"}
    assert len(KINDS) >= 10


def test_dates_and_amounts_are_written_in_several_forms(rows: list[Row]) -> None:
    text = " ".join(r["facts"] for r in rows)
    for form in (r"May \d+, 20", r"\d May 20", r"20\d\d-05-", r"(st|nd|rd|th) of May 20"):
        assert re.search(form, text), form
    assert all(form in text for form in ("$", "USD ", " dollars", " percent"))


def test_every_fact_can_be_missing_and_is_not_told(rows: list[Row]) -> None:
    open_cases = [r for r in rows if r["topic"] == "missing fact"]
    lost = {code for r in open_cases for code in r["reference_answer"]["missing"]}
    assert lost == {"opening_basis", "sale_price", "sale_date", "books_at_sale"}
    for row in open_cases:
        unknown = [f["value"] for f in row["reference_answer"]["figures"] if f["value"] is None]
        assert len(unknown) >= 2


def test_leap_years_occur(rows: list[Row]) -> None:
    assert any("2020" in r["question"] and "per-share" in r["topic"] for r in rows)


def test_weights_sum_to_exactly_one_and_judged_ones_to_the_judges_share(rows: list[Row]) -> None:
    for row in rows:
        positive = [c for c in row["rubric"] if not c["weight"].startswith("-")]
        judged = [Decimal(c["weight"]) for c in positive if c["kind"] == "judged"]
        assert sum(Decimal(c["weight"]) for c in positive) == 1
        assert sum(judged) == JUDGED_SHARE
        assert 10 <= len(positive) <= 14


def test_allocations_of_an_item_add_up_to_what_the_facts_tell(rows: list[Row]) -> None:
    seen = 0
    for row in rows:
        given = set(amounts(row["facts"]))
        sums = {a + b for a in given for b in given} | given
        totals = {c["total"] for c in row["rubric"] if c.get("part_of") and c["group"] != "law"}
        seen += len(totals)
        assert all(t in sums for t in totals if row["topic"] != "earnings and profits"), row["id"]
    assert seen > len(rows)


def test_number_soup_of_every_kind_scores_below_0_15(rows: list[Row]) -> None:
    """`grade` is the whole reward without a judge; with a judge that gives 0, 0.7 of it."""
    best = [max(grade({"output_text": text}, r) for text in soups(r)) for r in rows]
    assert max(best) < 0.15
    assert float(1 - JUDGED_SHARE) * max(best) < 0.10


def test_floors_stay_low_on_every_split(rows_by_split: dict[str, list[Row]]) -> None:
    for rows in rows_by_split.values():
        for name in floors(rows[0]):
            most = 0.2 if name == "pro rata" else 0.05  # that one calculates
            assert mean(grade({"output_text": floors(r)[name]}, r) for r in rows) < most


def test_every_figure_says_what_it_is(rows: list[Row]) -> None:
    figures = [f for r in rows for f in r["figures"]]
    assert all(f["description"].endswith(".") and len(f["description"]) > 12 for f in figures)


def test_every_reference_analysis_names_its_authority(rows: list[Row]) -> None:
    for row in rows:
        reference = row["reference_answer"]
        assert any(section in reference["analysis"] for section in reference["citations"])
