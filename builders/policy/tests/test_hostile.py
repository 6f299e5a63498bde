"""The grader does not raise and stays in [0, 1], whatever it is given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from task.grader import explain, grade


def criterion(figure: str, weight: str, expected: int, group: Any = "basis", **more: Any) -> Any:
    line = {"figure": figure, "weight": weight, "expected": expected, "group": group}
    return {"kind": "numeric", "tolerance": 100, **line, **more}


def answer(*figures: tuple[str, Any]) -> dict[str, Any]:
    listed = [{"name": name, "value": value} for name, value in figures]
    return {"output_text": json.dumps({"figures": listed, "analysis": "1377"})}


LINES: list[Any] = [None, 3, {}, {"weight": "x"}, {"weight": "NaN", "figure": "a", "expected": 1}]
LINES += [{"weight": "1e-99999", "figure": "a", "expected": 1000, "tolerance": 0}]
LINES += [{"weight": 10**5000, "figure": "a", "expected": 1000}, {"weight": True}]
LINES += [criterion("a", "1", 1000, tolerance=float("nan")), criterion("a", "1", 1000, group=[1])]
THINGS: list[Any] = [None, True, -1.5, float("nan"), "", b"x", [], [[]], {}, object()]
THINGS += [{"rubric": 3}, {"rubric": LINES}, {"rubric": [criterion("a", "-1", 1000)]}]
THINGS += [{"output_text": 3}, {"output_json": {"figures": [{"name": "a", "value": 10**4000}]}}]
THINGS += [answer(("a", 1000)), {"output_json": {"figures": [{"name": "\ud800", "value": 1e308}]}}]


@pytest.mark.parametrize("sample", THINGS)
def test_no_input_raises_or_leaves_the_unit_interval(sample: Any) -> None:
    for thing in THINGS:
        assert 0.0 <= grade(sample, thing) <= 1.0
        assert all(0.0 <= v <= 1.0 for v in explain(sample, thing).values())
