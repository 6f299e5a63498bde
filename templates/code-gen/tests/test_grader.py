"""The reward: F1 over (name, value) pairs, halved when the binding would not elaborate."""

from __future__ import annotations

from typing import Any

import pytest

from task import grader
from tests.conftest import Row, answer, pairs, rebind


def reward(row: Row, bindings: list[dict[str, str]]) -> float:
    return grader.grade(answer(bindings), row)


def test_the_gold_answer_scores_one_in_any_order(row: Row) -> None:
    assert reward(row, row["reference_answer"]) == 1.0
    assert reward(row, row["reference_answer"][::-1]) == 1.0


def test_binding_nothing_is_right_when_there_is_nothing_to_bind(row: Row) -> None:
    """F1 of two empty answers is 1, so that a model can learn to leave a VIP alone."""
    nothing = row | {"reference_answer": []}
    assert reward(nothing, []) == 1.0
    assert reward(nothing, pairs(clk="clk")) == 0.0
    assert reward(row, []) == 0.0


def test_a_missing_pair_costs_recall_and_a_further_pair_precision(row: Row) -> None:
    parts = grader.explain(answer(rebind(row, last=None)), row)
    assert [parts["precision"], parts["recall"]] == pytest.approx([1.0, 5 / 6])
    parts = grader.explain(answer(rebind(row, SEED="9")), row)
    assert [parts["precision"], parts["recall"]] == pytest.approx([6 / 7, 1.0])


@pytest.mark.parametrize(
    ("gold", "values", "same"),
    [
        ({"code": "4'h0"}, {"code": "4'b0000"}, True),
        ({"code": "4'h0"}, {"code": "'0"}, True),
        ({"code": "count[3:0]"}, {"code": "{ count[3:2], count[1:0] }"}, True),
        ({"data": "s_data"}, {"data": "s_data[15:0]"}, True),
        ({"W": "16"}, {"W": "8'd16"}, True),
        ({"code": "4'h0"}, {"code": "4'h1"}, False),
        ({"code": "count[3:0]"}, {"code": "count[4:1]"}, False),
        ({"code": "{clk, count[2:0]}"}, {"code": "{count[2:0], clk}"}, False),
    ],
)
def test_the_same_bits_are_the_same_value(row: Row, gold: Row, values: Row, same: bool) -> None:
    """Bases, spaces, slices and joins are spelling; other bits are another value."""
    wanted = row | {"reference_answer": rebind(row, **gold)}
    assert (reward(wanted, rebind(row, **values)) == 1.0) == same


def test_a_binding_that_does_not_elaborate_loses_half(row: Row) -> None:
    bindings = rebind(row, bogus="clk")
    parts = grader.explain(answer(bindings), row)
    assert parts["elaborates"] == 0.0
    assert parts["f1"] == pytest.approx(12 / 13)
    assert reward(row, bindings) == pytest.approx(0.5 * parts["f1"])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bogus": "clk"}, "no port or parameter 'bogus'"),
        ({"last": "s_lost"}, "no signal 's_lost'"),
        ({"clk": None}, "required port 'clk' is not connected"),
        ({"W": None}, "'data' has 8 bits, its value has 16"),
        ({"last": "s_data[16]"}, "outside the 16 bits"),
        ({"valid": "busy"}, "drives 'busy', which the design drives itself"),
        ({"last": "s_valid"}, "Two VIP outputs drive 's_valid'"),
        ({"SEED": "count"}, "'SEED' must be a constant"),
        ({"clk": "clk), .abort(busy"}, "is not one expression"),
    ],
)
def test_a_fault_is_named(row: Row, values: dict[str, Any], words: str) -> None:
    bindings = [(pair["name"], pair["value"]) for pair in rebind(row, **values)]
    assert any(words in text for text in grader.faults(bindings, row))


def test_a_pair_given_twice_is_a_fault(row: Row) -> None:
    twice = [*row["reference_answer"], row["reference_answer"][0]]
    assert grader.explain(answer(twice), row)["elaborates"] == 0.0


def test_over_binding_is_the_share_of_forbidden_names(row: Row) -> None:
    """Of six names that must stay unset, three are set."""
    bindings = answer(rebind(row, SEED="1", DEPTH="4", abort="1'b0"))
    assert grader.explain(bindings, row)["over_binding"] == pytest.approx(0.5)
    assert grader.explain(bindings, row | {"must_not_bind": []})["over_binding"] == 0.0


def test_setting_a_default_is_never_free(row: Row) -> None:
    scores = [
        reward(row, rebind(row, **extra))
        for extra in ({}, {"SEED": "1"}, {"SEED": "1", "DEPTH": "4"})
    ]
    assert scores[0] == 1.0
    assert scores[0] > scores[1] > scores[2]


def test_parsed_raw_and_fenced_answers_score_alike(row: Row) -> None:
    text = answer(rebind(row, last=None))["output_text"]
    parsed = {"output_text": "", "output_json": {"predicted": rebind(row, last=None)}}
    for sample in (parsed, {"output_text": text}, {"output_text": f"```json\n{text}\n```"}):
        assert grader.grade(sample, row) == pytest.approx(10 / 11)


@pytest.mark.parametrize(
    "text", [None, "", "all bound", "[]", '{"predicted": null}', '{"predicted": [], "score": 1}']
)
def test_an_answer_of_another_shape_scores_zero(row: Row, text: Any) -> None:
    assert grader.grade({"output_text": text}, row | {"reference_answer": []}) == 0.0
