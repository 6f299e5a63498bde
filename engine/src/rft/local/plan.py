"""The contract's hyperparameters -> what the trainer does. docs/local.md shows it as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

RATES = {
    ("supervised", False): 5e-5,
    ("supervised", True): 2e-4,
    ("reinforcement", False): 2e-6,
    ("reinforcement", True): 4e-5,
}
"""(method, LoRA) -> the learning rate that learning_rate_multiplier multiplies."""
GROUP = 8
"""Answers per row and step that compute_multiplier multiplies."""


@dataclass(frozen=True)
class Plan:
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


def make_plan(body: dict[str, Any], rows: int) -> Plan:
    """The plan of a checked job body (contract.JobBody as JSON) with `rows` training rows."""
    method: str = body["method"]["type"]
    given: dict[str, Any] = body["method"][method]["hyperparameters"]
    extra: dict[str, str] = body.get("metadata") or {}
    rl = method == "reinforcement"

    def chosen(name: str, auto: Any) -> Any:
        value = given.get(name, "auto")
        return auto if value == "auto" else value

    def own(name: str, default: float) -> float:
        return float(extra.get(f"rft_{name}", default))

    batch = min(chosen("batch_size", 8), rows)
    epochs = chosen("n_epochs", 1 if rl else 2)
    # A last, smaller batch would weigh its rows more; what is left out comes in the next epoch.
    steps = max(1, (rows // batch if rl else math.ceil(rows / batch)) * epochs)
    rank = int(own("lora_rank", 32 if rl else 0))
    rate = RATES[method, rank > 0] * chosen("learning_rate_multiplier", 1.0)
    group = round(GROUP * chosen("compute_multiplier", 1.0))
    group = int(own("group_size", min(max(group, 2), 64)))
    interval = chosen("eval_interval", max(1, round(steps / 5)))
    interval = int(own("eval_interval", interval))
    return Plan(
        method=method,
        seed=body.get("seed") or 0,
        epochs=epochs,
        batch_size=batch,
        steps=steps,
        learning_rate=own("learning_rate", rate),
        eval_interval=interval,
        save_interval=int(own("save_interval", interval)),
        eval_samples=chosen("eval_samples", 1),
        lora_rank=rank,
        group_size=group,
        temperature=own("temperature", 1.0),
        max_tokens=int(own("max_tokens", 512)),
        beta=own("beta", 0.02 if rl else 0.0),
        entropy_coef=own("entropy_coef", 0.0),
        zero_variance=extra.get("rft_zero_variance", "drop"),
        micro_batch=_divisor(batch * group if rl else batch, int(own("micro_batch", 2))),
        grader_timeout_s=own("grader_timeout_s", 120.0),
        threads=int(extra["rft_threads"]) if "rft_threads" in extra else None,
        device=extra.get("rft_device", "auto"),
    )


def _divisor(total: int, most: int) -> int:
    """The largest divisor of `total` that is at most `most`."""
    return max(size for size in range(1, min(total, most) + 1) if total % size == 0)


def resolved(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """The body with every "auto" of the contract replaced, as jobs.retrieve shows it."""
    method = body["method"]
    given = method[plan.method]["hyperparameters"]
    known = {
        "batch_size": plan.batch_size,
        "n_epochs": plan.epochs,
        "learning_rate_multiplier": 1.0,
        "eval_interval": plan.eval_interval,
        "eval_samples": plan.eval_samples,
        "compute_multiplier": 1.0,
    }
    filled = {k: known[k] if v == "auto" else v for k, v in given.items()}
    own = method[plan.method] | {"hyperparameters": filled}
    return body | {"method": {"type": plan.method, plan.method: own}}
