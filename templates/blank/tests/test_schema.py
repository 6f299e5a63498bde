"""The row and the prompt."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from task.schema import Answer, Item, gold, labels, messages, slices
from tests.conftest import Row


def test_the_prompt_holds_the_message_and_not_the_answer(row: Row) -> None:
    other = row | {"reference_answer": {"team": "orders", "urgent": True}}
    assert messages(Item.model_validate(other)) == messages(Item.model_validate(row))
    assert messages(Item.model_validate(row))[-1]["content"] == row["text"]


def test_the_reference_answer_is_an_answer(row: Row) -> None:
    item = Item.model_validate(row)
    assert gold(item) == Answer(team="returns", urgent=False)
    assert labels(item) == ["returns"]
    assert slices(item) == {"team": "returns"}


@pytest.mark.parametrize("change", [{"text": ""}, {"note": "x"}, {"reference_answer": None}])
def test_a_broken_row_is_refused(row: Row, change: Row) -> None:
    with pytest.raises(ValidationError):
        Item.model_validate(row | change)
