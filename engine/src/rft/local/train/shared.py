"""GRPO that reads each prompt once, however many answers to it are drawn and learned from.

TRL computes the prompt anew for every answer of a group, and pads all answers to the longest. Here
the prompt's keys and values are computed once and repeated to draw the answers. For the gradient
the answers stand one after another behind their prompt. The loss and its gradient are those of TRL
up to rounding (tests/test_training_shared.py).
"""

from __future__ import annotations

from dataclasses import dataclass
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
            packed = pack(ids, attention_mask[start : start + size], logits_to_keep)
            with self.accelerator.autocast():
                output = model(
                    input_ids=packed.ids,
                    attention_mask=packed.mask,
                    position_ids=packed.positions,
                    use_cache=False,
                    logits_to_keep=packed.kept,
                )
            logits = output.logits.float() / self.temperature
            at = (packed.rows[:, None], packed.columns)
            picked = logits[(*at, ids[:, -logits_to_keep:])]
            logps.append(picked - logits.logsumexp(-1)[at])
            if compute_entropy:
                learned = self.args.entropy_coef != 0 and torch.is_grad_enabled()
                with torch.set_grad_enabled(learned):
                    entropies.append(_entropy(logits)[at])
        return torch.cat(logps), torch.cat(entropies) if compute_entropy else None, None


@dataclass(frozen=True)
class Packed:
    """Answers behind their prompts: one row for each different prompt, with all answers to it one
    after another. An answer sees the prompt and itself; its positions follow the prompt's."""

    ids: torch.Tensor
    """(prompts, tokens): the prompt, padded on the left, and its answers."""
    mask: torch.Tensor
    """(prompts, 1, tokens, tokens): whether the token of the row sees that of the column."""
    positions: torch.Tensor
    """(prompts, tokens)"""
    kept: int
    """The last columns, for which logits are needed."""
    rows: torch.Tensor
    """(answers,): the row that holds the answer."""
    columns: torch.Tensor
    """(answers, length): which of the columns kept predicts the token; 0 for padding."""


def pack(ids: torch.Tensor, mask: torch.Tensor, length: int) -> Packed:
    """Pack answers of `length` tokens, padded on the right; prompts are padded on the left.

    `ids` and `mask`: (answers, tokens), each with its prompt.
    """
    cut = ids.size(1) - length
    prompts, prompt_mask, rows = _different(ids[:, :cut], mask[:, :cut])
    lengths = mask[:, cut:].sum(1).tolist()
    ends = [cut] * len(prompts)
    starts = []
    for row, tokens in zip(rows.tolist(), lengths, strict=True):
        starts.append(ends[row])
        ends[row] += tokens
    shape = (len(prompts), max(ends))
    owner = ids.new_full(shape, -1)  # the number of the answer; -1: padding, -2: the prompt
    packed, positions = ids.new_zeros(shape), ids.new_zeros(shape)
    packed[:, :cut], positions[:, :cut] = prompts, _positions(prompt_mask)
    owner[:, :cut] = torch.where(prompt_mask > 0, -2, -1)
    columns = ids.new_zeros(len(ids), length)
    steps = torch.arange(length, device=ids.device)
    for n, (row, start, tokens) in enumerate(zip(rows.tolist(), starts, lengths, strict=True)):
        place = slice(start, start + tokens)
        packed[row, place] = ids[n, cut : cut + tokens]
        positions[row, place] = positions[row, cut - 1] + 1 + steps[:tokens]
        owner[row, place] = n
        columns[n, 1:tokens] = start - cut + steps[1:tokens]  # column 0 is the prompt's last token
    asking, asked = owner[:, :, None], owner[:, None, :]
    seen = ((asked == asking) | (asked == -2)).tril()  # padding sees padding, for no row is empty
    return Packed(packed, seen[:, None], positions, shape[1] - cut + 1, rows, columns)


def prompt_cache(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> DynamicCache:
    """Keys and values of all but the last token of each prompt, equal prompts computed once.

    `ids` and `mask`: (prompts, tokens), padded on the left.
    """
    ids, mask, places = _different(ids, mask)
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


def _different(
    ids: torch.Tensor, mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Each different prompt once, its mask, and where each of the prompts given stands there."""
    both, places = torch.unique(torch.stack([ids, mask], 1), dim=0, return_inverse=True)
    return both[:, 0], both[:, 1], places


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
