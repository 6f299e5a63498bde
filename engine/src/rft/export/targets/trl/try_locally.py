"""Let TRL's trainer score stored answers and compare with the project's rewards; needs no key.

.venv/bin/python try_locally.py
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["RFT_TRY_LOCALLY"] = "1"

import torch
from datasets import Dataset, load_dataset
from reward import reward
from rft_reward.trial import cases, report
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer
from trl import __version__ as version

HERE = Path(__file__).resolve().parent
RETURNED: list[float] = []
"""What the reward function gave, before TRL rounds it to 32 bits."""


def recorded(**arguments: Any) -> list[float]:
    """The reward, noted."""
    RETURNED.extend(values := reward(**arguments))
    return values


def trainer(rows: Dataset, folder: str) -> GRPOTrainer:
    """A trainer of a tiny random model, which only has to exist."""
    words = Tokenizer(models.WordLevel({"<pad>": 0, "<eos>": 1, "<unk>": 2}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }} {% endfor %}"
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=3, num_attention_heads=2, **sizes))
    arguments = GRPOConfig(
        output_dir=folder, use_cpu=True, bf16=False, report_to="none", num_generations=2,
        per_device_train_batch_size=2,
    )  # fmt: skip
    return GRPOTrainer(
        model=model, reward_funcs=recorded, args=arguments, train_dataset=rows,
        processing_class=tokenizer,
    )  # fmt: skip


def main() -> int:
    """Score every case in one call of TRL's."""
    stored = cases()
    rows = load_dataset("json", data_files=str(HERE / "train.jsonl"), split="train")
    inputs = [{"item": json.dumps(case.item)} for case in stored]
    completions = [[{"role": "assistant", "content": case.text}] for case in stored]
    with tempfile.TemporaryDirectory() as folder:
        kept = trainer(rows, folder)._calculate_rewards(
            inputs, [rows[0]["prompt"]] * len(stored), completions, [[1]] * len(stored)
        )
    worst = (kept[:, 0].double() - torch.tensor(RETURNED, dtype=torch.float64)).abs().max().item()
    print(f"TRL keeps them in 32 bits: largest difference {worst:.1g}")
    return max(report(f"trl {version}", RETURNED), int(worst > 1e-7))


if __name__ == "__main__":
    sys.exit(main())
