"""The project's reward of one answer. Made by `rft export`: change the grader in the project.

from rft_reward import score
score(text, row).reward
"""

from __future__ import annotations

from typing import Any

from rft_reward.grading import score_sample
from rft_reward.reading import read_text
from rft_reward.result import NoScoreError, Score

__all__ = ["NoScoreError", "Score", "score", "score_sample"]


def score(content: Any, item: dict[str, Any], finish_reason: str | None = None) -> Score:
    """Score a model's whole answer, reasoning included, against a row. Raises NoScoreError.

    `content`: as a chat message holds it: text, a list of parts, or None. `finish_reason`: "stop",
    "length" and so on, where the trainer knows it.
    """
    return score_sample(read_text(content, finish_reason), item)
