"""The metrics of a job's events, whatever names its vendor uses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

PATHS: dict[str, tuple[str, ...]] = {
    "train_reward": ("scores.train_reward_mean", "train_mean_reward", "critic_rewards_mean"),
    "valid_reward": (
        "scores.valid_reward_mean",
        "full_valid_mean_reward",
        "valid_mean_reward",
    ),
    "no_variance": ("train_zero_variance_share", "frac_reward_zero_std"),
    "entropy": ("entropy", "actor_entropy"),
    "kl": ("kl", "actor_kl_loss"),
    "length": (
        "usage.samples.train_completion_tokens_mean",
        "completion_tokens_mean",
        "response_length_mean",
        "usage.samples.train_reasoning_tokens_mean",
        "reasoning_tokens_mean",
    ),
    "loss": ("train_loss",),
    "valid_loss": ("full_valid_loss", "valid_loss"),
}
"""Where each figure may stand in an event's data: OpenAI's guide first, then its older flat names,
then Bedrock's (verl's with `_` for `/`). The share of groups without variance is reported by the
local service and by TRL, not by OpenAI."""
GRADER_ERRORS = (
    "sample_parse_error", "invalid_variable_error", "other_error", "python_grader_server_error",
    "python_grader_runtime_error", "model_grader_server_error", "model_grader_refusal_error",
    "model_grader_parse_error",
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """The figures of one step; None is what the vendor does not tell."""

    step: int
    total: int | None = None
    """Steps of the whole job."""
    train_reward: float | None = None
    """Mean over the step's batch."""
    valid_reward: float | None = None
    """Mean over the validation file, only at some steps."""
    no_variance: float | None = None
    """Share of groups whose answers all have the same reward: nothing is learnt from those."""
    entropy: float | None = None
    kl: float | None = None
    length: float | None = None
    """Mean tokens of an answer, or of its reasoning."""
    loss: float | None = None
    valid_loss: float | None = None
    errors: float | None = None
    """Largest mean of a grader error while training."""


def points(events: Iterable[Mapping[str, Any]]) -> list[Point]:
    """One Point a step, in order, of the `metrics` events of a job."""
    by_step: dict[int, Point] = {}
    for event in events:
        data = event.get("data")
        if event.get("type") == "metrics" and isinstance(data, Mapping) and (point := read(data)):
            before = by_step.get(point.step)
            by_step[point.step] = _merged(before, point) if before else point
    return [by_step[step] for step in sorted(by_step)]


def read(data: Mapping[str, Any]) -> Point | None:
    """The Point of one event's data; None if it names no step."""
    step, total = _number(data.get("step")), _number(data.get("total_steps"))
    if step is None:
        return None
    values = {name: _first(data, paths) for name, paths in PATHS.items()}
    return Point(
        step=int(step),
        total=int(total) if total is not None else None,
        errors=_errors(data),
        **values,
    )


def _first(data: Mapping[str, Any], paths: Iterable[str]) -> float | None:
    for path in paths:
        value: Any = data
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if (number := _number(value)) is not None:
            return number
    return None


def _errors(data: Mapping[str, Any]) -> float | None:
    part = data.get("errors")
    listed = part.get("graders") if isinstance(part, Mapping) else None
    means = [
        number
        for grader in (listed if isinstance(listed, list) else ())
        if isinstance(grader, Mapping)
        for name in GRADER_ERRORS
        if (number := _number(grader.get(f"train_{name}_mean"))) is not None
    ]
    return max(means, default=None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _merged(one: Point, two: Point) -> Point:
    """Later figures win; what the later event leaves out stays."""
    later = {f.name: getattr(two, f.name) for f in fields(two)}
    return replace(one, **{name: value for name, value in later.items() if value is not None})
