"""Let verl's reward manager score stored answers and compare with the project; needs no key.

.venv/bin/python make_parquet.py && .venv/bin/python try_locally.py
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

os.environ["RFT_TRY_LOCALLY"] = "1"

import hydra
import numpy as np
import torch
from omegaconf import DictConfig
from rft_reward.trial import Case, cases, report
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from verl import DataProto
from verl import __version__ as version
from verl.trainer.ppo.reward import load_reward_manager
from verl.utils.dataset.rl_dataset import RLHFDataset

HERE = Path(__file__).resolve().parent


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer with one token a byte: no download, and every text comes back as it was."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytewise = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytewise,
        eos_token="<eos>",
        pad_token="<pad>",
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }} {% endfor %}"
    return tokenizer


def settings() -> DictConfig:
    """verl's configuration with settings.txt, as launch.sh gives it."""
    lines = (HERE / "settings.txt").read_text(encoding="utf-8").split()
    files = [f"data.train_files={HERE}/train.parquet", f"data.val_files={HERE}/validation.parquet"]
    reward = f"reward.custom_reward_function.path={HERE}/reward.py"
    with hydra.initialize_config_module("verl.trainer.config", version_base=None):
        return hydra.compose("ppo_trainer", overrides=[*lines, *files, reward])


def batch(case: Case, tokenizer: PreTrainedTokenizerFast) -> DataProto:
    """A stored answer as verl holds one that was drawn: its tokens, then padding."""
    ids = [*tokenizer(case.text, add_special_tokens=False)["input_ids"], tokenizer.pad_token_id]
    mask = [1] * (len(ids) - 1) + [0]
    info = {"item": json.dumps(case.item)}
    fields = {"data_source": "rft", "reward_model": {"ground_truth": ""}, "extra_info": info}
    return DataProto.from_dict(
        tensors={"responses": torch.tensor([ids]), "attention_mask": torch.tensor([mask])},
        non_tensors={name: np.array([value], dtype=object) for name, value in fields.items()},
    )


async def main() -> int:
    """Load what launch.sh loads, then score every case."""
    config, tokenizer = settings(), byte_tokenizer()
    config.data.max_prompt_length = 1_000_000  # in bytes here
    rows = RLHFDataset(config.data.train_files, tokenizer, config.data)
    print(f"{len(rows)} training rows as verl loads them")
    manager = load_reward_manager(config, tokenizer)
    rewards = [
        (await manager.run_single(batch(case, tokenizer)))["reward_score"] for case in cases()
    ]
    return report(f"verl {version}", rewards)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
