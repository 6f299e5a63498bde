"""Answers made only of the numbers in a case. The build checks that none earns much."""

from __future__ import annotations

from typing import Any

from task.floors import answer, floors
from task.schema import amounts


def soups(item: dict[str, Any]) -> list[str]:
    """Answer texts: each number of the case for every figure, all numbers in order from every
    starting point, the floors that do not calculate, and all numbers in the analysis."""
    names = [figure["name"] for figure in item["figures"]]
    found = amounts(item["facts"]) or [0]
    constant = [answer([(name, value) for name in names]) for value in (0, None, *found)]
    turned = [
        answer([(name, found[(i + k) % len(found)]) for i, name in enumerate(names)])
        for k in range(len(found))
    ]
    listed = ", ".join(f"${value / 100:,.2f}" for value in found)
    plain = [text for name, text in floors(item).items() if name != "pro rata"]
    return [*constant, *turned, *plain, answer([], analysis=listed)]
