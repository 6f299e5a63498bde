"""AWS Lambda: rewards for Amazon Bedrock's reinforcement fine-tuning, from the project's grader.

Made by `rft export bedrock`; change the grader in the project and export again.

In comes a list of trajectories, or {"trajectories": [...]}; each is {"id", "messages", "metadata"}
with the row's fields in metadata, or beside the messages (Amazon's documents and samples differ).
Out goes [{"id", "aggregate_reward_score", "metrics_list"}], in the same order.
"""

from __future__ import annotations

import json
from typing import Any

from rft_reward import score


def lambda_handler(event: Any, context: Any = None) -> list[dict[str, Any]]:
    """Score every trajectory of one call.

    Raises ValueError for an event of an unknown shape, NoScoreError where an answer cannot be
    graded: the job must stop rather than learn from made-up zeros. A grader that fails scores 0, as
    on other platforms, and is counted.
    """
    trajectories = event.get("trajectories") if isinstance(event, dict) else event
    if not isinstance(trajectories, list):
        raise ValueError("the event is not a list of trajectories and does not hold one")
    return [reward(trajectory) for trajectory in trajectories]


def reward(trajectory: dict[str, Any]) -> dict[str, Any]:
    """The reward of one trajectory, with the grader's parts as metrics."""
    content, item = read_trajectory(trajectory)
    result = score(content, item)
    for error in result.errors:
        print(error)  # into the Lambda's log
    metrics = {**result.parts, "grader_errors": float(len(result.errors))}
    return {
        "id": trajectory.get("id"),
        "aggregate_reward_score": result.reward,
        "metrics_list": [
            {"name": name, "value": value, "type": "Metric"} for name, value in metrics.items()
        ],
    }


def read_trajectory(trajectory: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """(the answer's content, the row) in a trajectory. Raises ValueError for another shape."""
    name = trajectory.get("id")
    messages = trajectory.get("messages")
    if not isinstance(messages, list) or not messages or messages[-1].get("role") != "assistant":
        raise ValueError(f"trajectory {name}: its last message is not the assistant's")
    own = trajectory.get("metadata")
    if isinstance(own, str):
        own = json.loads(own)
    beside = {k: v for k, v in trajectory.items() if k not in ("id", "messages", "metadata")}
    item = {"id": name, **beside, **(own or {})}
    if "reference_answer" not in item:
        raise ValueError(f"trajectory {name}: no reference_answer in metadata or beside it")
    item["messages"] = [
        {**m, "role": "developer"} if m.get("role") == "system" else m for m in messages[:-1]
    ]
    return messages[-1].get("content"), item
