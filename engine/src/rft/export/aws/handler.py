"""AWS Lambda: rewards for Amazon Bedrock's reinforcement fine-tuning, from the project's grader.

Made by `rft export bedrock`; change the grader in the project and export again. Beside this file
lie the graders' sources and reward.json, which says how they make one reward.

In comes a list of trajectories, or {"trajectories": [...]}; each is {"id", "messages", "metadata"}
with the row's fields in metadata, or beside the messages (Amazon's documents and samples differ).
Out goes [{"id", "aggregate_reward_score", "metrics_list"}], in the same order.
"""

from __future__ import annotations

import functools
import importlib
import json
import math
import numbers
import re
from pathlib import Path
from types import ModuleType
from typing import Any

THINK = re.compile(r"^\s*(?:<think>)?.*?</think>\s*", re.DOTALL)


def lambda_handler(event: Any, context: Any = None) -> list[dict[str, Any]]:
    """Score every trajectory of one call.

    Raises ValueError for an event of an unknown shape: the job must stop rather than learn from
    made-up zeros. A grader that fails scores 0, as on other platforms, and is counted.
    """
    trajectories = event.get("trajectories") if isinstance(event, dict) else event
    if not isinstance(trajectories, list):
        raise ValueError("the event is not a list of trajectories and does not hold one")
    return [score(trajectory) for trajectory in trajectories]


def score(trajectory: dict[str, Any]) -> dict[str, Any]:
    """The reward of one trajectory, with the grader's parts as metrics."""
    sample, item = read_trajectory(trajectory)
    setup, modules = load()
    values: dict[str, float] = {}
    metrics: dict[str, float] = {}
    errors = 0
    for key, module in modules.items():
        try:
            values[key] = _reward(module.grade(sample, item))
            explained = module.explain(sample, item) if hasattr(module, "explain") else {}
        except Exception as error:
            print(f"grader {key}: {type(error).__name__}: {error}")  # into the Lambda's log
            values.setdefault(key, 0.0)
            explained, errors = {}, errors + 1
        prefix = f"{key}." if len(modules) > 1 else ""
        metrics |= {prefix + k: float(v) for k, v in explained.items() if _finite(v)}
    if setup["calculate_output"] is None:
        reward = next(iter(values.values()))
    else:
        metrics |= values
        reward, failed = _combined(setup["calculate_output"], setup["left_out"], values)
        errors += failed
    metrics["grader_errors"] = float(errors)
    return {
        "id": trajectory.get("id"),
        "aggregate_reward_score": min(max(reward, 0.0), 1.0),
        "metrics_list": [
            {"name": name, "value": value, "type": "Metric"} for name, value in metrics.items()
        ],
    }


def read_trajectory(trajectory: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(sample, item) as grade() takes them.

    Raises ValueError when it lacks an answer or a reference.
    """
    name, messages = trajectory.get("id"), trajectory.get("messages")
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
    text = without_thinking(_text(messages[-1].get("content")))
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    sample: dict[str, Any] = {"output_text": text, "choices": [choice]}
    if (parsed := parse(text)) is not None:
        sample["output_json"] = parsed
    return sample, item


def without_thinking(text: str) -> str:
    """The answer behind a leading <think> block; one that was never closed leaves no answer."""
    if match := THINK.match(text):
        return text[match.end() :]
    return "" if text.lstrip().startswith("<think>") else text


def parse(text: str) -> Any:
    """The JSON value in `text`; None for what is not strict JSON."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None


@functools.cache
def load() -> tuple[dict[str, Any], dict[str, ModuleType]]:
    """reward.json and the graders it names, once per Lambda instance."""
    setup = json.loads(Path(__file__).with_name("reward.json").read_text(encoding="utf-8"))
    return setup, {k: importlib.import_module(name) for k, name in setup["graders"].items()}


def _combined(text: str, left_out: list[str], values: dict[str, float]) -> tuple[float, int]:
    """(calculate_output's value, errors); over the other parts where some are left out."""
    formula = importlib.import_module("formula")
    try:
        parsed = formula.Formula(text, [*values, *left_out])
        reward = parsed.without(left_out, values) if left_out else parsed.evaluate(values)
        return float(reward), 0
    except (formula.FormulaError, ArithmeticError, ValueError) as error:
        print(f"calculate_output: {error}")
        return 0.0, 1


def _text(content: Any) -> str:
    """The text of a message's content, a string or blocks."""
    if isinstance(content, list):
        return "".join(str(block.get("text", "")) for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


def _reward(value: Any) -> float:
    if not _finite(value) or isinstance(value, bool):
        raise TypeError(f"grade() must return a finite number, not {value!r:.80}")
    return float(value)


def _finite(value: Any) -> bool:
    return isinstance(value, numbers.Real) and math.isfinite(value)
