"""This project's rows, prompt and reward for Tinker's cookbook. Made by `rft export tinker`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chz
import tinker
from rft_reward import score
from tinker_cookbook import renderers
from tinker_cookbook.rl.types import (
    Env,
    EnvGroupBuilder,
    RLDataset,
    RLDatasetBuilder,
    StepResult,
)
from tinker_cookbook.tokenizer_utils import get_tokenizer

HERE = Path(__file__).resolve().parent


class RftEnv(Env):
    """One answer to one row. The reward is the grader's alone, without a bonus for format."""

    def __init__(self, item: dict[str, Any], renderer: renderers.Renderer) -> None:
        self.item = item
        self.renderer = renderer

    async def initial_observation(self) -> tuple[tinker.ModelInput, list[str] | list[int]]:
        """The prompt; the developer's message goes as the system's."""
        roles = {"developer": "system"}
        prompt = [m | {"role": roles.get(m["role"], m["role"])} for m in self.item["messages"]]
        return self.renderer.build_generation_prompt(prompt), self.renderer.get_stop_sequences()

    async def step(self, action: list[int], *, extra: Any = None) -> StepResult:
        """The reward of the answer. NoScoreError stops the training: a 0 would be learned from."""
        message, _ = self.renderer.parse_response(action)
        text = renderers.format_content_as_string(message["content"], separator="")
        result = await asyncio.to_thread(score, text, self.item)
        return StepResult(
            reward=result.reward,
            episode_done=True,
            next_observation=tinker.ModelInput.empty(),
            next_stop_condition=self.renderer.get_stop_sequences(),
            metrics={**result.parts, "grader_errors": float(bool(result.errors))},
        )


@dataclass(frozen=True)
class RowGroup(EnvGroupBuilder):
    """The answers to one row, which are compared with each other."""

    item: dict[str, Any]
    renderer: renderers.Renderer
    size: int

    async def make_envs(self) -> Sequence[Env]:
        """One environment an answer."""
        return [RftEnv(self.item, self.renderer) for _ in range(self.size)]


@dataclass(frozen=True)
class Rows(RLDataset):
    """Groups in batches, the last one shorter."""

    groups: list[RowGroup]
    batch_size: int

    def get_batch(self, index: int) -> Sequence[EnvGroupBuilder]:
        """The groups of a step."""
        return self.groups[index * self.batch_size : (index + 1) * self.batch_size]

    def __len__(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.groups) // self.batch_size)


@chz.chz
class RftDatasetBuilder(RLDatasetBuilder):
    """The training rows, and those of validation as the test set."""

    model_name: str
    renderer_name: str
    batch_size: int = 32
    group_size: int = 8

    async def __call__(self) -> tuple[RLDataset, RLDataset | None]:
        """Load both."""
        renderer = renderers.get_renderer(self.renderer_name, get_tokenizer(self.model_name))
        return self._rows("train", renderer, self.group_size), self._rows("validation", renderer, 1)

    def _rows(self, split: str, renderer: renderers.Renderer, size: int) -> Rows:
        lines = (HERE / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")
        groups = [RowGroup(json.loads(line), renderer, size) for line in lines if line]
        return Rows(groups, self.batch_size)
