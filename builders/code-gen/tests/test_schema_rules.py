"""The row's validator and prompt: the less common rules."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from task.schema import Answer, Item, check_item, labels, messages, slices
from tests.conftest import Row, pairs, port, rebind


def item(row: Row, **changes: Any) -> Item:
    return Item.model_validate(row | changes)


def test_critical_names_ports_of_the_vip(row: Row) -> None:
    assert "critical lists 'ghost'" in check_item(item(row, critical=["ghost"]))[0]


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


def test_roles_are_developer_then_user(row: Row) -> None:
    assert [message["role"] for message in messages(item(row))] == ["developer", "user"]


def test_labels_and_slices_tell_rows_apart(row: Row) -> None:
    assert labels(item(row)) == ["stream"]
    assert labels(item(row, reference_answer=[])) == ["nothing to bind"]
    right = rebind(row, code="{count[3:1], busy}", ready="1'b1")
    groups = slices(item(row, reference_answer=right))
    assert groups["has a tie-off"] == groups["slice or join"] == groups["sets a parameter"] == "yes"
    assert slices(item(row, reference_answer=pairs(clk="clk")))["slice or join"] == "no"


def test_the_answer_model_takes_the_prompts_example() -> None:
    Answer.model_validate_json('{"predicted":[{"name":"clk","value":"ck"}]}')
    with pytest.raises(ValidationError):
        Answer.model_validate_json('{"predicted":[{"name":"clk","value":"ck","why":""}]}')
