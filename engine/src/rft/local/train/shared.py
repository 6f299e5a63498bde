"""GRPO that reads each prompt once, however many answers to it are drawn and learned from.

TRL computes the prompt anew for every answer of a group. Here the prompt's keys and values are
computed once and repeated for the answers; gradients flow back through them, so the loss and its
gradient are those of TRL up to rounding (tests/test_training_shared.py).
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache
from trl import GRPOTrainer
from trl.models.utils import unwrap_model_for_generation
from trl.trainer.utils import pad


class SharedPromptTrainer(GRPOTrainer):  # type: ignore[misc]
    """GRPOTrainer for texts alone, on one device, with plain attention caches."""

    def _generate_single_turn(
        self, prompt_ids: list[list[int]], *_: Any, **__: Any
    ) -> tuple[list[list[int]], None]:
        tensors = [torch.tensor(ids) for ids in prompt_ids]
        padding = self.processing_class.pad_token_id
        device = self.accelerator.device
        ids = pad(tensors, padding_value=padding, padding_side="left").to(device)
        mask = pad([torch.ones_like(t) for t in tensors], padding_value=0, padding_side="left")
        mask = mask.to(device)
        kwargs = self.generation_kwargs
        with (
            torch.no_grad(),
            unwrap_model_for_generation(
                self.model_wrapped, self.accelerator, generation_kwargs=kwargs
            ) as model,
        ):
            drawn = model.generate(
                input_ids=ids,
                attention_mask=mask,
                cache=prompt_cache(model, ids, mask),
                generation_config=self.generation_config,
            )
        return [_until_end(answer, self.eos_token_ids) for answer in drawn[:, ids.size(1) :]], None

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        **_: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, None]:
        logps, entropies = [], []
        size = batch_size or len(input_ids)
        for start in range(0, len(input_ids), size):
            ids = input_ids[start : start + size]
            mask = attention_mask[start : start + size]
            logits = self._answer_logits(model, ids, mask, logits_to_keep)
            picked = logits.gather(-1, ids[:, -logits_to_keep:, None]).squeeze(-1)
            logps.append(picked - logits.logsumexp(-1))
            if compute_entropy:
                learned = self.args.entropy_coef != 0 and torch.is_grad_enabled()
                with torch.set_grad_enabled(learned):
                    entropies.append(_entropy(logits))
        return torch.cat(logps), torch.cat(entropies) if compute_entropy else None, None

    def _answer_logits(
        self, model: Any, ids: torch.Tensor, mask: torch.Tensor, length: int
    ) -> torch.Tensor:
        """Logits that predict the last `length` tokens: (answers, length, vocabulary)."""
        cut = ids.size(1) - length
        with self.accelerator.autocast():
            cache = prompt_cache(model, ids[:, :cut], mask[:, :cut])
            logits = model(
                input_ids=ids[:, cut - 1 : -1],
                attention_mask=mask[:, :-1],
                position_ids=_positions(mask)[:, cut - 1 : -1],
                cache=cache,
                use_cache=True,
            ).logits
        return torch.as_tensor(logits.float() / self.temperature)


def prompt_cache(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> DynamicCache:
    """Keys and values of all but the last token of each prompt, equal prompts computed once.

    `ids` and `mask`: (prompts, tokens), padded on the left.
    """
    both, places = torch.unique(torch.stack([ids, mask], 1), dim=0, return_inverse=True)
    ids, mask = both[:, 0], both[:, 1]
    cache = DynamicCache(config=model.config)
    model(
        input_ids=ids[:, :-1],
        attention_mask=mask[:, :-1],
        position_ids=_positions(mask)[:, :-1],
        cache=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    cache.batch_select_indices(places)
    return cache


def _positions(mask: torch.Tensor) -> torch.Tensor:
    return (mask.cumsum(1) - 1).clamp(min=0)


def _entropy(logits: torch.Tensor) -> torch.Tensor:
    """Entropy in nats at each position; a row at a time, since a vocabulary is large."""
    rows = [torch.distributions.Categorical(logits=row).entropy() for row in logits]
    return torch.stack(rows)


def _until_end(answer: torch.Tensor, ends: list[int]) -> list[int]:
    """The tokens up to the first that ends the answer, with it."""
    tokens: list[int] = answer.tolist()
    stop = next((n for n, token in enumerate(tokens) if token in ends), len(tokens))
    return tokens[: stop + 1]
