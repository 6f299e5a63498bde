"""How large a job is going to be, before it is sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rft.config import Settings, Train
from rft.forecast import tokens_per_answer
from rft.jobs.hyper import Method
from rft.records import Record

CHARS_PER_TOKEN = 3.5
"""As in the data checks: a rough figure for English with code and numbers."""


@dataclass(frozen=True)
class JobEstimate:
    """Size and price of a training job."""

    rows: int
    epochs: int
    rollouts: int
    """Answers drawn while training, validation not counted; 0 for a supervised job."""
    tokens: int
    """Prompt and answer, over all epochs and rollouts."""
    source: str
    """Where the tokens per answer come from."""
    assumed: tuple[str, ...]
    price: Train

    @property
    def usd(self) -> float | None:
        """Price of the tokens, if one is named."""
        rate = self.price.usd_per_million_tokens
        return None if rate is None else self.tokens / 1e6 * rate

    def lines(self) -> list[str]:
        """For people, a line each."""
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        drawn = f", {self.rollouts:,} answers" if self.rollouts else ""
        lines = [
            f"about {self.rows:,} rows x {epochs}{drawn}, {self.tokens:,} tokens ({self.source})",
            *(f"assumed: {assumption}" for assumption in self.assumed),
        ]
        rate, hour = self.price.usd_per_million_tokens, self.price.usd_per_hour
        if self.usd is not None:
            lines.append(f"price: about ${self.usd:,.2f}, at ${rate:g} a million tokens")
        if hour is not None:
            lines.append(f"price: ${hour:g} for each hour of training")
        if rate is None and hour is None:
            lines.append(
                "price: unknown; add usd_per_million_tokens or usd_per_hour to [train] of rft.toml"
            )
        return lines


def estimate(
    method: Method,
    rows: Sequence[Mapping[str, Any]],
    golds: Sequence[str],
    hyperparameters: Mapping[str, Any],
    records: Sequence[Record],
    run: str,
    settings: Settings,
) -> JobEstimate:
    """Rollouts and tokens of a job over `rows` (each with "messages").

    `records` are those of the evaluation `run` if there is one: its answers say how long prompts
    and answers are. Else both are counted in characters, an answer like its gold answer.
    """
    assumed = []
    epochs = hyperparameters.get("n_epochs", "auto")
    if not isinstance(epochs, int):
        epochs = 1
        assumed.append("1 epoch, the vendor chooses")
    rollouts, group = 0, settings.ready.group_size  # the contract leaves it to the vendor
    multiplier = hyperparameters.get("compute_multiplier", 1)
    if method == "reinforcement":
        scale = multiplier if isinstance(multiplier, int | float) else 1
        rollouts = round(len(rows) * epochs * group * scale)
        assumed.append(
            f"{group} answers per row and epoch (ready.group_size), times compute_multiplier"
        )
    use = tokens_per_answer(records)
    measured = math.isfinite(use.prompt.value + use.answer.value)
    if measured:
        prompt, answer = use.prompt.value, use.answer.value
        source = f"tokens of {run}"
    else:
        texts = [sum(len(str(m.get("content"))) for m in row["messages"]) for row in rows]
        prompt = sum(texts) / max(1, len(texts)) / CHARS_PER_TOKEN
        answer = 0.0
        source = f"counted at {CHARS_PER_TOKEN:g} characters a token; rft eval measures it"
    if method == "supervised" or not measured:
        answer = sum(map(len, golds)) / max(1, len(golds)) / CHARS_PER_TOKEN
    tokens = round((prompt + answer) * (rollouts or len(rows) * epochs))
    return JobEstimate(len(rows), epochs, rollouts, tokens, source, tuple(assumed), settings.train)
