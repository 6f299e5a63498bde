"""Answers that need no model: what a trained model has to beat."""

import json
from collections.abc import Sequence
from typing import Any

from task.rubric import MISSING
from task.schema import amounts


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Answer texts by name: nothing, zeros, all unknown, the case's amounts in order, and every
    amount under every name."""
    names = [f["name"] for f in item["figures"]]
    found = amounts(item["facts"]) or [0]
    in_order = [(name, found[i % len(found)]) for i, name in enumerate(names)]
    return {
        "empty": answer([]),
        "zeros": answer([(name, 0) for name in names]),
        "all_unknown": answer([(name, None) for name in names], list(MISSING)),
        "amounts_in_order": answer(in_order),
        "number_soup": answer([(name, value) for name in names for value in found]),
    }


def soups(item: dict[str, Any]) -> list[str]:
    """Ways of answering with the numbers of the case alone: each number for every figure, all
    numbers in order from every starting point, and all of them in the analysis."""
    names = [f["name"] for f in item["figures"]]
    found = amounts(item["facts"]) or [0]
    constant = [answer([(name, value) for name in names]) for value in (0, None, *found)]
    turned = [
        answer([(name, found[(i + k) % len(found)]) for i, name in enumerate(names)])
        for k in range(len(found))
    ]
    listed = ", ".join(f"${value / 100:,.2f}" for value in found)
    return [*constant, *turned, *floors(item).values(), answer([], said=listed)]


def answer(
    figures: Sequence[tuple[str, int | None]], missing: list[str] | None = None, said: str = ""
) -> str:
    """An answer text with these figures."""
    listed = [{"name": name, "value": value} for name, value in figures]
    told = {"figures": listed, "missing": missing or [], "citations": [], "analysis": said}
    return json.dumps(told)
