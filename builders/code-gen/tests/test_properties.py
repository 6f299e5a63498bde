"""Properties of the reward that hold for every binding, with counterexamples searched for."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strategies import any_json, broken, samples, spellings

from task.grader import HALF, explain, grade
from tests.conftest import TASK, Row

ROWS = [
    json.loads(line) for line in (TASK / "data/train.jsonl").open(encoding="utf-8").readlines()[:60]
]
KEYS = ("predicted", "name", "value", "reference_answer", "dut", "vip", "ports", "params", "width")
Pairs = list[dict[str, str]]


@st.composite
def bound(draw: st.DrawFn) -> tuple[Row, Pairs]:
    """A shipped row and a binding: right pairs, pairs with another net, pairs of other ports."""
    row = draw(st.sampled_from(ROWS))
    nets = st.sampled_from([p["name"] for p in row["dut"]["ports"]] + ["1'b0", "{", "8'hzz"])
    pairs = []
    for pair in row["reference_answer"]:
        kind = draw(st.integers(0, 5))
        if kind:
            pairs.append(pair if kind > 1 else dict(pair, value=draw(nets)))
    names = st.sampled_from([p["name"] for p in row["vip"]["ports"]])
    more = st.fixed_dictionaries({"name": names, "value": nets})
    return row, pairs + draw(st.lists(more, max_size=2))


def sample(pairs: Pairs) -> dict[str, Any]:
    return {"output_text": json.dumps({"predicted": pairs})}


@given(samples(*KEYS), any_json(*KEYS) | st.sampled_from(ROWS).flatmap(broken))
def test_any_sample_and_row_score_between_0_and_1(said: Any, row: Any) -> None:
    assert 0.0 <= grade(said, row) <= 1.0
    assert all(0.0 <= part <= 1.0 for part in explain(said, row).values())


@given(bound(), st.data())
def test_order_white_space_and_spelling_do_not_count(
    case: tuple[Row, Pairs], data: st.DataObject
) -> None:
    row, pairs = case
    pad = st.sampled_from(["", " ", "\n"])
    other = [
        {key: data.draw(pad) + text + data.draw(pad) for key, text in pair.items()}
        for pair in data.draw(st.permutations(pairs))
    ]
    assert grade(data.draw(spellings({"predicted": other})), row) == grade(sample(pairs), row)


@given(bound(), st.data())
def test_a_right_pair_more_raises_f1_and_costs_only_by_breaking_the_elaboration(
    case: tuple[Row, Pairs], data: st.DataObject
) -> None:
    row, pairs = case
    said = {pair["name"] for pair in pairs}
    missing = [pair for pair in row["reference_answer"] if pair["name"] not in said]
    if not missing:
        return
    more = [*pairs, data.draw(st.sampled_from(missing))]
    before, after = explain(sample(pairs), row), explain(sample(more), row)
    assert after["f1"] > before["f1"]
    if after["elaborates"] >= before["elaborates"]:
        assert grade(sample(more), row) > grade(sample(pairs), row)


@given(bound())
def test_the_reward_is_f1_or_half_of_it(case: tuple[Row, Pairs]) -> None:
    row, pairs = case
    parts = explain(sample(pairs), row)
    whole = parts["elaborates"] == parts["critical"] == 1.0
    assert grade(sample(pairs), row) == parts["f1"] * (1.0 if whole else HALF)


@given(bound(), st.sampled_from(["no_such_port", "", "a b"]))
def test_a_name_that_the_vip_lacks_never_pays(case: tuple[Row, Pairs], name: str) -> None:
    row, pairs = case
    more = [*pairs, {"name": name, "value": "clk"}]
    assert grade(sample(more), row) <= grade(sample(pairs), row)
