"""Train with Tinker. Made by `rft export tinker`.

.venv/bin/python train.py dry_run=True               shows the settings and sends nothing
.venv/bin/python train.py model_name=Qwen/Qwen3-8B   trains
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import chz
from rft_env import RftDatasetBuilder
from rft_reward import score
from tinker_cookbook import model_info
from tinker_cookbook.rl import train

HERE = Path(__file__).resolve().parent
SETTINGS = json.loads((HERE / "settings.json").read_text(encoding="utf-8"))


@chz.chz
class Options:
    """Options of the command line, each as NAME=VALUE."""

    model_name: str = "Qwen/Qwen3-8B"
    learning_rate: float = 4e-5
    group_size: int = 8
    batch_size: int = 32
    lora_rank: int = 32
    max_tokens: int = SETTINGS["max_tokens"]
    temperature: float = SETTINGS["temperature"] or 1.0
    log_path: str = str(HERE / "checkpoints")
    dry_run: bool = False


def main(options: Options) -> None:
    """Send the work to Tinker; TINKER_API_KEY is read from the environment."""
    renderer = model_info.get_recommended_renderer_name(options.model_name)
    builder = RftDatasetBuilder(
        model_name=options.model_name,
        renderer_name=renderer,
        batch_size=options.batch_size,
        group_size=options.group_size,
    )
    config = train.Config(
        learning_rate=options.learning_rate,
        dataset_builder=builder,
        model_name=options.model_name,
        recipe_name="rft",
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        log_path=options.log_path,
        lora_rank=options.lora_rank,
        renderer_name=renderer,
    )
    if options.dry_run:
        print(config)
        row = json.loads((HERE / "train.jsonl").read_text(encoding="utf-8").partition("\n")[0])
        print(f"reward of an empty answer to row {row['id']}: {score('', row).reward}")
        return
    asyncio.run(train.main(config))


if __name__ == "__main__":
    chz.nested_entrypoint(main)
