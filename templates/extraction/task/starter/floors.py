"""What guessing earns on the starter rows.

A script that looks for "no" and "mother" solves these rows, so no script is a floor here: they are
for seeing a training work, not for proving that a model is needed.
"""

from __future__ import annotations

import json
from typing import Any


def floors(row: dict[str, Any]) -> dict[str, str]:
    """Answers by name: no code, the first candidate, and all of them."""
    codes = [candidate["code"] for candidate in row["candidates"]]
    answers = {"empty": [], "first": codes[:1], "all_candidates": codes}
    return {name: json.dumps({"codes": found}) for name, found in answers.items()}
