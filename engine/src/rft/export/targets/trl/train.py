"""GRPO by TRL with this project's rows and reward. Made by `rft export trl`.

accelerate launch --config_file fsdp.yaml train.py --config grpo.yaml
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datasets import load_dataset
from reward import reward
from trl import GRPOConfig, GRPOTrainer, ModelConfig, TrlParser, get_peft_config

HERE = Path(__file__).resolve().parent


@dataclass
class Options:
    """Options of this script, beside TRL's."""

    dry_run: bool = False
    """Load settings, rows and the reward, then stop before the model."""


def main() -> None:
    """Train, then save the best model into output_dir."""
    options, training, model = TrlParser((Options, GRPOConfig, ModelConfig)).parse_args_and_config()
    files = {name: str(HERE / f"{name}.jsonl") for name in ("train", "validation")}
    rows = load_dataset("json", data_files=files)
    if options.dry_run:
        print(f"{len(rows['train'])} training rows, {len(rows['validation'])} validation rows")
        empty = [[{"role": "assistant", "content": ""}]] * 2
        print(f"rewards of empty answers: {reward(empty, rows['train']['item'][:2])}")
        return
    trainer = GRPOTrainer(
        model=model.model_name_or_path,
        reward_funcs=reward,
        args=training,
        train_dataset=rows["train"],
        eval_dataset=rows["validation"],
        peft_config=get_peft_config(model),
    )
    trainer.train()
    trainer.save_model()


if __name__ == "__main__":
    main()
