"""Verdicts: the host compares what came out with what it expects. No guest object is involved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from rft.sandbox.data import DEEPEST, Call, CallResult, RunResult, Test, TestReport, TestResult


def equal(
    actual: Any,
    expected: Any,
    *,
    tuple_is_list: bool = False,
    rel_tol: float = 1e-9,
    abs_tol: float = 1e-12,
    depth: int = 0,
) -> bool:
    """Whether two plain values are equal and of exactly the same types, all the way down.

    True is not 1, "1" is not 1, 1.0 is not 1. Floats may differ by the tolerances; NaN and
    infinities equal nothing. `tuple_is_list`: the two count as one type.
    """
    kind = type(expected)
    if tuple_is_list and kind in (list, tuple) and type(actual) in (list, tuple):
        kind = type(actual)
    if type(actual) is not kind or depth > DEEPEST:
        return False

    same = partial(
        equal, tuple_is_list=tuple_is_list, rel_tol=rel_tol, abs_tol=abs_tol, depth=depth + 1
    )
    if kind is float:
        finite = math.isfinite(actual) and math.isfinite(expected)
        return finite and math.isclose(actual, expected, rel_tol=rel_tol, abs_tol=abs_tol)
    if kind in (list, tuple):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    if kind is dict:
        return len(actual) == len(expected) and all(
            _key_in(key, actual) and same(actual[key], value) for key, value in expected.items()
        )
    if kind in (set, frozenset):
        return len(actual) == len(expected) and all(_key_in(member, actual) for member in expected)
    return kind in (type(None), bool, int, str, bytes) and bool(actual == expected)


def _key_in(key: Any, container: dict[Any, Any] | set[Any] | frozenset[Any]) -> bool:
    """Membership that tells True from 1: Python's hashing does not."""
    if key not in container:
        return False
    return any(other == key and equal(other, key, rel_tol=0, abs_tol=0) for other in container)


def questions(entry: str, tests: Sequence[Test]) -> list[Call]:
    """The calls that answer the tests, in their order."""
    return [
        Call(
            test.entry or entry,
            test.args,
            test.kwargs,
            test.stdin,
            id=test.name or str(number),
            want_args=test.expected_args is not None,
        )
        for number, test in enumerate(tests)
    ]


def report(run: RunResult, tests: Sequence[Test], **tolerances: Any) -> TestReport:
    """Compare each answer with its test.

    A run with outcome "error", and one with no tests or no weight, has no score.
    """
    total = sum(test.weight for test in tests)
    if run.outcome == "ok" and (total <= 0 or any(test.weight < 0 for test in tests)):
        return TestReport("error", None, (), run.tier, problem="The tests have no weight.")
    if run.outcome == "error":
        return TestReport("error", None, (), run.tier, 0, run.seconds, run.problem)
    results = tuple(
        TestResult(
            not (note := _fault(answer, test, tolerances)),
            answer.status,
            test.name or answer.id,
            note,
            test.weight,
        )
        for answer, test in zip(run.calls, tests, strict=True)
    )
    # All weights passed give exactly 1.0, whatever the order in which floats are added.
    score = math.fsum(r.weight for r in results if r.passed) / math.fsum(r.weight for r in results)
    return TestReport("ok", score, results, run.tier, run.fuel, run.seconds)


def _fault(answer: CallResult, test: Test, tolerances: dict[str, Any]) -> str:
    """Why the answer fails the test; empty if it passes."""
    if test.raises is not None:
        good = answer.status == "raised" and test.raises in answer.error_bases
        return "" if good else f"should raise {test.raises}; {_outcome(answer)}"
    if answer.status != "value":
        return _outcome(answer)
    wants_value = test.stdout is None if test.check_value is None else test.check_value
    if wants_value and not equal(answer.value, test.expected, **tolerances):
        return f"expected {_short(test.expected)}; {_outcome(answer)}"
    if test.stdout is not None and _trimmed(answer.stdout) != _trimmed(test.stdout):
        return f"should print {_short(test.stdout)}; printed {_short(answer.stdout)}"
    if test.expected_args is not None and not equal(answer.args, test.expected_args, **tolerances):
        return f"should leave its arguments as {_short(test.expected_args)}"
    return ""


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _outcome(answer: CallResult) -> str:
    if answer.status == "value":
        return f"returned {_short(answer.value)}"
    if answer.status in ("raised", "broken"):
        return f"{answer.status}: {answer.error}: {answer.detail}"[:300]
    return f"{answer.status}: {answer.detail}"[:300].removesuffix(": ")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
