"""Answers that need no model: what a trained model has to beat."""

import json
from typing import Any

from task.schema import amounts


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Answer texts by name: nothing, zeros, the case's amounts in order, and every amount
    under every name."""
    names = [f["name"] for f in item["figures"]]
    found = amounts(item["facts"]) or [0]
    in_order = [(name, found[i % len(found)]) for i, name in enumerate(names)]
    return {
        "empty": answer([]),
        "zeros": answer([(name, 0) for name in names]),
        "amounts_in_order": answer(in_order),
        "number_soup": answer([(name, value) for name in names for value in found]),
    }


def answer(figures: list[tuple[str, int]]) -> str:
    """An answer text with these figures."""
    listed = [{"name": name, "value": value} for name, value in figures]
    return json.dumps({"figures": listed, "analysis": ""})
