"""Properties of the reward that hold for every answer, with counterexamples searched for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strategies import any_json, broken, samples, spellings

import task
from task.grader import canonical, explain, grade

TRAIN = Path(task.__file__).parent / "data" / "train.jsonl"
ROWS = [json.loads(line) for line in TRAIN.read_text(encoding="utf-8").splitlines()]
KEYS = ("codes", "reference_answer", "optional", "must_not_code")


@st.composite
def answered(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """A shipped row, and codes drawn from its reference, its candidates and random text."""
    row = draw(st.sampled_from(ROWS))
    near = [*row["reference_answer"]["codes"], *row["near_misses"]]
    near += [c["code"] for c in row["candidates"]]
    letters = st.text("ABEIZ0123456789.", max_size=7)
    codes = draw(st.lists(st.sampled_from(near) | letters, max_size=8))
    return row, codes


@given(samples(*KEYS), any_json(*KEYS) | st.sampled_from(ROWS).flatmap(broken))
def test_any_sample_and_row_score_between_0_and_1(sample: Any, row: Any) -> None:
    assert 0.0 <= grade(sample, row) <= 1.0
    assert all(0.0 <= part <= 1.0 for part in explain(sample, row).values())


@given(answered(), st.data())
def test_spelling_order_and_repetition_do_not_count(
    case: tuple[dict[str, Any], list[str]], data: st.DataObject
) -> None:
    row, codes = case
    plain = grade({"output_text": json.dumps({"codes": codes})}, row)
    known = [c for c in codes if canonical(c)]
    ways = st.sampled_from([str.lower, canonical, " {} ".format])
    other = [data.draw(ways)(c) if c in known else c for c in [*codes, *known[:1]]]
    other = data.draw(st.permutations(other))
    assert grade(data.draw(spellings({"codes": other})), row) == plain


@given(answered(), st.data())
def test_a_right_code_more_never_lowers_the_reward(
    case: tuple[dict[str, Any], list[str]], data: st.DataObject
) -> None:
    row, codes = case
    said = {canonical(code) for code in codes}
    missing = [c for c in row["reference_answer"]["codes"] if canonical(c) not in said]
    if not missing:
        return
    more = [*codes, data.draw(st.sampled_from(missing))]
    before, after = (grade({"output_json": {"codes": c}}, row) for c in (codes, more))
    assert after > before or after == 1.0


@given(answered(), st.text("JKLM", min_size=1, max_size=4))
def test_a_wrong_code_more_never_raises_the_reward_of_right_ones(
    case: tuple[dict[str, Any], list[str]], junk: str
) -> None:
    row, _ = case
    gold = row["reference_answer"]["codes"]
    for codes in (gold, gold[:1]):
        before = grade({"output_json": {"codes": codes}}, row)
        assert grade({"output_json": {"codes": [*codes, junk]}}, row) < before or not gold


@given(answered(), st.data())
def test_partial_credit_never_beats_an_exact_answer(
    case: tuple[dict[str, Any], list[str]], data: st.DataObject
) -> None:
    row, codes = case
    missed = [c for c in row["reference_answer"]["codes"] if c not in codes]
    near = [c for c in codes if c in row["near_misses"]]
    if missed and near:
        exact = data.draw(st.sampled_from(missed))
        better = [exact if c == near[0] else c for c in codes]
        before, after = (grade({"output_json": {"codes": c}}, row) for c in (codes, better))
        assert after > before


@given(st.sampled_from(ROWS), st.data())
def test_an_answer_without_any_right_code_earns_a_fifth_at_most(
    row: dict[str, Any], data: st.DataObject
) -> None:
    near = row["near_misses"] or ["Z99.9"]
    codes = data.draw(st.lists(st.sampled_from(near), max_size=8))
    assert grade({"output_json": {"codes": codes}}, row) <= 0.2 + 1e-12
