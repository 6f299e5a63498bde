"""Answers to the starter rows that need no model.

A script that looks for "no" and "mother" solves these rows, so a script is not a floor here: the
rows are for trying out training, not for showing that a model is needed.
"""

from __future__ import annotations

import json
from typing import Any


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Return answer texts by the name of the floor."""
    codes = [candidate["code"] for candidate in item["candidates"]]
    answers = {"empty": [], "first candidate": codes[:1], "all candidates": codes}
    return {name: json.dumps({"codes": answer}) for name, answer in answers.items()}
