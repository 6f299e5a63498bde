"""One grading in the shape in which OpenAI's graders/run answers."""

from __future__ import annotations

from typing import Any

from rft.graders.spec import MultiGrader, Spec, hosted_leaves
from rft.records import Grade

FLAGS = (
    "formula_parse_error",
    "sample_parse_error",
    "truncated_observation_error",
    "unresponsive_reward_error",
    "invalid_variable_error",
    "other_error",
    "python_grader_server_error",
    "python_grader_runtime_error",
    "model_grader_server_error",
    "model_grader_refusal_error",
    "model_grader_parse_error",
)
"""The error flags of the contract. truncated_observation_error and unresponsive_reward_error are
the platform's own: nothing here sets them."""
_DETAILS = {
    "python_grader_server_error_type": "python_grader_server_error",
    "python_grader_runtime_error_details": "python_grader_runtime_error",
    "model_grader_server_error_details": "model_grader_server_error",
}


def response(spec: Spec, grade: Grade) -> dict[str, Any]:
    """The answer of graders/run: reward, metadata, sub_rewards and the judges' tokens.

    `scores` holds every part; the sub_rewards are those of the keys that make the reward.
    """
    errors: dict[str, Any] = {flag: flag in grade.errors for flag in FLAGS}
    errors |= {field: grade.details.get(flag) for field, flag in _DETAILS.items()}
    multi = isinstance(spec, MultiGrader)
    spent = sum(sum(usage.values()) for usage in grade.judge_tokens.values())
    return {
        "reward": grade.reward,
        "metadata": {
            "name": spec.name,
            "type": spec.type,
            "execution_time": grade.seconds,
            "scores": grade.parts,
            "errors": errors,
            "token_usage": spent if grade.judge_tokens else None,
            "sampled_model_name": next(iter(grade.judge_tokens), None),
        },
        "sub_rewards": {k: grade.parts[k] for k in hosted_leaves(spec) if k in grade.parts}
        if multi
        else {},
        "model_grader_token_usage_per_model": grade.judge_tokens,
    }
