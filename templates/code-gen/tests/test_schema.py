"""The row's validator: each rule, with its message."""

from __future__ import annotations

from typing import Any

import pytest

from task.schema import Item, check_item, display, gold, messages
from tests.conftest import Row, rebind


def item(row: Row, **changes: Any) -> Item:
    return Item.model_validate(row | changes)


def test_a_good_row_has_no_finding(row: Row) -> None:
    assert check_item(item(row)) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bogus": "clk"}, "no port or parameter 'bogus'"),
        ({"last": "s_lost"}, "no signal 's_lost'"),
        ({"clk": None}, "required port 'clk'"),
        ({"W": None}, "has 8 bits"),
        ({"abort": "1'b0"}, "must_not_bind lists 'abort', which the reference binds"),
        ({"SEED": "1"}, "sets 'SEED' to its default"),
        ({"SEED": "32'h1"}, "sets 'SEED' to its default"),
    ],
)
def test_a_wrong_gold_answer_is_named(row: Row, values: dict[str, Any], words: str) -> None:
    problems = check_item(item(row, reference_answer=rebind(row, **values)))
    assert any(words in text for text in problems), problems
    assert all(text.endswith((".", ").")) for text in problems)


def test_a_missing_gold_answer_is_named(row: Row) -> None:
    assert "reference_answer is null" in check_item(item(row, reference_answer=None))[0]


def test_the_prompt_shows_both_interfaces_and_the_request(row: Row) -> None:
    """Every port and parameter, the tie-off, the settings, and no reference answer."""
    text = messages(item(row, settings=["Seed: 7."]))[1]["content"]
    for word in ("the only stream", "Seed: 7.", "input[15:0]: s_data", "ready=1'b1", "SEED=1"):
        assert word in text
    assert "required output[W]: data" in text
    assert "optional output[W/8]: keep" in text


def test_reports_show_ports_then_parameters(row: Row) -> None:
    lines = display(item(row), gold(item(row)))
    assert (lines[0], lines[-1]) == ("clk: clk", "parameter W: 16")
