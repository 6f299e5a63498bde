"""What a training job will use, from what the answers of a run used: tokens, and money."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rft import display
from rft.records import Record
from rft.stats import Estimate, mean_interval
from rft.thresholds import Price, Ready

NOTHING = Estimate(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class TokenUse:
    """Tokens of one answer, or of many; nan where the endpoint reported no counts."""

    prompt: Estimate
    answer: Estimate
    judge: Estimate
    """0 when no judge is asked."""

    def times(self, answers: int) -> TokenUse:
        """The tokens of so many answers."""
        return TokenUse(*(_times(one, answers) for one in (self.prompt, self.answer, self.judge)))

    def cost(self, price: Price) -> Estimate:
        """What they cost, in the currency of the price."""
        parts = [
            (self.prompt, price.prompt),
            (self.answer, price.answer),
            (self.judge, price.judge),
        ]
        value, low, high = (
            sum(getattr(tokens, end) * rate / 1e6 for tokens, rate in parts if rate)
            for end in ("value", "low", "high")
        )
        return Estimate(value, low, high)


def tokens_per_answer(records: Iterable[Record]) -> TokenUse:
    """Mean tokens of an answer of a run, with intervals over items."""
    used: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if not record.sample:
            continue
        for name in ("prompt_tokens", "completion_tokens"):
            if name in record.sample.usage:
                used[name][record.item_id].append(record.sample.usage[name])
        counts = record.grade.judge_tokens.values() if record.grade else ()
        judge = sum(c.get("prompt_tokens", 0) + c.get("completion_tokens", 0) for c in counts)
        used["judge"][record.item_id].append(judge)
    return TokenUse(
        _per_answer(used["prompt_tokens"]),
        _per_answer(used["completion_tokens"]),
        _per_answer(used["judge"]) if used["judge"] else NOTHING,
    )


@dataclass(frozen=True)
class Forecast:
    """Of one job: rows x group size x epochs answers, each with the tokens measured on this run."""

    rows: int
    group_size: int
    epochs: int
    answers: int
    prompt_tokens: Estimate
    """Of all answers; nan when the endpoint reported no token counts."""
    answer_tokens: Estimate
    most_answer_tokens: int
    """If training drives every answer to max_tokens, or to the longest answer of this run where the
    endpoint ignores that limit."""
    judge_tokens: Estimate
    """0 when no judge is asked."""
    costs: dict[str, Estimate]
    """By the name of each table [ready.prices.NAME], in its currency."""

    def lines(self) -> list[str]:
        """For people, a line each; none without training rows."""
        if not self.answers:
            return []
        judge = f", judge {display.millions(self.judge_tokens)}" if self.judge_tokens.high else ""
        lines = [
            f"job: {self.rows:,} rows x {self.group_size} answers x {self.epochs} epochs = "
            f"{self.answers:,} answers",
            f"tokens: prompts {display.millions(self.prompt_tokens)}{judge}",
            f"tokens: answers {display.millions(self.answer_tokens)}, at most "
            f"{self.most_answer_tokens / 1e6:,.2f} M",
        ]
        if not self.costs:
            lines.append("in money: unknown, [ready.prices.NAME] in rft.toml holds no prices")
        return lines + [f"{name}: {display.money(cost)}" for name, cost in self.costs.items()]


def forecast(records: Iterable[Record], ready: Ready, rows: int, max_tokens: int) -> Forecast:
    """Multiply what an answer of this run took by the answers of the job.

    What a vendor charges for the training itself (OpenAI: per hour) is in no token count.
    """
    records = list(records)
    lengths = (r.sample.usage.get("completion_tokens", 0) for r in records if r.sample)
    total = rows * ready.group_size * ready.epochs
    use = tokens_per_answer(records).times(total)
    return Forecast(
        rows,
        ready.group_size,
        ready.epochs,
        total,
        use.prompt,
        use.answer,
        total * max(max_tokens, max(lengths, default=0)),
        use.judge,
        {name: use.cost(price) for name, price in ready.prices.items()},
    )


def _per_answer(by_item: dict[str, list[float]]) -> Estimate:
    means = [float(np.mean(counts)) for counts in by_item.values()]
    if not means:
        return Estimate(math.nan, 0.0, math.nan)
    if max(means) <= 0:
        return NOTHING
    return mean_interval(means, bounds=(0.0, 2 * max(means)))


def _times(one: Estimate, answers: int) -> Estimate:
    return Estimate(answers * one.value, answers * one.low, answers * one.high)
