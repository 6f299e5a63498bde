"""How large a job is going to be, before it is sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
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
    """Answers sampled in training, without validation; 0 for a supervised job."""
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
        """The estimate for people, line by line."""
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        sampled = f", {self.rollouts:,} answers" if self.rollouts else ""
        rate, hour = self.price.usd_per_million_tokens, self.price.usd_per_hour
        prices = []
        if self.usd is not None:
            prices.append(f"about ${self.usd:,.2f}, at ${rate:g} a million tokens")
        if hour is not None:
            prices.append(f"${hour:g} for each hour of training")
        unknown = "unknown; add usd_per_million_tokens or usd_per_hour to [train] of rft.toml"
        return [
            f"about {self.rows:,} rows x {epochs}{sampled}, {self.tokens:,} tokens ({self.source})",
            *(f"assumed: {assumption}" for assumption in self.assumed),
            *(f"price: {price}" for price in prices or [unknown]),
        ]


def estimate(
    method: Method,
    rows: Sequence[Mapping[str, Any]],
    references: Sequence[str],
    hyperparameters: Mapping[str, Any],
    records: Sequence[Record],
    run: str,
    settings: Settings,
) -> JobEstimate:
    """Rollouts and tokens of a job over `rows` (each with "messages").

    `records` are those of the evaluation `run` if there is one: they tell how long prompts and
    answers are. Otherwise both are counted in characters, an answer like its reference answer.
    Epochs that are not set are those of the forecast of `rft ready`.
    """
    assumed = []
    epochs = hyperparameters.get("n_epochs", "auto")
    if epochs == "auto":
        epochs = settings.ready.epochs
        assumed.append("epochs as in ready.epochs; n_epochs is not set, so the vendor chooses")
    rollouts, group = 0, settings.ready.group_size
    if method == "reinforcement":
        scale = hyperparameters.get("compute_multiplier", "auto")
        rollouts = round(len(rows) * epochs * group * (1 if scale == "auto" else scale))
        assumed.append(
            f"{group} answers per row and epoch (ready.group_size), times compute_multiplier"
        )
    use = tokens_per_answer(records)
    prompt, answer = use.prompt.value, use.answer.value
    source = f"tokens of {run}"
    measured = math.isfinite(prompt + answer)
    if not measured:
        texts = [sum(len(str(m.get("content"))) for m in row["messages"]) for row in rows]
        prompt = fmean(texts or [0]) / CHARS_PER_TOKEN
        source = f"counted at {CHARS_PER_TOKEN:g} characters a token; rft eval measures it"
    if method == "supervised" or not measured:
        answer = fmean(map(len, references or [""])) / CHARS_PER_TOKEN
    tokens = round((prompt + answer) * (rollouts or len(rows) * epochs))
    return JobEstimate(len(rows), epochs, rollouts, tokens, source, tuple(assumed), settings.train)
