"""The reward: F1 over (name, value) pairs, halved for a fault or a wrong critical pair."""

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
    """F1 of two empty answers is 1, so that a model can learn to leave a VIP unbound."""
    nothing = row | {"reference_answer": []}
    assert reward(nothing, []) == 1.0
    assert reward(nothing, pairs(clk="clk")) == 0.0
    assert reward(row, []) == 0.0


@pytest.mark.parametrize(
    ("gold", "values", "same"),
    [
        ({"code": "4'h0"}, {"code": "4'b0000"}, True),
        ({"code": "4'h0"}, {"code": "'0"}, True),
        ({"code": "count[3:0]"}, {"code": "{ count[3:2], count[1:0] }"}, True),
        ({"data": "s_data"}, {"data": "s_data[15:0]"}, True),
        ({"W": "16"}, {"W": "8'd16"}, True),
        ({"W": "16"}, {"W": "DW"}, True),
        ({"data": "s_data"}, {"data": "s_data[0*DW +: 2*HALF]"}, True),
        ({"abort": "busy && s_last"}, {"abort": "( busy&&s_last )"}, True),
        ({"last": "s_last"}, {"last": "dut.s_last"}, True),
        ({"last": "s_last"}, {"last": "s_last", "abort": ""}, True),
        ({"abort": "busy && s_last"}, {"abort": "busy || s_last"}, False),
        ({"code": "4'h0"}, {"code": "4'h1"}, False),
        ({"code": "count[3:0]"}, {"code": "count[4:1]"}, False),
        ({"code": "{clk, count[2:0]}"}, {"code": "{count[2:0], clk}"}, False),
    ],
)
def test_the_same_bits_are_the_same_value(row: Row, gold: Row, values: Row, same: bool) -> None:
    """Bases, spaces, slices and joins do not change a value; other bits do."""
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
        ({"last": "s_valid && busy"}, "can drive signals only"),
        ({"clk": "clk), .abort(busy"}, "is not one expression"),
    ],
)
def test_a_fault_is_named(row: Row, values: dict[str, Any], words: str) -> None:
    bindings = [(pair["name"], pair["value"]) for pair in rebind(row, **values)]
    assert any(words in text for text in grader.faults(bindings, row))


@pytest.mark.parametrize(
    "values", [{"clk": "s_last"}, {"ready": "1'b1"}, {"valid": "s_last", "last": "s_valid"}]
)
def test_a_wrong_critical_pair_leaves_half_of_the_reward(row: Row, values: dict[str, Any]) -> None:
    """It compiles, but no engineer would accept it: clock, reset and handshake must be right."""
    parts = grader.explain(answer(rebind(row, **values)), row)
    assert parts["elaborates"] == 1.0
    assert parts["critical"] == pytest.approx(2 / 3)
    assert reward(row, rebind(row, **values)) == pytest.approx(0.5 * parts["f1"])
    assert reward(row | {"critical": []}, rebind(row, **values)) == parts["f1"]


@pytest.mark.parametrize(
    "text", [None, "", "all bound", "[]", '{"predicted": null}', '{"bindings": []}']
)
def test_an_answer_of_another_shape_scores_zero(row: Row, text: Any) -> None:
    assert grader.grade({"output_text": text}, row | {"reference_answer": []}) == 0.0
