"""What both trainers share: arguments, LoRA, and chats as open models know them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig

from rft.dialect import instructed_by
from rft.local.plan import TrainerPlan
from rft.workers import cores


def device_of(plan: TrainerPlan) -> str:
    """cpu or cuda."""
    if plan.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return plan.device


def base_arguments(plan: TrainerPlan, output: Path, *, evaluate: bool) -> dict[str, Any]:
    """Arguments of any Hugging Face trainer; nothing is sent anywhere."""
    cpu = device_of(plan) == "cpu"
    torch.set_num_threads(plan.threads or cores())
    return {
        "output_dir": str(output),
        "seed": plan.seed,
        "data_seed": plan.seed,
        "use_cpu": cpu,
        "bf16": not cpu and torch.cuda.is_bf16_supported(),
        "max_steps": plan.steps,
        "learning_rate": plan.learning_rate,
        "logging_steps": 1,
        "eval_strategy": "steps" if evaluate else "no",
        "eval_steps": plan.eval_interval,
        "save_strategy": "steps",
        "save_steps": plan.save_interval,
        "save_total_limit": 2,  # the last but one stays until the last is whole
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_pin_memory": not cpu,
        "gradient_checkpointing": False,
    }


def lora(plan: TrainerPlan) -> LoraConfig | None:
    """LoRA on every linear layer, or None to train all weights."""
    if not plan.lora_rank:
        return None
    return LoraConfig(
        r=plan.lora_rank,
        lora_alpha=2 * plan.lora_rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def chat(messages: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Role and text of each message; the developer speaks as system, which chat templates know."""
    return [{n: m[n] for n in ("role", "content")} for m in instructed_by(messages, "system")]
