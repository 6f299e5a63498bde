"""The reward: what is read, what is run and what it earns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rft.sandbox import TestReport
from rft.task import OutsideError
from task import grader
from tests.conftest import Grade, Row

DEEP = json.loads("[" * 200 + "]" * 200)
CODE = "def half(n):\n    return n // 2\n"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"code": CODE}),
        f"```json\n{json.dumps({'code': CODE})}\n```",
        f"```python\n{CODE}```",
        f"I think:\n```py\n{CODE}\n```\nDone.",
        f"```\n{CODE}```",
        json.dumps({"code": f"```python\n{CODE}```"}),
        json.dumps({"code": f"Sure:\n\n~~~py\n{CODE}~~~\nIt halves `n`."}),
        json.dumps({"code": CODE, "note": "tested"}),
    ],
)
def test_code_is_read_from_json_or_one_fence(text: str) -> None:
    code = grader.read_code({"output_text": text})
    assert code is not None
    assert code.strip() == CODE.strip()


def test_fences_in_the_strings_of_code_stay_where_they_are() -> None:
    code = f'{CODE}\nEXAMPLE = """\n```\nhalf(4)\n```\n"""\n'
    assert grader.read_code({"output_json": {"code": code}}) == code


@pytest.mark.parametrize(
    "sample",
    [
        {},
        None,
        [],
        {"output_text": None},
        {"output_text": ""},
        {"output_text": CODE},
        {"output_text": f"```python\n{CODE}```\n```python\n{CODE}```"},
        {"output_text": json.dumps({"solution": CODE})},
        {"output_text": json.dumps({"code": 5})},
        {"output_text": json.dumps({"code": "  "})},
        {"output_text": json.dumps({"code": "#" * 60_000})},
        {"output_text": "```python\n" + "#" * 200_000 + "\n```"},
        {"output_text": "[" * 100_000},
        {"output_json": ["code"]},
        {"output_json": 1.0, "output_text": f"```python\n{CODE}```"},
    ],
)
def test_any_other_form_scores_zero_and_runs_nothing(sample: Any, row: Row) -> None:
    assert grader.read_code(sample) is None
    assert grader.grade(sample, row) == 0.0
    assert set(grader.explain(sample, row).values()) == {0.0}


def test_output_json_is_read_first() -> None:
    assert grader.read_code({"output_json": {"code": "x"}, "output_text": "{}"}) == "x"


def test_the_reference_scores_one(row: Row, grade: Grade) -> None:
    assert grade(row["reference_answer"]["code"], row) == 1.0


def test_tests_count_with_their_weights(row: Row, grade: Grade) -> None:
    """Without the exceptions six of eight tests pass, which weigh six of ten."""
    assert grade(CODE, row) == pytest.approx(0.6)


def test_every_further_right_case_pays(row: Row, grade: Grade) -> None:
    def table(known: int) -> str:
        pairs = {n: n // 2 for n in (0, 2, 6, 8, -2, 100)[:known]}
        return f"def half(n):\n    return {pairs!r}.get(n)\n"

    assert [grade(table(known), row) for known in (1, 3, 6)] == pytest.approx([0.1, 0.3, 0.6])


def test_the_parts_say_how_far_it_came(row: Row, grade: Grade) -> None:
    def parts(code: str) -> dict[str, float]:
        grade(code, row)
        return grader.explain({"output_json": {"code": code}}, row)

    assert parts(CODE) == {"readable": 1, "loads": 1, "tests": 0.75, "solved": 0}
    assert parts("def half(n:\n") == {"readable": 1, "loads": 0, "tests": 0, "solved": 0}
    assert parts(row["reference_answer"]["code"])["solved"] == 1


def test_another_exception_type_is_wrong(row: Row, grade: Grade) -> None:
    code = row["reference_answer"]["code"].replace("ValueError", "KeyError")
    assert grade(code, row) == pytest.approx(0.6)


@pytest.mark.parametrize("result", ["n / 2", "str(n // 2)", "[n // 2]", "n // 2 == 1"])
def test_types_are_compared_exactly(result: str, row: Row, grade: Grade) -> None:
    assert grade(f"def half(n):\n    return {result}\n", row) == 0.0


def test_a_tuple_counts_as_a_list(row: Row, grade: Grade) -> None:
    test = {"args": [1], "expected": [1, [2]], "raises": None, "weight": 1.0}
    assert grade("def half(n):\n    return (1, (2,))\n", row | {"tests": [test]}) == 1.0


def test_one_endless_case_costs_only_itself(row: Row, grade: Grade) -> None:
    code = row["reference_answer"]["code"].replace("    if", "    while n == 6: pass\n    if", 1)
    assert grade(code, row) == pytest.approx(0.9)


def test_the_same_code_scores_the_same(row: Row, grade: Grade) -> None:
    code = "import random\ndef half(n):\n    return hash(str(n)) % 3 or n // 2\n"
    first = grade(code, row)
    grader._report.cache_clear()
    assert grade(code, row) == first


def test_nothing_lives_on_to_the_next_answer(row: Row, grade: Grade) -> None:
    grade("import builtins\nbuiltins.saved = 1\ndef half(n):\n    return n\n", row)
    code = (
        "import builtins\ndef half(n):\n    return n // 2 if hasattr(builtins, 'saved') else None\n"
    )
    assert grade(code, row) == 0.0


def test_a_failing_sandbox_is_no_score(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception tells the engine not to score the answer and to grade it again."""

    class Broken:
        def grade_tests(self, *_: Any, **__: Any) -> TestReport:
            return TestReport("error", None, problem="The sandbox failed: no memory.")

    monkeypatch.setattr(grader, "sandbox", Broken)
    with pytest.raises(OutsideError, match="no memory"):
        grader.grade({"output_json": {"code": "x = 1"}}, row)


def test_a_fault_outside_the_answer_and_the_row_is_never_scored(
    row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grader, "sandbox", lambda: None)
    with pytest.raises(AttributeError):
        grader.grade({"output_json": {"code": "x = 2"}}, row)


@pytest.mark.parametrize(
    "changes",
    [
        {"tests": None},
        {"tests": []},
        {"tests": [5]},
        {"tests": [{"args": 1, "expected": 1, "raises": None, "weight": 1}]},
        {"tests": [{"args": [1], "expected": 1, "raises": None, "weight": "x"}]},
        {"tests": [{"args": [1], "expected": 1, "raises": 5, "weight": 1}]},
        {"tests": [{"args": [1], "expected": 1, "raises": None, "weight": float("nan")}]},
        {"tests": [{"args": [1], "expected": 1, "raises": None, "weight": 1e308}]},
        {"entry": None},
        {"entry": "half of"},
        {"tests": [{"args": [float("inf")], "expected": 1, "raises": None, "weight": 1}]},
        {"tests": [{"args": [DEEP], "expected": 1, "raises": None, "weight": 1}]},
        {"tests": [{"args": [1], "expected": DEEP, "raises": None, "weight": 1}]},
    ],
)
def test_a_broken_row_scores_zero(changes: Row, row: Row) -> None:
    assert grader.grade({"output_json": {"code": CODE}}, row | changes) == 0.0
    assert grader.grade({"output_json": {"code": CODE}}, {}) == 0.0
