"""Reading each prompt once gives the answers, log-probabilities and gradients that TRL gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.service_fixtures import tiny_llama

for package in ("torch", "transformers", "trl", "peft", "datasets", "gguf"):
    pytest.importorskip(package, reason="needs the packages of the train extra")
pytestmark = pytest.mark.slow

LENGTH = 5


class Length:
    """A reward that TRL can call."""

    __name__ = "length"

    def __call__(self, completions: list[Any], **_: Any) -> list[float]:
        return [float(len(str(c))) for c in completions]


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A trainer of a tiny random llama with LoRA whose weights are not zero."""
    import torch

    from rft.local.plan import make_plan
    from rft.local.train import grpo

    model, tokenizer = tiny_llama()
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    hyper = {"batch_size": 2, "n_epochs": 1}
    body = {"method": {"type": "reinforcement", "reinforcement": {"hyperparameters": hyper}}}
    plan = replace(make_plan(body, 2), group_size=4, micro_batch=8, max_tokens=LENGTH)
    plan = replace(plan, temperature=0.7)
    rows = [{"messages": [{"role": "user", "content": text}]} for text in ("a?", "longer words?")]
    output = tmp_path_factory.mktemp("shared")
    reward: Any = Length()
    made = grpo.make_trainer(plan, model, tokenizer, rows, [], output, reward, fresh=False)
    for name, weight in made.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    return made


def test_the_methods_that_are_overridden_are_still_trls() -> None:
    from trl import GRPOTrainer

    from rft.local.train.grpo import GroupTrainer
    from rft.local.train.shared import SharedPromptTrainer

    private = {
        name
        for owner in (GroupTrainer, SharedPromptTrainer)
        for name in vars(owner)
        if name.startswith("_generate") or name.startswith("_get_")
    }
    assert len(private) == 3
    assert private <= set(vars(GRPOTrainer))


def prompts(trainer: Any) -> list[list[int]]:
    """Two prompts of different length, four times each, mixed as a shuffled batch is."""
    texts = ["short", "a prompt that is somewhat longer"] * 4
    return [trainer.processing_class(text)["input_ids"] for text in texts]


def test_answers_are_those_of_trl(trainer: Any) -> None:
    from trl import GRPOTrainer

    trainer.generation_config.do_sample = False
    given = prompts(trainer)
    mine, _ = trainer._generate_single_turn(given, None, {}, 4)
    theirs, _ = GRPOTrainer._generate_single_turn(trainer, given, None, {}, 4)
    assert mine == theirs


def test_log_probabilities_entropies_and_gradients_are_those_of_trl(trainer: Any) -> None:
    import torch
    from trl import GRPOTrainer

    ids = [torch.tensor(p) for p in prompts(trainer)]
    width = max(len(p) for p in ids)
    padded = torch.stack([torch.nn.functional.pad(p, (width - len(p), 0), value=2) for p in ids])
    mask = torch.stack(
        [torch.nn.functional.pad(torch.ones_like(p), (width - len(p), 0)) for p in ids]
    )
    answers = torch.randint(
        3, 49152, (len(ids), LENGTH), generator=torch.Generator().manual_seed(1)
    )
    lengths = torch.arange(LENGTH)[None] < torch.tensor([[5], [3], [1], [5], [2], [4], [5], [5]])
    both = torch.cat([padded, answers], 1), torch.cat([mask, lengths.long()], 1)
    found = []
    for owner in (type(trainer), GRPOTrainer):
        trainer.model.zero_grad()
        logps, entropies, _ = owner._get_per_token_logps_and_entropies(
            trainer, trainer.model, *both, LENGTH, compute_entropy=True
        )
        (logps * lengths).sum().backward()
        grads = [p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]
        found.append(((logps * lengths).detach(), (entropies * lengths).detach(), torch.cat(grads)))
    for mine, theirs in zip(*found, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-4, atol=1e-4)
    assert found[0][2].abs().max() > 0.01
