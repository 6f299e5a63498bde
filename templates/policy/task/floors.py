"""Answers that need no model; a trained model must beat them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from task.schema import amounts
from task.tools.criteria import MISSING


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Answer texts by name: nothing, zero for every figure, null for every figure with everything
    missing, the amounts of the case in order, every amount under every name, and each amount
    divided by the owners' shares."""
    names = [figure["name"] for figure in item["figures"]]
    found = amounts(item["facts"]) or [0]
    in_order = [(name, found[i % len(found)]) for i, name in enumerate(names)]
    return {
        "empty": answer([]),
        "zeros": answer([(name, 0) for name in names]),
        "all unknown": answer([(name, None) for name in names], list(MISSING)),
        "amounts in order": answer(in_order),
        "number soup": answer([(name, value) for name in names for value in found]),
        "pro rata": answer(list(pro_rata(names, item["facts"]).items())),
    }


def pro_rata(names: list[str], facts: str) -> dict[str, int]:
    """Each figure as its owner's share of the first amount that follows its words; otherwise 0.

    A figure is named like `capital_gain_quill`. A share is the number after the owner's name in
    "Quill 150, Greene 850" or "Quill held 15 percent".
    """
    owners = {name.rpartition("_")[2] for name in names}
    shares = {}
    for owner in owners:
        if share := re.search(rf"\b{owner.capitalize()}(?: held)? (\d+)\b(?! [A-Z])", facts):
            shares[owner] = int(share[1])
    figures = dict.fromkeys(names, 0)
    for name in names:
        kind, _, owner = name.rpartition("_")
        words = kind.replace("_", r"\W+(?:\w+\W+)?")  # a word may stand between
        for place in re.finditer(words, facts, re.IGNORECASE) if kind and owner in shares else ():
            if near := amounts(facts[place.end() : place.end() + 80]):
                figures[name] = near[0] * shares[owner] // sum(shares.values())
                break
    return figures


def answer(
    figures: Sequence[tuple[str, int | None]],
    missing: list[str] | None = None,
    analysis: str = "",
) -> str:
    """The text of an answer with these figures, by name."""
    listed = [{"name": name, "value": value} for name, value in figures]
    return json.dumps(
        {"figures": listed, "missing": missing or [], "citations": [], "analysis": analysis}
    )
