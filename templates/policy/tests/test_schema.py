"""The row, the prompt, and what reports show of a row."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from task.schema import (
    Answer,
    Item,
    amounts,
    check_item,
    display,
    gold,
    judged_criteria,
    judged_weights,
    labels,
    messages,
    reordered,
    review_fields,
    slices,
)
from task.tools.criteria import MISSING
from tests.conftest import Row


@pytest.fixture
def item(row: Row) -> Item:
    """The small row, for a test to change."""
    return Item.model_validate(row)


def test_a_sound_row_has_no_faults(item: Item) -> None:
    assert check_item(item) == []


def test_the_prompt_holds_no_answer_and_no_rubric(item: Item) -> None:
    before = messages(item)
    item.rubric, item.reference_answer.figures, item.judged_text = [], [], ""
    assert messages(item) == before


def test_the_prompt_states_the_conventions(item: Item) -> None:
    developer, user = messages(item)
    assert "largest remainders" in developer["content"]
    assert all(code in developer["content"] for code in MISSING)
    assert all(figure.name in user["content"] for figure in item.figures)


def test_the_gold_answer_is_the_reference(item: Item) -> None:
    assert gold(item) == item.reference_answer
    assert Answer.model_validate_json(gold(item).model_dump_json()) == gold(item)


def test_labels_and_slices_describe_the_row(item: Item) -> None:
    assert labels(item) == ["distribution"]
    assert slices(item) == {"entity": "S corporation", "topic": "distribution", "style": "memo"}


def test_unknown_fields_are_refused(row: Row) -> None:
    with pytest.raises(ValidationError):
        Item.model_validate({**row, "year": 2020})
    with pytest.raises(ValidationError):
        Answer.model_validate({"figures": []})


def test_a_row_survives_being_written(item: Item) -> None:
    assert Item.model_validate(json.loads(item.model_dump_json())) == item


def test_amounts_are_read_in_cents_each_once() -> None:
    assert amounts("$1,234 and $0.50, USD 1,234 again, 17 shares") == [123400, 50]
    assert amounts("1,234 dollars and 7.25 dollars") == [123400, 725]


def test_reports_show_money_as_money(item: Item) -> None:
    answer = gold(item)
    answer.figures[0].value = -123456
    lines = display(item, answer)
    assert lines[:2] == ["income_jane: -$1,234.56", "income_john: $54,000.00"]
    assert "cites IRC 1367(a)" in lines


def test_a_judged_text_that_is_out_of_date_is_found(item: Item) -> None:
    item.judged_text = "j1 [0.30] Says something else."
    assert "Field judged_text is not" in check_item(item)[0]


def test_the_judge_is_given_every_judged_criterion_in_either_order(item: Item) -> None:
    names = [line.split()[0] for line in item.judged_text.splitlines()]
    turned = reordered(item)["judged_text"].splitlines()
    assert list(judged_weights(item)) == names == [line.split()[0] for line in turned][::-1]
    assert sum(w for w in judged_weights(item).values() if w > 0) == pytest.approx(0.3)


def test_experts_fill_in_each_figure_in_its_unit(item: Item) -> None:
    fields = review_fields(item)
    assert list(fields["figures[].name"]) == [value.name for value in gold(item).figures]
    money = {f"figures[{figure.name}].value" for figure in item.figures if figure.unit == "cents"}
    assert money == {path for path, unit in fields.items() if unit == "money"}
    assert judged_criteria(item).keys() == judged_weights(item).keys()
