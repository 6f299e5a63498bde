"""Answers that need no model; a trained model must beat them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from task.schema import amounts
from task.tools.criteria import MISSING


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Answer texts by name: nothing, zero for every figure, null for every figure with everything
    missing, the amounts of the case in order, and every amount under every name."""
    names = [figure["name"] for figure in item["figures"]]
    found = amounts(item["facts"]) or [0]
    in_order = [(name, found[i % len(found)]) for i, name in enumerate(names)]
    return {
        "empty": answer([]),
        "zeros": answer([(name, 0) for name in names]),
        "all unknown": answer([(name, None) for name in names], list(MISSING)),
        "amounts in order": answer(in_order),
        "number soup": answer([(name, value) for name in names for value in found]),
    }


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
