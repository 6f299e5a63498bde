"""What the reward promises."""

from __future__ import annotations

import ast
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import task.grader
from task.grader import MAX_CREDIT, canonical, explain, grade

MakeItem = Callable[..., dict[str, Any]]
NEAR = ["E11.8", "E11.65", "E11.42", "S52.531D", "S52.532A"]
POOL = ["E11.9", "E11.65", "E11.42", "I10", "I13.0", "S52.531A", "S52.531D", "S52.532A", "Z79.4"]


def answer(*codes: object) -> dict[str, Any]:
    return {"output_text": json.dumps({"codes": codes})}


@pytest.fixture
def item() -> MakeItem:
    """Makes a bare item for the grader."""

    def make(gold: list[str], **fields: list[str]) -> dict[str, Any]:
        return {"reference_answer": {"codes": gold}, "near_misses": NEAR, **fields}

    return make


def test_nothing_coded_is_right_when_nothing_is_to_be_coded(item: MakeItem) -> None:
    assert grade(answer(), item([])) == 1.0


def test_nothing_coded_earns_nothing_when_something_is_to_be_coded(item: MakeItem) -> None:
    assert grade(answer(), item(["I10"])) == 0.0


@pytest.mark.parametrize("written", ["e11.9", "E119", " E11.9 ", "e119\n", "E11 .9"])
def test_case_dot_and_spaces_do_not_count(written: str, item: MakeItem) -> None:
    assert grade(answer(written), item(["E11.9"])) == 1.0


def test_a_repeated_code_counts_once(item: MakeItem) -> None:
    assert grade(answer("I10", "i10", "I10"), item(["I10"])) == 1.0


def test_optional_codes_neither_help_nor_hurt(item: MakeItem) -> None:
    row = item(["I10"], optional=["Z79.01"])
    assert grade(answer("I10", "Z79.01"), row) == 1.0
    assert grade(answer("Z79.01"), row) == 0.0


def test_an_optional_code_alone_is_no_mistake_when_gold_is_empty(item: MakeItem) -> None:
    assert grade(answer("Z79.01"), item([], optional=["Z79.01"])) == 1.0


def test_a_forbidden_code_is_a_false_positive_and_reported(item: MakeItem) -> None:
    parts = explain(answer("I10", "E11.9"), item(["I10"], must_not_code=["E11.9", "I25.10"]))
    assert parts["precision"] == 0.5
    assert parts["over_coding"] == 0.5


def test_a_forbidden_category_forbids_all_below_it(item: MakeItem) -> None:
    assert explain(answer("E11.65"), item(["I10"], must_not_code=["E11"]))["over_coding"] == 1.0


def test_a_forbidden_code_earns_no_near_miss_credit(item: MakeItem) -> None:
    assert grade(answer("M17.12"), item(["M17.11"], must_not_code=["M17.12"])) == 0.0


@pytest.mark.parametrize(
    ("said", "gold", "credit"),
    [("E10.9", "E11.9", 0), ("E11.8", "E11.9", 0.05), ("S52.531D", "S52.531A", 0.2)],
)
def test_credit_grows_with_the_common_beginning(
    said: str, gold: str, credit: float, item: MakeItem
) -> None:
    assert grade(answer(said), item([gold])) == pytest.approx(credit)


def test_a_code_that_is_not_billable_for_being_short_earns_nothing(item: MakeItem) -> None:
    assert grade(answer("E11"), item(["E11.9"])) == 0.0
    assert grade(answer("S52.531"), item(["S52.531A"])) == 0.0


@pytest.mark.parametrize("code", ["E11.7", "E11.9X", "E11.99"])
def test_a_code_that_the_row_does_not_know_as_billable_earns_nothing(
    code: str, item: MakeItem
) -> None:
    assert grade(answer(code), item(["E11.9"])) == 0.0


def test_near_misses_never_earn_more_than_a_fifth(item: MakeItem) -> None:
    rng = random.Random(5)
    for _ in range(300):
        gold = rng.sample(POOL, 3)
        wrong = [c for c in rng.sample(POOL, 5) if c not in gold]
        assert grade(answer(*wrong), item(gold)) <= MAX_CREDIT


def test_putting_a_code_right_always_pays(item: MakeItem) -> None:
    """Replacing a wrong code by the missing gold code raises the reward."""
    rng = random.Random(6)
    for _ in range(300):
        gold, said = rng.sample(POOL, 3), rng.sample(POOL, 3)
        wrong, missing = sorted({*said} - {*gold}), sorted({*gold} - {*said})
        if wrong:
            better = [c for c in said if c != wrong[0]] + [missing[0]]
            assert grade(answer(*better), item(gold)) > grade(answer(*said), item(gold))


def test_adding_a_sibling_to_a_right_answer_costs(item: MakeItem) -> None:
    assert grade(answer("E11.9", "E11.65"), item(["E11.9"])) < 0.7


NO_ANSWERS = ["", "null", "[]", "{}", '{"codes": null}', '{"codes": "I10"}', "NaN", "I10"]
NO_ANSWERS += [
    '{"codes": {"a": 1}}',
    "[" * 100_000,
    '{"codes": [' + "9" * 6000 + "]}",
    '{"codes": [',
]


@pytest.mark.parametrize("text", NO_ANSWERS)
def test_what_is_no_answer_scores_zero(text: str, item: MakeItem) -> None:
    assert grade({"output_text": text}, item(["I10"])) == 0.0


def test_a_fenced_answer_is_read(item: MakeItem) -> None:
    assert grade({"output_text": '```json\n{"codes": ["I10"]}\n```'}, item(["I10"])) == 1.0


def test_parsed_output_goes_before_text(item: MakeItem) -> None:
    sample = {"output_text": "noise", "output_json": {"codes": ["I10"]}}
    assert grade(sample, item(["I10"])) == 1.0


def test_entries_that_are_no_codes_are_wrong_codes(item: MakeItem) -> None:
    assert explain(answer("I10", 7, None), item(["I10"]))["precision"] == pytest.approx(1 / 3)


THINGS: list[Any] = [None, True, 0, -1.5, float("nan"), "", "x", b"x", [], [[]], {}, {"codes": 1}]
THINGS += [{"output_json": {"codes": [{}, [], float("nan"), "I10", "\ud800"]}}, object()]
THINGS += [{"output_text": 3}, {"reference_answer": {"codes": [None, {}, "I10"]}}]
THINGS += [{"reference_answer": [], "optional": 3}, {"reference_answer": {"codes": ["I10"]}}]


@pytest.mark.parametrize("sample", THINGS)
def test_no_input_raises_or_leaves_the_unit_interval(sample: Any) -> None:
    for thing in THINGS:
        assert 0.0 <= grade(sample, thing) <= 1.0
        assert all(0.0 <= v <= 1.0 for v in explain(sample, thing).values())


def test_explain_always_gives_the_same_parts(item: MakeItem) -> None:
    names = set(explain(answer("I10"), item(["I10"])))
    assert names == set(explain({}, {})) == {"precision", "recall", "f1", "exact", "over_coding"}


@pytest.mark.parametrize("text", ["E11.9.", "E1.19", "11.9", "\uff2511.9", "E11.9 " * 20, "Z"])
def test_what_is_not_written_like_a_code_is_none(text: str) -> None:
    assert canonical(text) == ""


def test_the_grader_runs_where_only_the_standard_library_is() -> None:
    path = Path(task.grader.__file__)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert names <= sys.stdlib_module_names
    assert path.stat().st_size < 256_000
