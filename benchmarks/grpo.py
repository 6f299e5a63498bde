"""One GRPO step of the embedded model: prompts computed once per group, compared with plain TRL.

    python benchmarks/grpo.py [--rows 4] [--group 8] [--tokens 48]

Needs a Python with the project's extras `local` and `train`. Both sides are methods of one trainer:
GRPOTrainer's own, and ours that override them. Prints Markdown. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rft.config import EMBEDDED_MODEL
from rft.local.model import gguf_path
from rft.local.plan import make_plan

ROOT = Path(__file__).parents[1]

STARTER = ROOT / "templates/code-gen/task/starter/train.jsonl"


class Length:
    """A reward that TRL can call; it is not called here."""

    __name__ = "length"

    def __call__(self, completions: list[Any], **_: Any) -> list[float]:
        """A reward for each answer."""
        return [float(len(str(answer))) for answer in completions]


def trainer(rows: list[dict[str, Any]], group: int, tokens: int, output: Path) -> Any:
    """Return a LoRA trainer for the embedded model."""
    from rft.local.train import grpo, weights

    model, tokenizer = weights.load(gguf_path(EMBEDDED_MODEL, Path()), "cpu")
    hyper = {"batch_size": len(rows)}
    body = {"method": {"type": "reinforcement", "reinforcement": {"hyperparameters": hyper}}}
    plan = make_plan(body, len(rows))
    plan = replace(plan, group_size=group, max_tokens=tokens, micro_batch=len(rows) * group)
    reward: Any = Length()
    return grpo.make_trainer(plan, model, tokenizer, rows, [], output, reward, fresh=False)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result; the faster of two."""
    found = []
    for _ in range(2):
        began = time.perf_counter()
        result = work()
        found.append(time.perf_counter() - began)
    return min(found), result


def main(count: int, group: int, tokens: int) -> None:
    """Measure and print."""
    import torch
    from trl import GRPOTrainer

    rows = [json.loads(line) for line in STARTER.open(encoding="utf-8")][:count]
    with tempfile.TemporaryDirectory() as folder:
        made = trainer(rows, group, tokens, Path(folder))
    made.generation_config.min_new_tokens = tokens  # the same amount of work on both sides
    encode = made.processing_class.apply_chat_template
    chats = [encode(row["messages"], add_generation_prompt=True)["input_ids"] for row in rows]
    prompts = [chat for chat in chats for _ in range(group)]
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    both = torch.cat([ids, torch.randint(5, 40_000, (len(ids), tokens))], 1)
    masks = torch.cat([mask, torch.ones(len(ids), tokens, dtype=torch.long)], 1)

    def learn(owner: Any) -> Any:
        made.model.zero_grad()
        told = owner._get_per_token_logps_and_entropies(
            made, made.model, both, masks, tokens, compute_entropy=True
        )
        told[0].mean().backward()
        return told[0].mean().item()

    def draw(owner: Any) -> Any:
        return owner._generate_single_turn(made, prompts, None, {}, group)

    sides = {"plain TRL": GRPOTrainer, "prompts computed once": type(made)}
    drawn = {name: timed(partial(draw, owner))[0] for name, owner in sides.items()}
    step = {name: timed(partial(learn, owner)) for name, owner in sides.items()}
    assert abs(step["plain TRL"][1] - step["prompts computed once"][1]) < 1e-3
    print(f"{count} rows x {group} answers, prompts of {width} tokens, {tokens} tokens of answer\n")
    print("| | drawing s | ratio | loss and gradient s | ratio |\n|---|---|---|---|---|")
    base = drawn["plain TRL"], step["plain TRL"][0]
    for name in sides:
        a, b = drawn[name], step[name][0]
        print(f"| {name} | {a:.1f} | {a / base[0]:.2f} | {b:.1f} | {b / base[1]:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=48)
    given = parser.parse_args()
    main(given.rows, given.group, given.tokens)
