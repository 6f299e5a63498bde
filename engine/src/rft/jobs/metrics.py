"""The metrics of a job's events, whatever names its vendor uses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rft.graders.response import FLAGS

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


@dataclass(frozen=True)
class Point:
    """The figures of one step; None where the vendor does not report it."""

    step: int
    total: int | None = None
    """Steps of the whole job."""
    train_reward: float | None = None
    """Mean over the step's batch."""
    valid_reward: float | None = None
    """Mean over the validation file, only at some steps."""
    no_variance: float | None = None
    """Share of groups whose answers all have the same reward; nothing is learnt from them."""
    entropy: float | None = None
    kl: float | None = None
    length: float | None = None
    """Mean tokens of an answer, or of its reasoning."""
    loss: float | None = None
    valid_loss: float | None = None
    errors: float | None = None
    """Largest mean of a grader error while training."""


def points(events: Iterable[Mapping[str, Any]]) -> list[Point]:
    """One Point per step, in order, from a job's events of type `metrics`.

    Of two events of a step the later figures count; what the later event leaves out is kept.
    """
    by_step: dict[int, Point] = {}
    for event in events:
        data = event.get("data")
        if event.get("type") == "metrics" and isinstance(data, Mapping) and (point := read(data)):
            figures = {name: value for name, value in vars(point).items() if value is not None}
            by_step[point.step] = replace(by_step.get(point.step, point), **figures)
    return [by_step[step] for step in sorted(by_step)]


def read(data: Mapping[str, Any]) -> Point | None:
    """The Point of one event's data; None if it names no step."""
    step, total = number(data.get("step")), number(data.get("total_steps"))
    if step is None:
        return None
    return Point(
        step=int(step),
        total=None if total is None else int(total),
        errors=_errors(data),
        **{name: _first(data, paths) for name, paths in PATHS.items()},
    )


def number(value: Any) -> float | None:
    """The value as a float; None for anything but a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _first(data: Mapping[str, Any], paths: Iterable[str]) -> float | None:
    for path in paths:
        value: Any = data
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if (figure := number(value)) is not None:
            return figure
    return None


def _errors(data: Mapping[str, Any]) -> float | None:
    part = data.get("errors")
    listed = part.get("graders") if isinstance(part, Mapping) else None
    entries = listed if isinstance(listed, list) else []
    graders = [entry for entry in entries if isinstance(entry, Mapping)]
    means = (number(grader.get(f"train_{name}_mean")) for grader in graders for name in FLAGS)
    return max((mean for mean in means if mean is not None), default=None)
