"""The form of an answer: every schema has one, and saving it untouched changes nothing."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from rft.review.shapes import Shape, search_at, shape_of
from rft.review.values import MISSING, fill, posted, read, refill
from rft.task import Widget


class Pair(BaseModel):
    name: str
    value: int | None


class Inner(BaseModel):
    flag: bool
    level: Literal["low", "high"]


class Tree(BaseModel):
    name: str
    below: list[Tree] = []


class Everything(BaseModel):
    text: str
    whole: int
    real: float
    maybe: str | None
    inner: Inner
    words: list[str]
    kinds: list[Literal["a", "b", "c"]]
    pairs: list[Pair]
    table: dict[str, float]
    either: int | str
    tuple_: tuple[int, str]
    anything: Any
    trees: list[Tree]


FULL: dict[str, Any] = {
    "text": "two\nlines",
    "whole": 3,
    "real": 0.5,
    "maybe": None,
    "inner": {"flag": False, "level": "high"},
    "words": ["x", "y"],
    "kinds": ["c", "a"],
    "pairs": [{"name": "n", "value": None}, {"name": "m", "value": -4}],
    "table": {"a.b": 1.5, "c": 2.0},
    "either": "5",
    "tuple_": [1, "x"],
    "anything": {"deep": [None, True]},
    "trees": [{"name": "r", "below": [{"name": "leaf", "below": []}]}],
}
SHAPE = shape_of(Everything.model_json_schema())


def form(shape: Shape, value: Any) -> dict[str, list[str]]:
    """What a browser posts for the form of a value."""
    data: dict[str, list[str]] = {}
    for name, text in posted(fill(shape, value)):
        data.setdefault(name, []).append(text)
    return data


def test_every_kind_of_field_comes_back_as_it_was() -> None:
    assert read(SHAPE, form(SHAPE, FULL)).value == FULL


@pytest.mark.parametrize(
    "change",
    [
        {"text": "\x00\u202e"},
        {"text": "a\r\nb"},
        {"whole": "not a number"},
        {"whole": True},
        {"words": [""]},
        {"words": "not a list"},
        {"kinds": ["z"]},
        {"kinds": ["a", "a"]},
        {"pairs": [{"name": "", "value": None}]},
        {"inner": None},
        {"inner": {"flag": True, "level": "low", "more": 1}},
        {"unknown": 1},
    ],
    ids=str,
)
def test_what_a_form_cannot_carry_is_shown_as_json(change: dict[str, Any]) -> None:
    value = FULL | change
    data = form(SHAPE, value)
    assert any(name.endswith("!json") for name in data.keys() - form(SHAPE, FULL).keys())
    assert read(SHAPE, data).value == value


def test_an_empty_form_says_what_is_missing() -> None:
    reading = read(SHAPE, form(SHAPE, MISSING))
    assert {"answer.whole", "answer.inner.flag", "answer.inner.level"} <= reading.errors.keys()
    assert (reading.value["maybe"], reading.value["words"]) == (None, [])


def test_a_form_with_mistakes_is_shown_as_it_was_posted() -> None:
    data = form(SHAPE, FULL) | {"answer.whole": ["three"], "answer.words.7": ["added"]}
    again = dict(posted(refill(SHAPE, data)))
    assert (again["answer.whole"], again["answer.words.7"]) == ("three", "added")


WIDGETS: dict[str, Widget] = {
    "pairs": "each",
    "pairs[].name": {"fee": "what it costs", "rate": "of tax"},
    "pairs[fee].value": "money",
    "pairs[rate].value": "percent",
}
FEES = shape_of(Everything.model_json_schema(), WIDGETS).fields["pairs"]


@pytest.mark.parametrize(
    ("text", "cents"),
    [("1,234.50", 123450), ("$1234.5", 123450), ("(7)", -700), ("-0.07", -7), ("", None)],
)
def test_money_is_read_to_the_cent(text: str, cents: int | None) -> None:
    data = {"answer.0.value": [text], "answer.1.value": ["12.34 %"]}
    expected = [{"name": "fee", "value": cents}, {"name": "rate", "value": 1234}]
    assert read(FEES, data).value == expected


@pytest.mark.parametrize("text", ["1.234", "1e3", "ten", "1,2.3.4"])
def test_a_text_that_is_not_an_amount_is_named_at_its_field(text: str) -> None:
    assert "answer.0.value" in read(FEES, {"answer.0.value": [text]}).errors


def test_a_list_of_fixed_entries_shows_each_once() -> None:
    node = fill(FEES, [{"name": "rate", "value": 5}, {"name": "fee", "value": 123456}])
    assert node.as_json  # in another order: the form would change it
    node = fill(FEES, [{"name": "fee", "value": 123456}, {"name": "rate", "value": 5}])
    assert [child.children[1].value for child in node.children] == ["1,234.56", "0.05"]


def test_a_search_belongs_to_its_field() -> None:
    shape = shape_of(Everything.model_json_schema(), {"words[]": lambda words: [(words, "found")]})
    search = search_at(shape, "words[]")
    assert search
    assert list(search("q")) == [("q", "found")]
    assert search_at(shape, "text") is None


@pytest.mark.parametrize("schema", [{}, {"type": "null"}, {"$ref": "#/$defs/Lost"}, {"anyOf": []}])
def test_an_unknown_schema_is_a_json_field(schema: dict[str, Any]) -> None:
    assert shape_of(schema).kind == "json"


@pytest.mark.parametrize("text", ["{", "NaN", "[1e999]x", "[" * 5_000])
def test_json_that_is_none_is_refused(text: str) -> None:
    assert read(shape_of({}), {"answer!json": [text]}).errors
