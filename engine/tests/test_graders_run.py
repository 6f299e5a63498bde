"""Promises of running graders: what a grading says."""

import pytest

from tests import grader_fixtures
from tests.grader_fixtures import (
    FULL,
    HALF,
    RUNTIME,
    SAME,
    SERVER,
    body,
    local,
    multi,
    python,
)

start, grade = grader_fixtures.start, grader_fixtures.grade


# What a python grader says


def test_the_number_that_grade_returns_is_the_reward(grade):
    found = grade(body("return 0.25 if sample['output_text'] == item['gold'] else 0"))
    assert (found.reward, found.parts, found.errors) == (0.25, {}, {})
    assert found.seconds > 0


def test_explain_gives_the_parts_as_far_as_they_are_numbers(grade):
    explain = "{'f1': 0.5, 'n': 3, 'ok': True, 'why': 'x', 'nan': float('nan'), 'no': None}"
    assert grade(body("return 1", explain=explain)).parts == {"f1": 0.5, "n": 3.0, "ok": 1.0}


@pytest.mark.parametrize("explain", ["1 / 0", "[1]", "json.loads('{')", "{'x': 10**400}"])
def test_a_failing_explain_costs_no_reward_and_is_told(grade, explain):
    found = grade(body("return 0.5", explain=explain))
    assert (found.reward, found.parts) == (0.5, {})
    assert "explain: " in found.details["other_error"]


@pytest.mark.parametrize(
    ("explain", "message"),
    [("os._exit(1)", "ended with code 1"), ("time.sleep(60)", "no answer within 0.4 s")],
)
def test_an_explain_that_takes_its_process_along_costs_no_reward(grade, explain, message):
    found = grade(body("return 0.5", explain=explain), timeout_s=0.4)
    assert found.reward == 0.5
    assert found.errors["other_error"] is True
    assert message in found.details["other_error"]


@pytest.mark.parametrize(
    "value",
    [
        "True",
        "'1'",
        "None",
        "float('nan')",
        "float('inf')",
        "-float('inf')",
        "1j",
        "[1]",
        "10**400",
    ],
)
def test_what_is_not_a_finite_number_scores_0_and_is_flagged(grade, value):
    found = grade(body(f"return {value}"))
    assert found.reward == 0.0
    assert found.errors[RUNTIME] is True


def test_a_numpy_number_is_a_number(grade):
    assert grade("import numpy as n\n" + body("return n.float32(0.5) * n.int64(1)")).reward == 0.5


@pytest.mark.parametrize(("value", "clipped"), [("1.7", 1.0), ("-0.5", 0.0), ("1e300", 1.0)])
def test_a_reward_outside_0_to_1_is_clipped_and_flagged(grade, value, clipped):
    found = grade(body(f"return {value}"))
    assert (found.reward, found.errors["other_error"]) == (clipped, True)
    assert "outside [0, 1]" in found.details["other_error"]
    assert RUNTIME not in found.errors


def test_an_exception_scores_0_with_its_last_line_and_place(grade):
    found = grade(body("x = 1", "return x / 0"))
    details = "ZeroDivisionError: division by zero (source, line 4)"
    assert found.reward == 0.0
    assert (found.errors, found.details) == ({RUNTIME: True}, {RUNTIME: details})


@pytest.mark.parametrize(
    ("source", "details"),
    [
        (body("sys.exit(1)"), "SystemExit: 1 (source, line 3)"),
        (body("return grade(sample, item)"), "RecursionError"),
        ("x = {}['key']\n" + body("return 1"), "KeyError: 'key' (source, line 1)"),
        ("def grade(sample, item)\n", "(source, line 1)"),
        ("score = 1\n", "KeyError: 'grade'"),
        (body("class E(Exception):", "    def __str__(self): 1 / 0", "raise E"), "E: <exception"),
    ],
)
def test_whatever_a_grader_raises_scores_0(grade, source, details):
    found = grade(source)
    assert found.reward == 0.0
    assert details in found.details[RUNTIME]


# Several graders in one


def test_a_multi_combines_its_graders_and_shows_each(grade):
    found = grade(multi("0.5*half + 0.5*same^2", half=HALF, same=SAME))
    assert found.reward == 0.75
    assert found.parts == {"f1": 0.25, "half": 0.5, "same": 1.0}


