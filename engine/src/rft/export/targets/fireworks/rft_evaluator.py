"""The project's reward as eval-protocol calls it. Made by `rft export fireworks`."""

from __future__ import annotations

import json

from eval_protocol.models import EvaluateResult, EvaluationRow, MetricResult
from rft_reward import NoScoreError, score


def graded(row: EvaluationRow) -> EvaluationRow:
    """The row with its evaluation_result.

    A rollout that failed and an answer that cannot be graded have no valid score: eval-protocol
    would hand the prompt of a failed rollout to the grader.
    """
    last = row.messages[-1] if row.messages else None
    if last is None or last.role != "assistant":
        return unscored(row, "the rollout gave no answer")
    content = last.content
    if isinstance(content, list):
        content = [part.model_dump() for part in content]
    item = json.loads(row.input_metadata.dataset_info["item"])
    try:
        result = score(content, item, row.execution_metadata.finish_reason)
    except NoScoreError as error:
        return unscored(row, str(error))
    row.evaluation_result = EvaluateResult(
        score=result.reward,
        reason="; ".join(result.errors) or "graded",
        metrics={
            name: MetricResult(score=value, reason="part of the grade")
            for name, value in result.parts.items()
        },
    )
    return row


def unscored(row: EvaluationRow, reason: str) -> EvaluationRow:
    """The row with a result that counts as no score."""
    row.evaluation_result = EvaluateResult(score=0.0, is_score_valid=False, reason=reason)
    return row
