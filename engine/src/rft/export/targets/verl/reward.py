"""The project's reward as verl calls it, in its reward workers. Made by `rft export verl`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rft_reward import score


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    **_: Any,
) -> dict[str, float]:
    """The reward as "score"; verl logs "grader_errors" beside it.

    NoScoreError stops the training: a 0 would be learned from. Parts of the grade are left out,
    since verl wants the same names for every row.
    """
    result = score(solution_str, json.loads((extra_info or {})["item"]))
    return {"score": result.reward, "grader_errors": float(bool(result.errors))}
