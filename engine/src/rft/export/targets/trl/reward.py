"""The project's reward as TRL calls it. Made by `rft export trl`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rft_reward import score


def reward(
    completions: Sequence[Any],
    item: Sequence[str],
    log_metric: Callable[[str, float], None] | None = None,
    **_: Any,
) -> list[float]:
    """One reward for each completion; `item` holds the rows as JSON text.

    NoScoreError stops the training: None would mean that the reward does not apply, and 0 would be
    learned from.
    """
    contents = [c if isinstance(c, str) else c[-1]["content"] for c in completions]
    with ThreadPoolExecutor(max_workers=8) as pool:
        scores = list(pool.map(score, contents, map(json.loads, item)))
    if log_metric and scores:
        for name in {name for one in scores for name in one.parts}:
            values = [one.parts[name] for one in scores if name in one.parts]
            log_metric(f"parts/{name}", sum(values) / len(values))
        log_metric("grader_errors", sum(bool(one.errors) for one in scores) / len(scores))
    return [one.reward for one in scores]