def test_with_two_python_graders_their_parts_carry_the_key(grade):
    found = grade(multi("a*b", a=HALF, b=FULL))
    assert found.parts == {"a.f1": 0.25, "a": 0.5, "b": 1.0}


def test_a_local_grader_shows_in_the_parts_only(grade):
    checks = local(body("return 0", explain="{'errors': 2}"))
    found = grade(multi("half", half=HALF, clean=checks))
    assert found.reward == 0.5
    assert found.parts == {"f1": 0.25, "half": 0.5, "clean": 0.0, "clean.errors": 2.0}


@pytest.mark.parametrize("line", ["os._exit(1)", "import package_nobody_has"])
def test_a_local_grader_that_is_down_leaves_its_part_out_and_the_reward_alone(grade, line):
    found = grade(multi("half", half=HALF, clean=local(body(line))))
    assert (found.reward, found.parts) == (0.5, {"f1": 0.25, "half": 0.5})
    assert found.details[SERVER].startswith("clean: ")


def test_a_part_of_the_reward_that_is_down_leaves_no_reward(grade):
    found = grade(multi("half + 0*bad", half=HALF, bad=python(body("os._exit(1)"))))
    assert found.reward is None
    assert found.parts == {"half.f1": 0.25, "half": 0.5}


def test_a_part_of_the_reward_that_raises_counts_as_0(grade):
    found = grade(multi("half + bad", half=HALF, bad=python(body("return 1 / 0"))))
    assert found.reward == 0.5
    assert found.details[RUNTIME].startswith("bad: ZeroDivision")


def test_parts_may_leave_0_to_1_if_the_formula_leads_back(grade):
    found = grade(multi("stars / 5", stars=python(body("return 4"))))
    assert (found.reward, found.parts, found.errors) == (0.8, {"stars": 4.0}, {})


def test_a_formula_that_is_none_or_has_no_value_scores_0(grade):
    assert grade(multi("half +", half=HALF)).errors == {"formula_parse_error": True}
    assert grade(multi("1 / (half - 0.5)", half=HALF)).errors["other_error"] is True
    assert grade(multi("log(half - 0.5)", half=HALF)).errors["other_error"] is True
    assert grade(multi("half + clean", half=HALF, clean=local(body("return 1")))).reward == 0.0


def test_a_local_grader_imports_from_the_project_and_runs_in_its_folder(grade, tmp_path):
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "table.py").write_text("WEIGHT = 0.125\n", encoding="utf-8")
    source = body("from rates.table import WEIGHT", "return WEIGHT * os.path.isdir('rates')")
    assert grade(multi("half", half=HALF, weight=local(source))).parts["weight"] == 0.125


# Graders of text


@pytest.mark.parametrize(
    ("operation", "hits"),
    [
        ("eq", {"Gold"}),
        ("ne", {"gold", "a Gold b", "a GOLD b", ""}),
        ("like", {"Gold", "a Gold b"}),
        ("ilike", {"Gold", "gold", "a Gold b", "a GOLD b"}),
    ],
)
def test_string_check_compares_as_its_operation_says(start, operation, hits):
    grader = start({**SAME, "operation": operation})
    texts = ["Gold", "gold", "a Gold b", "a GOLD b", ""]
    rewards = {t: grader.grade({"output_text": t}, {"gold": "Gold"}).reward for t in texts}
    assert rewards == {text: float(text in hits) for text in texts}


def test_a_template_without_its_variable_scores_0_and_is_flagged(grade):
    found = grade({**SAME, "operation": "ne", "reference": "{{item.absent}}"})
    assert (found.reward, found.errors) == (0.0, {"invalid_variable_error": True})


def test_fuzzy_match_is_the_indel_similarity_of_the_two_texts(start):
    fields = {"input": "{{sample.output_text}}", "reference": "{{item.gold}}", "name": "t"}
    grader = start({"type": "text_similarity", "evaluation_metric": "fuzzy_match", **fields})
    rewards = [grader.grade({"output_text": t}, {"gold": "abcd"}).reward for t in ("abcd", "bcde")]
    assert rewards == [1.0, 0.75]  # 1 - 2 edits / 8 letters
    assert grader.grade({"output_text": ""}, {"gold": "abcd"}).reward == 0.0
