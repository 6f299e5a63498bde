"""The row's validator: each rule, with the sentence it must say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from task.schema import Answer, Item, check_item, gold, labels, messages, slices
from tests.conftest import Row, pairs, port, rebind


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
        ({"abort": "1'b0"}, "must_not_bind lists 'abort', which the gold answer binds"),
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


def test_must_not_bind_names_what_the_vip_has(row: Row) -> None:
    problems = check_item(item(row, must_not_bind=["ghost"]))
    assert "lists 'ghost', which the VIP does not have" in problems[0]


def test_two_ports_of_one_name_are_named(row: Row) -> None:
    dut = row["dut"] | {"ports": [*row["dut"]["ports"], port("clk", "input")]}
    assert "dut.ports names 'clk' twice" in check_item(item(row, dut=dut))[0]


def test_a_row_with_nothing_to_leave_unset_is_refused(row: Row) -> None:
    """If binding everything is right, the row teaches over-binding."""
    bare = {**row["vip"], "ports": row["vip"]["ports"][:4], "params": row["vip"]["params"][:1]}
    right = rebind(row, last=None)
    problems = check_item(item(row, vip=bare, reference_answer=right, must_not_bind=[]))
    assert "cannot teach what to leave unset" in problems[0]


def test_a_row_that_binds_nothing_is_fine(row: Row) -> None:
    assert check_item(item(row, reference_answer=[], must_not_bind=[])) == []


@pytest.mark.parametrize("change", [{"extra": 1}, {"protocol": None}, {"must_not_bind": "clk"}])
def test_an_unknown_or_wrong_field_is_refused(row: Row, change: Row) -> None:
    with pytest.raises(ValidationError):
        item(row, **change)


def test_the_answer_model_takes_the_prompts_example() -> None:
    Answer.model_validate_json('{"predicted":[{"name":"clk","value":"ck"}]}')
    with pytest.raises(ValidationError):
        Answer.model_validate_json('{"predicted":[{"name":"clk","value":"ck","why":""}]}')


def test_the_prompt_shows_both_interfaces_and_the_request(row: Row) -> None:
    """Every port and parameter, the tie-off, the settings, and no reference answer."""
    text = messages(item(row, settings=["Seed: 7."]))[1]["content"]
    for word in ("the only stream", "Seed: 7.", "input[15:0]: s_data", "ready=1'b1", "SEED=1"):
        assert word in text
    assert "required output[W]: data" in text
    assert "optional output[W/8]: keep" in text


def test_the_gold_answer_is_an_answer(row: Row) -> None:
    assert gold(item(row)).model_dump() == {"predicted": row["reference_answer"]}
    assert gold(item(row, reference_answer=None)) == Answer(predicted=[])


def test_roles_are_developer_then_user(row: Row) -> None:
    assert [message["role"] for message in messages(item(row))] == ["developer", "user"]


def test_labels_and_slices_tell_rows_apart(row: Row) -> None:
    assert labels(item(row)) == ["stream"]
    assert labels(item(row, reference_answer=[])) == ["nothing to bind"]
    right = rebind(row, code="{count[3:1], busy}", ready="1'b1")
    groups = slices(item(row, reference_answer=right))
    assert groups["has a tie-off"] == groups["slice or join"] == groups["sets a parameter"] == "yes"
    assert slices(item(row, reference_answer=pairs(clk="clk")))["slice or join"] == "no"
