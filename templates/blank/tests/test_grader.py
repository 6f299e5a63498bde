"""The reward."""

from __future__ import annotations

import json
from typing import Any

import pytest

from task.grader import explain, grade
from tests.conftest import Row

RIGHT = '{"team": "returns", "urgent": false}'


@pytest.mark.parametrize(
    "text", [RIGHT, f" {RIGHT}\n", f"```json\n{RIGHT}\n```", f"Here:\r\n```\r\n{RIGHT}\r\n```\r\n"]
)
def test_the_right_answer_earns_1_in_each_form(row: Row, text: str) -> None:
    assert grade({"output_text": text}, row) == 1.0


@pytest.mark.parametrize(
    ("answer", "reward"),
    [
        ({"team": "returns", "urgent": True}, 0.7),
        ({"team": "returns"}, 0.7),
        ({"team": "orders", "urgent": False}, 0.0),
        ({"urgent": False}, 0.0),
        ([{"team": "returns", "urgent": False}], 0.0),
    ],
)
def test_the_team_earns_most(row: Row, answer: Any, reward: float) -> None:
    assert grade({"output_text": json.dumps(answer)}, row) == pytest.approx(reward)


@pytest.mark.parametrize(
    "sample", [{}, {"output_text": None}, {"output_text": "[" * 9999}, {"output_text": "returns"}]
)
def test_what_cannot_be_read_scores_0(row: Row, sample: Row) -> None:
    assert grade(sample, row) == 0.0
    assert grade(sample, {}) == 0.0


def test_the_parts_say_what_is_right(row: Row) -> None:
    answer = {"output_text": '{"team": "returns", "urgent": 0}'}
    assert explain(answer, row) == {"team": 1.0, "urgent": 0.0}
