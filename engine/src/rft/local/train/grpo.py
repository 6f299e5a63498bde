"""method.type reinforcement: TRL's GRPOTrainer with the job's grader as the reward."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from trl import GRPOConfig

from rft.local.plan import TrainerPlan
from rft.local.train.drawing import Drawing
from rft.local.train.progress import Metrics
from rft.local.train.rewards import Batch, Rewards, flat
from rft.local.train.setup import base_arguments, chat, lora
from rft.local.train.shared import SharedPromptTrainer
from rft.local.train.weights import merged

Row = dict[str, Any]
_EVAL_BATCH, _EVAL_DRAWN = 16, 512
"""Answers that transformers and llama.cpp draw at once in an evaluation."""


class GroupTrainer(SharedPromptTrainer):
    """GRPO in which groups without variance are drawn anew or left out, as DAPO does.

    TRL has no hook between the rewards and the loss, hence the subclass. Left out means: their
    answers are neither in the loss nor in its mean, and no gradient is computed for them.
    """

    rewards: Rewards
    plan: TrainerPlan
    drawing: Drawing | None = None
    """Draws the answers in place of transformers."""
    _drawn_step = -1
    _draws = 0

    def _generate_single_turn(
        self, prompt_ids: list[list[int]], *args: Any, **kwargs: Any
    ) -> tuple[list[list[int]], None]:
        if self.drawing is None:
            return super()._generate_single_turn(prompt_ids, *args, **kwargs)
        step = self.state.global_step
        if self._drawn_step != step:
            self.drawing.load(merged(self.model))
            self._drawn_step, self._draws = step, 0
        self._draws += 1
        seed = random.Random(f"{self.plan.seed}/{step}/{self._draws}").getrandbits(31)
        return self.drawing.draw(prompt_ids, seed), None

    def _generate_and_score_completions(self, inputs: list[Row]) -> dict[str, Any]:
        training = self.model.training
        self.rewards.mode = "train" if training else "valid"
        self.rewards.group_size = self.plan.group_size if training else self.plan.eval_samples
        self.beta = self.plan.beta if training else 0.0  # an evaluation needs no reference
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        if not training or self.plan.zero_variance == "keep":
            return output
        size = self.plan.group_size
        dead = [n for n, group in enumerate(self.rewards.last) if flat(group)]
        if dead and self.plan.zero_variance == "resample":
            rng = random.Random(f"{self.plan.seed}/{self.state.global_step}")
            rows = [self.train_dataset[rng.randrange(len(self.train_dataset))] for _ in dead]
            fresh = super()._generate_and_score_completions([r for r in rows for _ in range(size)])
            alive = [n for n, group in enumerate(self.rewards.last) if not flat(group)]
            moves = [(dead[n], n) for n in alive]
            output = _spliced(output, fresh, moves, size)
            dead = [n for k, n in enumerate(dead) if k not in alive]
        return _without(output, dead, size, self.args.steps_per_generation)

    def prediction_step(self, *args: Any, **_: Any) -> tuple[torch.Tensor, None, None]:
        """Evaluate by the reward alone: answers are drawn and graded, no loss is taken."""
        self._prepare_inputs(args[1])
        return torch.zeros(1, device=self.args.device), None, None


def _without(output: dict[str, Any], dead: list[int], size: int, batches: int) -> dict[str, Any]:
    """`output` without the dead groups of `size` answers, its length a multiple of `batches`.

    What fills it up has no weight in the loss; if every group is dead, only the KL has any.
    """
    dropped = [k for n in dead for k in range(n * size, (n + 1) * size)]
    kept = [k for k in range(len(output["advantages"])) if k // size not in dead]
    spare = dropped[: -len(kept) % batches if kept else batches]
    output["advantages"][spare] = 0.0
    if kept:
        output["completion_mask"][spare] = 0
    chosen = {
        name: tensor[kept + spare] if isinstance(tensor, torch.Tensor) and tensor.dim() else tensor
        for name, tensor in output.items()
    }
    return chosen | {"num_items_in_batch": chosen["completion_mask"].sum()}


def _spliced(
    output: dict[str, Any], fresh: dict[str, Any], moves: list[tuple[int, int]], size: int
) -> dict[str, Any]:
    """`output` with group `to` replaced by group `start` of `fresh` for each (to, start).

    Prompts are padded on the left, what belongs to answers on the right.
    """
    merged = dict(output)
    for name, ours in output.items():
        theirs = fresh.get(name)
        if not isinstance(ours, torch.Tensor) or ours.dim() == 0 or theirs is None:
            continue
        if ours.dim() == 2:
            width = max(ours.size(1), theirs.size(1))
            left = name.startswith("prompt")
            ours, theirs = (_padded(tensor, width, left=left) for tensor in (ours, theirs))
        ours = ours.clone()
        for to, start in moves:
            ours[to * size : (to + 1) * size] = theirs[start * size : (start + 1) * size]
        merged[name] = ours
    return merged


def _padded(tensor: torch.Tensor, width: int, *, left: bool) -> torch.Tensor:
    room = width - tensor.size(1)
    # Masks are 0 there, so the padding's own value does not matter.
    return torch.nn.functional.pad(tensor, (room, 0) if left else (0, room))


def make_trainer(
    plan: TrainerPlan,
    model: Any,
    tokenizer: Any,
    rows: list[Row],
    valid: list[Row],
    output: Path,
    rewards: Rewards,
    *,
    fresh: bool,
    drawing: Drawing | None = None,
) -> GroupTrainer:
    """The trainer, not yet started. `fresh`: measure the validation reward before step 1."""
    at_once = _EVAL_DRAWN if drawing else _EVAL_BATCH
    per_eval = plan.eval_samples * max(1, at_once // plan.eval_samples)
    arguments = GRPOConfig(
        **base_arguments(plan, output, evaluate=bool(valid)),
        eval_on_start=fresh and bool(valid),
        per_device_train_batch_size=plan.micro_batch,
        per_device_eval_batch_size=per_eval,
        gradient_accumulation_steps=plan.batch_size * plan.group_size // plan.micro_batch,
        num_generations=plan.group_size,
        num_generations_eval=plan.eval_samples,
        max_completion_length=plan.max_tokens,
        temperature=plan.temperature,
        beta=plan.beta,
        entropy_coef=plan.entropy_coef,
        lr_scheduler_type="constant",
        scale_rewards="group",
    )
    trainer = GroupTrainer(
        model=model,
        args=arguments,
        processing_class=tokenizer,
        train_dataset=_dataset(rows),
        eval_dataset=_dataset(valid) if valid else None,
        reward_funcs=[rewards],
        peft_config=lora(plan),
    )
    trainer.rewards, trainer.plan, trainer.drawing = rewards, plan, drawing
    return trainer


def _dataset(rows: list[Row]) -> Dataset:
    # The row travels as text: tables would give every row the fields of all others.
    return Dataset.from_list(
        [{"prompt": chat(row["messages"]), "item": json.dumps(row)} for row in rows]
    )


def describe(plan: TrainerPlan, rewards: Rewards) -> Any:
    """The function that turns the logs of a step into an event; see Progress."""

    def step_event(
        step: int, logs: Metrics, valid_logs: Metrics | None
    ) -> tuple[str, Metrics, Metrics, float | None]:
        train = rewards.take("train")
        valid: Batch | None = rewards.take("valid") if valid_logs is not None else None
        data = {"step": step, "total_steps": plan.steps} | rewards.figures(train, valid)
        data |= {
            "train_zero_variance_share": train.flat_share(),
            "entropy": logs.get("entropy"),
            "kl": logs.get("kl"),
            "loss": logs.get("loss"),
            "grad_norm": logs.get("grad_norm"),
            "learning_rate": logs.get("learning_rate"),
        }
        data["timing"]["step"] = {"full_iteration": logs.get("step_time")}
        score = valid.mean() if valid else None
        words = [f"Step {step}/{plan.steps}"]
        if train.grades:
            words.append(f"train mean reward={_text(train.mean())}")
        if valid:
            words.append(f"full validation mean reward={_text(score)}")
            parse = data["full_valid_mean_parse_error"]
            words.append(f"full validation mean parse error={_text(parse)}")
        kept = ("step", "train_mean_reward", "full_valid_mean_reward", "completion_tokens_mean",
                "entropy", "kl", "train_zero_variance_share")  # fmt: skip
        return ", ".join(words), data, {name: data[name] for name in kept}, score

    return step_event


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
