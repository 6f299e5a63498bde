"""Answers in training, drawn by llama.cpp with the weights of the step.

On CPUs this is several times as fast as transformers: one server with one thread per core decodes
the answers to a prompt side by side. The weights are written in 8 bits, as they will be served.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import httpx2
import torch

from rft.errors import OutsideError
from rft.local.plan import TrainerPlan
from rft.local.server import plan_servers, serve_plan
from rft.local.train.gguf_file import WeightsFile
from rft.local.train.setup import device_of
from rft.workers import cores

MOST_SLOTS = 16
"""Answers that one server decodes at once."""


def open_drawing(plan: TrainerPlan, config: Any, tokenizer: Any, file: Path) -> Drawing | None:
    """What draws the answers of this training; None on a GPU and without llama.cpp: transformers
    does."""
    if device_of(plan) != "cpu" or find_spec("xllamacpp") is None:
        return None
    return Drawing(
        config,
        tokenizer,
        file,
        group=max(plan.group_size, plan.eval_samples),
        max_tokens=plan.max_tokens,
        temperature=plan.temperature,
        threads=plan.threads,
    )


class Drawing:
    """Draws answers to tokenised prompts. `file`: where the weights are written; `group`: the
    largest number of answers to one prompt."""

    def __init__(
        self,
        config: Any,
        tokenizer: Any,
        file: Path,
        *,
        group: int,
        max_tokens: int,
        temperature: float,
        threads: int | None = None,
    ) -> None:
        self._weights = WeightsFile(config, tokenizer, file)
        self._slots = max(group, MOST_SLOTS)
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._servers = threads or cores()
        self._context = 0
        self._stack = ExitStack()
        self._urls: list[str] = []

    def close(self) -> None:
        """Stop the servers and remove the file."""
        self._shut_down()
        self._weights.remove()

    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        """Draw with these weights from now on; names as transformers'."""
        self._shut_down()
        self._weights.write({name: tensor.numpy() for name, tensor in state.items()})

    def draw(self, prompts: list[list[int]], seed: int) -> list[list[int]]:
        """The tokens of one answer per prompt, with the token that ends it, if it ended.

        Equal prompts that follow one another are read once.
        """
        groups = [(ids, len(list(same))) for ids, same in itertools.groupby(prompts)]
        self._serve(max(map(len, prompts)) + self._max_tokens)
        side_by_side = max(1, self._slots // max(count for _, count in groups))
        free: SimpleQueue[str] = SimpleQueue()
        for url in self._urls * side_by_side:
            free.put(url)

        def answers(number: int, group: tuple[list[int], int]) -> list[list[int]]:
            url = free.get()
            try:
                return self._ask(client, url, *group, seed + number)
            finally:
                free.put(url)

        with (
            httpx2.Client(trust_env=False, timeout=None) as client,
            ThreadPoolExecutor(len(self._urls) * side_by_side) as pool,
        ):
            drawn = list(pool.map(answers, itertools.count(), groups))
        return [answer for answers in drawn for answer in answers]

    def _ask(
        self, client: httpx2.Client, url: str, ids: list[int], count: int, seed: int
    ) -> list[list[int]]:
        body = {
            "prompt": ids,
            "n_cmpl": count,
            "n_predict": self._max_tokens,
            "temperature": self._temperature,
            "samplers": ["temperature"],  # llama.cpp's other samplers cut the distribution
            "seed": seed % 2**31,
            "return_tokens": True,
            "cache_prompt": False,
        }
        reply = client.post(f"{url.removesuffix('/v1')}/completion", json=body)
        data = reply.json()
        if reply.status_code != 200:
            raise OutsideError(f"llama.cpp refused to draw answers: {str(data)[:300]}.")
        answers = data if isinstance(data, list) else [data]
        return [answer["tokens"] for answer in answers]

    def _serve(self, context: int) -> None:
        """Start the servers, unless they run and have room for prompts and answers so long."""
        if self._urls and context <= self._context:
            return
        self._shut_down()
        self._context = max(context, self._context)
        size = self._weights.path.stat().st_size
        plan = plan_servers(size, items=self._servers, most=self._servers)
        plan = replace(plan, slots=self._slots)
        servers = serve_plan(self._weights.path, "step", plan, context_tokens=self._context)
        self._urls = self._stack.enter_context(servers)

    def _shut_down(self) -> None:
        self._urls = []
        self._stack.close()
