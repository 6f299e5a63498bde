"""Hostile and random answers: the graders never raise, and wrong codes never earn much."""

from __future__ import annotations

import ast
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

import task.grader
from task.grader import MAX_CREDIT, canonical, explain, grade
from task.tools import codeset

NEAR = ["E11.8", "E11.65", "E11.42", "S52.531D", "S52.532A"]
POOL = ["E11.9", "E11.65", "E11.42", "I10", "I13.0", "S52.531A", "S52.531D", "S52.532A", "Z79.4"]


def answer(codes: list[str]) -> dict[str, str]:
    """A sample that answers these codes."""
    return {"output_text": json.dumps({"codes": codes})}


def row(gold: list[str]) -> dict[str, Any]:
    """A bare row."""
    return {"reference_answer": {"codes": gold}, "near_misses": NEAR}


def test_near_misses_never_earn_more_than_a_fifth() -> None:
    rng = random.Random(5)
    for _ in range(300):
        gold = rng.sample(POOL, 3)
        wrong = [c for c in rng.sample(POOL, 5) if c not in gold]
        assert grade(answer(wrong), row(gold)) <= MAX_CREDIT


def test_replacing_a_wrong_code_by_a_missing_one_always_pays() -> None:
    rng = random.Random(6)
    for _ in range(300):
        gold, answered = rng.sample(POOL, 3), rng.sample(POOL, 3)
        wrong, missing = sorted({*answered} - {*gold}), sorted({*gold} - {*answered})
        if wrong:
            better = [c for c in answered if c != wrong[0]] + [missing[0]]
            assert grade(answer(better), row(gold)) > grade(answer(answered), row(gold))


@pytest.mark.parametrize(
    "text",
    ['{"codes": {"a": 1}}', "[" * 100_000, '{"codes": [' + "9" * 6000 + "]}", '{"codes": ['],
)
def test_malformed_or_oversized_json_scores_zero(text: str) -> None:
    assert grade({"output_text": text}, row(["I10"])) == 0.0


THINGS: list[Any] = [None, True, 0, -1.5, float("nan"), "", "x", b"x", [], [[]], {}, {"codes": 1}]
THINGS += [{"output_json": {"codes": [{}, [], float("nan"), "I10", "\ud800"]}}, object()]
THINGS += [{"output_text": 3}, {"reference_answer": {"codes": [None, {}, "I10"]}}]
THINGS += [{"reference_answer": [], "optional": 3}, {"reference_answer": {"codes": ["I10"]}}]
THINGS += [{"output_text": "[" * 100_000}, {"output_json": {"codes": [{}]}}]


@pytest.mark.parametrize("sample", THINGS)
def test_no_input_raises_or_leaves_the_unit_interval(sample: Any) -> None:
    for reference in THINGS:
        assert 0.0 <= grade(sample, reference) <= 1.0
        assert all(0.0 <= part <= 1.0 for part in explain(sample, reference).values())


@pytest.mark.parametrize("sample", THINGS)
def test_no_answer_makes_the_local_grader_raise(sample: Any) -> None:
    assert 0 <= codeset.grade(sample, {}) <= 1
    assert all(0 <= part <= 1 for part in codeset.explain(sample, {}).values())


@pytest.mark.parametrize("text", ["E11.9.", "E1.19", "11.9", "\uff2511.9", "E11.9 " * 20, "Z"])
def test_text_not_written_like_a_code_has_no_canonical_form(text: str) -> None:
    assert canonical(text) == ""


def test_the_grader_runs_where_only_the_standard_library_is() -> None:
    path = Path(task.grader.__file__)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names
    assert path.stat().st_size < 256_000
