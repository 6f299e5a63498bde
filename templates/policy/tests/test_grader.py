"""The rules of the reward."""

from __future__ import annotations

import ast
import json
import sys
from typing import Any

import pytest

from task.grader import explain, grade, values, verdicts
from task.tools.criteria import JUDGED_SHARE
from tests.conftest import TASK, Row


def criterion(figure: str, weight: str, expected: int, group: Any = "basis", **more: Any) -> Row:
    line = {"figure": figure, "weight": weight, "expected": expected, "group": group}
    return {"kind": "numeric", "tolerance": 100, **line, **more}


def answer(*figures: tuple[str, Any]) -> Row:
    listed = [{"name": name, "value": value} for name, value in figures]
    return {"output_text": json.dumps({"figures": listed, "analysis": "1377"})}


@pytest.fixture
def item() -> Row:
    """A rubric of three lines: a is worth 0.5, b 0.3, c (a gain) 0.2."""
    lines = [criterion("a", "0.50", 1000), criterion("b", "0.30", -500)]
    return {"rubric": [*lines, criterion("c", "0.20", 7, "gain", tolerance=0)]}


def test_all_criteria_met_is_one(item: Row) -> None:
    assert grade(answer(("a", 1000), ("b", -500), ("c", 7)), item) == 1.0


def test_no_figure_is_zero(item: Row) -> None:
    assert grade(answer(), item) == 0.0


def test_points_add_up_without_float_dust(item: Row) -> None:
    assert grade(answer(("a", 1000), ("b", -500)), item) == 0.8


@pytest.mark.parametrize(("value", "met"), [(1100, True), (900, True), (1101, False), (899, False)])
def test_the_tolerance_is_kept_on_both_sides(value: int, met: bool, item: Row) -> None:
    assert (grade(answer(("a", value)), item) == 0.5) is met


def test_a_figure_given_twice_is_wrong_even_if_both_are_right(item: Row) -> None:
    assert grade(answer(("a", 1000), ("a", 1000), ("c", 7)), item) == 0.2


def test_a_third_mention_does_not_bring_a_figure_back() -> None:
    assert values(answer(("a", 1), ("a", 2), ("a", 3))) == {}


def test_a_twin_that_is_not_a_number_spoils_a_figure_too(item: Row) -> None:
    assert grade(answer(("a", "x"), ("a", 1000)), item) == 0.0


@pytest.mark.parametrize("value", [True, "1000", None, 1000.5, [1000], {"value": 1000}])
def test_only_an_integer_is_a_value(value: Any, item: Row) -> None:
    assert grade(answer(("a", value)), item) == 0.0


def test_a_whole_float_is_an_integer(item: Row) -> None:
    assert grade(answer(("a", 1000.0)), item) == 0.5


def test_unknown_names_are_ignored(item: Row) -> None:
    assert grade(answer(("a", 1000), ("zz", 1)), item) == 0.5


def test_figures_are_not_read_from_the_analysis(item: Row) -> None:
    sample = answer(("a", 1000))
    sample["output_text"] = sample["output_text"].replace("1377", "a is 1000, b is -500, c is 7")
    assert grade(sample, item) == 0.5


def test_negative_weights_take_points_away(item: Row) -> None:
    item["rubric"].append(criterion("b", "-0.30", 999))
    assert grade(answer(("a", 1000), ("b", 999)), item) == pytest.approx(0.2)
    assert grade(answer(("b", 999)), item) == 0.0


def test_negative_weights_pay_nothing_to_an_empty_answer(item: Row) -> None:
    item["rubric"].append(criterion("d", "-0.50", 1))
    assert grade(answer(), item) == 0.0
    assert grade(answer(("a", 1000), ("b", -500), ("c", 7)), item) == 1.0


def test_weights_that_do_not_sum_to_one_are_normalised() -> None:
    item = {"rubric": [criterion("a", "3", 1), criterion("b", "1", 500)]}
    assert grade(answer(("a", 1)), item) == 0.75


def test_judged_criteria_are_left_out_with_their_points(item: Row) -> None:
    item["rubric"].append({"kind": "judged", "weight": "5", "text": "cites section 1377"})
    assert grade(answer(("a", 1000)), item) == 0.5


