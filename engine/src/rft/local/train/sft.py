"""method.type supervised: TRL's SFTTrainer on the last assistant message of each row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from rft.local.plan import TrainerPlan
from rft.local.train.progress import Metrics
from rft.local.train.setup import base_arguments, chat, lora

Row = dict[str, Any]


def make_trainer(
    plan: TrainerPlan, model: Any, tokenizer: Any, rows: list[Row], valid: list[Row], output: Path
) -> Any:
    """The trainer, not yet started."""
    arguments = SFTConfig(
        **base_arguments(plan, output, evaluate=bool(valid)),
        per_device_train_batch_size=plan.micro_batch,
        per_device_eval_batch_size=plan.micro_batch,
        gradient_accumulation_steps=plan.batch_size // plan.micro_batch,
        lr_scheduler_type="linear",
        warmup_steps=plan.steps // 20,
        max_length=None,
    )
    return SFTTrainer(
        model=model,
        args=arguments,
        processing_class=tokenizer,
        train_dataset=_dataset(rows),
        eval_dataset=_dataset(valid) if valid else None,
        peft_config=lora(plan),
    )


def _dataset(rows: list[Row]) -> Dataset:
    chats = [chat(row["messages"]) for row in rows]
    return Dataset.from_list([{"prompt": c[:-1], "completion": c[-1:]} for c in chats])


def describe(plan: TrainerPlan) -> Any:
    """The function that turns the logs of a step into an event; see Progress."""

    def step_event(
        step: int, train: Metrics, valid: Metrics | None
    ) -> tuple[str, Metrics, Metrics, float | None]:
        data: Metrics = {
            "step": step,
            "total_steps": plan.steps,
            "train_loss": train.get("loss"),
            "train_mean_token_accuracy": train.get("mean_token_accuracy"),
            "learning_rate": train.get("learning_rate"),
            "grad_norm": train.get("grad_norm"),
        }
        message = f"Step {step}/{plan.steps}"
        if train.get("loss") is not None:
            message += f": training loss={train['loss']:.3f}"
        score = None
        if valid is not None:
            loss, accuracy = valid.get("eval_loss"), valid.get("eval_mean_token_accuracy")
            data |= {"valid_loss": loss, "full_valid_loss": loss}
            data |= {
                "valid_mean_token_accuracy": accuracy,
                "full_valid_mean_token_accuracy": accuracy,
            }
            message += f", full validation loss={loss:.3f}"
            score = -float(loss or 0.0)
        shown = {k: v for k, v in data.items() if k not in ("total_steps", "learning_rate")}
        return message, data, shown, score

    return step_event
