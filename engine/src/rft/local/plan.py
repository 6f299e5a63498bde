"""The contract's hyperparameters -> what the trainer does. docs/local.md shows it as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RATES = {
    ("supervised", False): 5e-5,
    ("supervised", True): 2e-4,
    ("reinforcement", False): 2e-6,
    ("reinforcement", True): 4e-5,
}
"""(method, LoRA) -> the learning rate that learning_rate_multiplier multiplies."""
GROUP = 8
"""Answers per row and step that compute_multiplier multiplies."""


class Extras(BaseModel):
    """What this service understands beyond the contract, as text in a job's `metadata`; None: the
    default of `make_plan`. docs/local.md says what each does."""

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, alias_generator=lambda name: f"rft_{name}"
    )

    lora_rank: Annotated[int, Field(ge=0, le=512)] | None = None
    learning_rate: Annotated[float, Field(ge=1e-9, le=1)] | None = None
    group_size: Annotated[int, Field(ge=2, le=64)] | None = None
    beta: Annotated[float, Field(ge=0, le=10)] | None = None
    entropy_coef: Annotated[float, Field(ge=0, le=1)] = 0.0
    temperature: Annotated[float, Field(ge=0.05, le=2)] = 1.0
    max_tokens: Annotated[int, Field(ge=1, le=32768)] = 512
    eval_interval: Annotated[int, Field(ge=1, le=10**6)] | None = None
    save_interval: Annotated[int, Field(ge=1, le=10**6)] | None = None
    micro_batch: Annotated[int, Field(ge=1, le=256)] = 2
    grader_timeout_s: Annotated[float, Field(ge=0.1, le=600)] = 120.0
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    zero_variance: Literal["drop", "keep", "resample"] = "drop"
    device: Literal["auto", "cpu", "cuda"] = "auto"

    @classmethod
    def of(cls, metadata: Mapping[str, str] | None) -> Extras:
        """Those in a job's metadata. Raises pydantic's ValidationError for a wrong one."""
        own = {k: v for k, v in (metadata or {}).items() if k.startswith("rft_")}
        return cls.model_validate(own)


@dataclass(frozen=True)
class TrainerPlan:
    """All that decides a training, with every "auto" resolved."""

    method: str
    seed: int
    epochs: int
    batch_size: int
    """Rows per step."""
    steps: int
    learning_rate: float
    eval_interval: int
    save_interval: int
    eval_samples: int
    lora_rank: int
    """0: all weights."""
    group_size: int
    temperature: float
    max_tokens: int
    beta: float
    entropy_coef: float
    zero_variance: str
    micro_batch: int
    """Rows (supervised) or answers (reinforcement) in memory at once."""
    grader_timeout_s: float
    threads: int | None
    device: str


def make_plan(body: dict[str, Any], rows: int) -> TrainerPlan:
    """The plan of a checked job body (JobBody as JSON) with `rows` training rows."""
    method: str = body["method"]["type"]
    given: dict[str, Any] = (body["method"].get(method) or {}).get("hyperparameters") or {}
    extras = Extras.of(body.get("metadata"))
    rl = method == "reinforcement"

    def chosen(name: str, auto: Any) -> Any:
        value = given.get(name)
        return auto if value in (None, "auto") else value

    batch = min(chosen("batch_size", 8), rows)
    epochs = chosen("n_epochs", 1 if rl else 2)
    # A last, smaller batch would weigh its rows more; what is left out comes in the next epoch.
    steps = max(1, (rows // batch if rl else math.ceil(rows / batch)) * epochs)
    rank = _either(extras.lora_rank, 32 if rl else 0)
    rate = RATES[method, rank > 0] * chosen("learning_rate_multiplier", 1.0)
    group = round(GROUP * chosen("compute_multiplier", 1.0))
    group = _either(extras.group_size, min(max(group, 2), 64))
    interval = chosen("eval_interval", max(1, round(steps / 5)))
    interval = _either(extras.eval_interval, interval)
    return TrainerPlan(
        method=method,
        seed=body.get("seed") or 0,
        epochs=epochs,
        batch_size=batch,
        steps=steps,
        learning_rate=_either(extras.learning_rate, rate),
        eval_interval=interval,
        save_interval=_either(extras.save_interval, interval),
        eval_samples=chosen("eval_samples", 1),
        lora_rank=rank,
        group_size=group,
        temperature=extras.temperature,
        max_tokens=extras.max_tokens,
        beta=_either(extras.beta, 0.02 if rl else 0.0),
        entropy_coef=extras.entropy_coef,
        zero_variance=extras.zero_variance,
        micro_batch=_divisor(batch * group if rl else batch, extras.micro_batch),
        grader_timeout_s=extras.grader_timeout_s,
        threads=extras.threads,
        device=extras.device,
    )


def _either(value: Any, default: Any) -> Any:
    return default if value is None else value


def _divisor(total: int, most: int) -> int:
    """The largest divisor of `total` that is at most `most`."""
    return max(size for size in range(1, min(total, most) + 1) if total % size == 0)


def resolved(body: dict[str, Any], plan: TrainerPlan) -> dict[str, Any]:
    """The body with every "auto" of the contract replaced, as jobs.retrieve shows it."""
    known: dict[str, Any] = {
        "batch_size": plan.batch_size,
        "n_epochs": plan.epochs,
        "learning_rate_multiplier": 1.0,
    }
    if plan.method == "reinforcement":
        known |= {
            "eval_interval": plan.eval_interval,
            "eval_samples": plan.eval_samples,
            "compute_multiplier": 1.0,
            "reasoning_effort": "default",
        }
    part = body["method"][plan.method]
    given = {k: v for k, v in (part.get("hyperparameters") or {}).items() if v != "auto"}
    filled = part | {"hyperparameters": known | given}
    return body | {"method": {"type": plan.method, plan.method: filled}}
