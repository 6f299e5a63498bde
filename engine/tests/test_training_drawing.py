"""llama.cpp draws what transformers would draw, with the weights it was given last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service_fixtures import below_best, tiny_llama

for package in ("torch", "transformers", "trl", "peft", "datasets", "gguf", "xllamacpp"):
    pytest.importorskip(package, reason="needs the packages of the extras local and train")
pytestmark = pytest.mark.slow

LENGTH = 6


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    """A tiny random llama and its tokenizer."""
    return tiny_llama()


@pytest.fixture
def drawing(tiny: tuple[Any, Any], tmp_path: Path) -> Iterator[Any]:
    """Draws the most likely answers of the tiny model."""
    from rft.local.train.drawing import Drawing

    model, tokenizer = tiny
    file = tmp_path / "step.gguf"
    drawn = Drawing(model.config, tokenizer, file, group=2, max_tokens=LENGTH, temperature=0)
    drawn.load(model.state_dict())
    yield drawn
    drawn.close()
    assert not file.exists()


def prompts(tokenizer: Any) -> list[list[int]]:
    """Prompts of different lengths, each twice."""
    texts = ["short", "a prompt that is somewhat longer", "another"]
    return [tokenizer(text)["input_ids"] for text in texts for _ in range(2)]


def test_answers_are_those_of_transformers(tiny: tuple[Any, Any], drawing: Any) -> None:
    model, tokenizer = tiny
    given = prompts(tokenizer)
    answers = drawing.draw(given, seed=1)
    assert all(len(answer) == LENGTH for answer in answers)
    assert max(map(below_best, [model] * len(given), given, answers)) < 0.05  # 8-bit weights


def test_new_weights_replace_the_old_ones(tiny: tuple[Any, Any], drawing: Any) -> None:
    import torch

    model, tokenizer = tiny
    given = prompts(tokenizer)
    before = drawing.draw(given, seed=1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(torch.randn_like(weight).abs())
    drawing.load(model.state_dict())
    after = drawing.draw(given, seed=1)
    assert max(map(below_best, [model] * len(given), given, after)) < 0.05
    assert max(map(below_best, [model] * len(given), given, before)) > 0.5


def test_a_longer_prompt_than_any_before_has_room(tiny: tuple[Any, Any], drawing: Any) -> None:
    model, tokenizer = tiny
    drawing.draw([tokenizer("short")["input_ids"]], seed=1)
    ids = tokenizer("many words " * 60)["input_ids"]
    assert below_best(model, ids, *drawing.draw([ids], seed=1)) < 0.05


def test_a_served_model_draws_from_its_whole_distribution(
    tiny: tuple[Any, Any], tmp_path: Path
) -> None:
    import httpx2

    from rft.local.server import serve
    from rft.local.train.gguf_file import WeightsFile

    model, tokenizer = tiny
    file = WeightsFile(model.config, tokenizer, tmp_path / "tiny.gguf")
    file.write({name: tensor.numpy() for name, tensor in model.state_dict().items()})
    with serve(file.path, "tiny", slots=1, context_tokens=64, threads=1) as url:
        props = httpx2.get(f"{url.removesuffix('/v1')}/props", trust_env=False).json()
    drawn = props["default_generation_settings"]["params"]
    assert [drawn[name] for name in ("top_k", "top_p", "min_p")] == [0, 1, 0]


@pytest.mark.parametrize("batches", [1, 2, 3, 4])
def test_groups_without_variance_cost_no_gradient(batches: int) -> None:
    import torch

    from rft.local.train.grpo import _without

    mask = torch.ones(6, 5, dtype=torch.long)
    output = {"advantages": torch.arange(6.0) + 1, "completion_mask": mask}
    left = _without(output, [0, 2], 2, batches)
    assert len(left["advantages"]) == -(-2 // batches) * batches
    assert left["advantages"].tolist()[:2] == [3, 4]
    assert left["num_items_in_batch"] == left["completion_mask"].sum() == 10
    assert not left["advantages"][2:].any()
