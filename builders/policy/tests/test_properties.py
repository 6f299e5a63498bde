"""Properties of the reward that hold for every answer, with counterexamples searched for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strategies import any_json, broken, samples, spellings

import task
from task.grader import explain, grade

TRAIN = Path(task.__file__).parent / "data/train.jsonl"
ROWS = [json.loads(line) for line in TRAIN.read_text(encoding="utf-8").splitlines()]
KEYS = ("figures", "name", "value", "rubric", "weight", "expected", "figure", "tolerance", "kind")
Figures = list[dict[str, Any]]


def answer(figures: Figures) -> dict[str, Any]:
    return {"figures": figures, "missing": [], "citations": [], "analysis": "IRC 1377"}


@st.composite
def answered(draw: st.DrawFn) -> tuple[dict[str, Any], Figures]:
    """A shipped row, and some of its figures: right, nearly right or wrong; names not asked for."""
    row = draw(st.sampled_from(ROWS))
    figures = []
    for figure in draw(st.permutations(row["reference_answer"]["figures"])):
        off = draw(st.sampled_from([None, 0, 0, 0, 100, -101, 10**9]))
        if off is not None and figure["value"] is not None:
            figures.append({"name": figure["name"], "value": figure["value"] + off})
    extra = st.fixed_dictionaries({"name": st.text("xyz", max_size=3), "value": st.integers()})
    return row, figures + draw(st.lists(extra, max_size=3, unique_by=lambda f: f["name"]))


@given(samples(*KEYS), any_json(*KEYS) | st.sampled_from(ROWS).flatmap(broken))
def test_any_sample_and_row_score_between_0_and_1(sample: Any, row: Any) -> None:
    assert 0.0 <= grade(sample, row) <= 1.0
    assert all(0.0 <= part <= 1.0 for part in explain(sample, row).values())


@given(answered(), st.data())
def test_weights_of_any_size_and_sign_keep_the_reward_in_range(
    case: tuple[dict[str, Any], Figures], data: st.DataObject
) -> None:
    row, figures = case
    weights = st.decimals(-3, 3, places=2).map(str)
    rubric = [dict(line, weight=data.draw(weights)) for line in row["rubric"]]
    assert 0.0 <= grade({"output_json": answer(figures)}, dict(row, rubric=rubric)) <= 1.0


@given(answered(), st.data())
def test_order_and_spelling_do_not_count(
    case: tuple[dict[str, Any], Figures], data: st.DataObject
) -> None:
    row, figures = case
    plain = grade({"output_text": json.dumps(answer(figures))}, row)
    other = data.draw(st.permutations(figures))
    assert grade(data.draw(spellings(answer(other))), row) == plain


@given(answered(), st.data())
def test_a_right_figure_more_never_lowers_the_reward(
    case: tuple[dict[str, Any], Figures], data: st.DataObject
) -> None:
    row, figures = case
    said = {figure["name"] for figure in figures}
    missing = [f for f in row["reference_answer"]["figures"] if f["name"] not in said]
    if not missing:
        return
    more = [*figures, data.draw(st.sampled_from(missing))]
    before, after = (grade({"output_json": answer(f)}, row) for f in (figures, more))
    assert after > before or after == 1.0


@given(answered(), st.data())
def test_a_wrong_figure_in_place_of_a_right_one_never_pays(
    case: tuple[dict[str, Any], Figures], data: st.DataObject
) -> None:
    row, figures = case
    if not figures:
        return
    at = data.draw(st.integers(0, len(figures) - 1))
    worse = [dict(f, value=f["value"] + 10**12) if n == at else f for n, f in enumerate(figures)]
    assert grade({"output_json": answer(worse)}, row) <= grade(
        {"output_json": answer(figures)}, row
    )


@given(answered(), st.data())
def test_a_figure_given_twice_never_pays(
    case: tuple[dict[str, Any], Figures], data: st.DataObject
) -> None:
    row, figures = case
    if not figures:
        return
    twin = dict(data.draw(st.sampled_from(figures)), value=data.draw(st.integers()))
    shotgun = [*figures, twin]
    assert grade({"output_json": answer(shotgun)}, row) <= grade(
        {"output_json": answer(figures)}, row
    )
