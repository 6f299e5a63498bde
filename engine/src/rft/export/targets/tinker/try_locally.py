"""Let the cookbook's rollout score stored answers and compare with the project; needs no key.

.venv/bin/python try_locally.py
"""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import version
from typing import Any

os.environ["RFT_TRY_LOCALLY"] = "1"

import tinker
from rft_env import RftEnv
from rft_reward.trial import cases, report
from tinker_cookbook.completers import TokenCompleter, TokensWithLogprobs
from tinker_cookbook.renderers.base import parse_content_blocks
from tinker_cookbook.rl.rollouts import do_single_rollout


class Bytes:
    """What RftEnv needs of a renderer, with a byte as a token: the real ones are downloaded."""

    def build_generation_prompt(self, messages: list[dict[str, str]]) -> tinker.ModelInput:
        """The prompt's bytes."""
        return tinker.ModelInput.from_ints(list(str(messages).encode()))

    def get_stop_sequences(self) -> list[str]:
        """None."""
        return []

    def parse_response(self, action: list[int]) -> tuple[dict[str, Any], None]:
        """The answer as it was stored, its reasoning a part of its own as in Qwen's renderers."""
        text = bytes(action).decode()
        parts, _ = parse_content_blocks(text) or (text, [])
        return {"role": "assistant", "content": parts}, None


class Stored(TokenCompleter):
    """A policy that gives one stored answer."""

    def __init__(self, text: str) -> None:
        self.tokens = list(text.encode())

    async def __call__(self, model_input: Any, stop: Any, **_: Any) -> TokensWithLogprobs:
        """The answer's bytes."""
        return TokensWithLogprobs(tokens=self.tokens, maybe_logprobs=[0.0] * len(self.tokens))


async def main() -> int:
    """One rollout a case."""
    rewards = []
    for case in cases():
        rollout = await do_single_rollout(Stored(case.text), RftEnv(case.item, Bytes()))
        rewards.append(sum(step.reward for step in rollout.transitions))
    return report(f"tinker-cookbook {version('tinker-cookbook')}", rewards)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