def test_null_is_met_by_null_and_by_nothing_else(item: Row) -> None:
    item["rubric"][0]["expected"] = None
    assert grade(answer(("a", None)), item) == 0.5
    assert grade(answer(("a", 0)), item) == grade(answer(), item) == 0.0


def test_a_value_is_not_met_by_null(item: Row) -> None:
    assert grade(answer(("a", None), ("c", 7)), item) == 0.2


@pytest.mark.parametrize(
    ("claims", "reward"), [([], 1.0), (["aaa"], 0.9), (["aaa", "aaa"], 0.9), (["aaa", 7], 0.8)]
)
def test_calling_a_stated_fact_missing_costs(claims: Any, reward: float, item: Row) -> None:
    sample = answer(("a", 1000), ("b", -500), ("c", 7))
    figures = json.loads(sample["output_text"])
    claimed = {"output_json": {**figures, "missing": claims}}
    assert grade(claimed, item) == reward
    lacking = {"reference_answer": {"missing": ["aaa"]}}
    assert grade(claimed, item | lacking) == min(1.0, reward + 0.1)


@pytest.mark.parametrize(
    ("missing", "met"), [(["x"], True), (["x", "x"], True), (["x", "y"], False), ([], False)]
)
def test_what_is_missing_must_be_named_exactly(missing: Any, met: bool) -> None:
    line = {"kind": "missing", "id": "m", "weight": "1", "group": "question", "expected": ["x"]}
    sample = {"output_json": {"figures": [], "missing": missing}}
    assert verdicts(sample, {"rubric": [line]}) == {"m": met}


@pytest.mark.parametrize("missing", [None, "x", [1], {"x": 1}, ["x"] * 1000])
def test_odd_lists_of_what_is_missing_meet_nothing(missing: Any) -> None:
    line = {"kind": "missing", "id": "m", "weight": "1", "group": "question", "expected": ["x"]}
    assert grade({"output_json": {"missing": missing}}, {"rubric": [line]}) == 0.0


def test_verdicts_name_every_criterion_that_code_decides(item: Row) -> None:
    for name, line in zip("pqr", item["rubric"], strict=True):
        line["id"] = name
    found = verdicts(answer(("a", 1000), ("b", 0)), item)
    assert found == {"p": True, "q": False, "r": False}


def test_parts_are_shares_of_each_group(item: Row) -> None:
    parts = explain(answer(("a", 1000), ("c", 7)), item)
    shares = {"basis": 0.625, "gain": 1.0, "answered": pytest.approx(2 / 3)}
    assert parts == {**shares, "false_claims": 0.0}


def test_parsed_output_goes_before_text(item: Row) -> None:
    sample = {"output_text": "noise", "output_json": {"figures": [{"name": "c", "value": 7}]}}
    assert grade(sample, item) == 0.2


def test_a_fenced_answer_is_read(item: Row) -> None:
    text = answer(("c", 7))["output_text"]
    assert grade({"output_text": f"```json\n{text}\n```"}, item) == 0.2


TEXTS = ["", "null", "[]", "{}", '{"figures": null}', '{"figures": {"a": 1000}}', "a = 1000"]
TEXTS += ["[" * 100_000, '{"figures": [{"name": "a", "value": ' + "9" * 6000 + "}]}"]
TEXTS += ['{"figures": [{"name": "a", "value": NaN}, {"name": "b", "value": -Infinity}]}']
TEXTS += ['{"figures": [null, 1, "a", [], {"name": ["a"], "value": 1000}, {"value": 1000}]}']


@pytest.mark.parametrize("text", TEXTS)
def test_text_that_is_not_an_answer_scores_zero(text: str, item: Row) -> None:
    assert grade({"output_text": text}, item) == 0.0


@pytest.mark.parametrize("thing", [None, [], {}, "", 3, {"rubric": 3}, {"rubric": [None, {}]}])
def test_no_input_raises(thing: Any, item: Row) -> None:
    assert grade(thing, item) == grade(answer(("a", 1000)), thing) == 0.0


def test_the_grader_weighs_its_parts_as_the_rubrics_do() -> None:
    spec = json.loads((TASK / "grader.json").read_text(encoding="utf-8"))
    share = JUDGED_SHARE.normalize()
    assert spec["calculate_output"] == f"{1 - share}*figures + {share}*analysis"


def test_the_grader_runs_where_only_the_standard_library_is() -> None:
    path = TASK / "grader.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names
    assert path.stat().st_size < 256_000
