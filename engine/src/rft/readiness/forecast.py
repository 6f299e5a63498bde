"""What the planned job will use: answers, tokens, and money where prices are known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from rft.readiness.answers import Answers
from rft.stats import Estimate, mean_interval
from rft.thresholds import Price, Ready


@dataclass(frozen=True)
class Forecast:
    """Of one job: rows x group size x epochs answers. Tokens as measured on this run."""

    rows: int
    group_size: int
    epochs: int
    answers: int
    prompt_tokens: Estimate
    """Of all answers; nan when the endpoint told no token counts."""
    answer_tokens: Estimate
    most_answer_tokens: int
    """If training drives every answer to max_tokens."""
    judge_tokens: Estimate
    """0 when no judge is asked."""
    costs: dict[str, Estimate]
    """By the name of each table [ready.prices.NAME], in its currency."""


def forecast(answers: Answers, ready: Ready, rows: int, max_tokens: int) -> Forecast:
    """Multiply what an answer of this run took by the answers of the job.

    What a vendor asks for the training itself (OpenAI: per hour) is in no token count.
    """
    total = rows * ready.group_size * ready.epochs
    used: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in answers.graded:
        if not record.sample or not record.grade:
            continue
        for name in ("prompt_tokens", "completion_tokens"):
            if name in record.sample.usage:
                used[name][record.item_id].append(record.sample.usage[name])
        judge = sum(_sum(t) for t in record.grade.judge_tokens.values())
        used["judge"][record.item_id].append(judge)
    per = {name: _per_answer(used[name], total) for name in (*used, "prompt_tokens")}
    prompt, told = per["prompt_tokens"], per.get("completion_tokens", per["prompt_tokens"])
    judged = per.get("judge", Estimate(0.0, 0.0, 0.0))

    def cost(price: Price) -> Estimate:
        paid = [(prompt, price.prompt), (told, price.answer), (judged, price.judge)]
        low, value, high = (
            sum(getattr(tokens, end) * one / 1e6 for tokens, one in paid if one)
            for end in ("low", "value", "high")
        )
        return Estimate(value, low, high)

    return Forecast(
        rows,
        ready.group_size,
        ready.epochs,
        total,
        prompt,
        told,
        total * max_tokens,
        judged,
        {name: cost(price) for name, price in ready.prices.items()},
    )


def _sum(tokens: dict[str, int]) -> int:
    return tokens.get("prompt_tokens", 0) + tokens.get("completion_tokens", 0)


def _per_answer(by_item: dict[str, list[float]], total: int) -> Estimate:
    """Mean over items with its interval, times the answers of the job."""
    means = [float(np.mean(v)) for v in by_item.values()]
    if not means:
        return Estimate(float("nan"), 0.0, float("nan"))
    if max(means) <= 0:
        return Estimate(0.0, 0.0, 0.0)
    one = mean_interval(means, bounds=(0.0, 2 * max(means)))
    return Estimate(total * one.value, total * one.low, total * one.high)
