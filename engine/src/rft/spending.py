"""What a run costs: said before it starts, counted while it runs, stopped at the cap.

The prices are those of the table [ready.prices.NAME] that `sampling.price` names.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rft.display import duration
from rft.errors import LimitReachedError
from rft.runs import all_runs

if TYPE_CHECKING:
    from pathlib import Path

    from rft.config import Settings
    from rft.records import Record, Sample
    from rft.runs import Run
    from rft.thresholds import Price

CHARS_PER_TOKEN = 4
"""Where an endpoint reports no counts, and of prompts that have not been sent yet."""
ENOUGH = 200
"""So many earlier answers tell how long and slow the next ones are."""
LONG_S = 600
"""A run that takes longer is announced, whatever it costs."""


def mean_prompt_tokens(rows: Mapping[str, Mapping[str, Any]]) -> float:
    """About how many tokens the messages of a row are."""
    chars = sum(len(m["content"]) for row in rows.values() for m in row["messages"])
    return chars / CHARS_PER_TOKEN / max(len(rows), 1)


def cost(price: Price, prompt: float, answer: float, judge: float = 0.0) -> float:
    """The price of so many tokens."""
    return (prompt * price.prompt + answer * price.answer + judge * price.judge) / 1e6


def sample_cost(sample: Sample, price: Price, prompt: float) -> float:
    """What one answer cost; `prompt`: tokens of its prompt where the endpoint did not count."""
    text = len(sample.output_text) + len(sample.reasoning or "")
    return cost(
        price,
        sample.usage.get("prompt_tokens", prompt),
        sample.usage.get("completion_tokens", text // CHARS_PER_TOKEN),
    )


def judge_cost(record: Record, price: Price) -> float:
    """What the judge of one answer cost."""
    counts = record.grade.judge_tokens.values() if record.grade else ()
    return cost(price, 0, 0, sum(sum(used.values()) for used in counts))


class RunLimits:
    """What rft.toml lets a run take: money in its whole life, seconds in this process.

    The methods raise LimitReachedError at a limit. The answers in flight are counted in, each at
    what one has cost so far, so that they do not exceed the cap.
    """

    def __init__(
        self,
        settings: Settings,
        run: Run,
        rows: Mapping[str, Mapping[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sampling, self._price = settings.sampling, settings.price
        self._kept = f"the answers so far are kept in {settings.project.runs / run.folder.name}"
        self._prompt, self._clock = mean_prompt_tokens(rows), clock
        self._begun = clock()
        self.spent, self.answers = 0.0, 0
        if self._price and self._sampling.spending_cap:
            for record in run.stream():
                self._add(record.sample, record)
        self.check()

    def note_sample(self, sample: Sample) -> None:
        """Count an answer that has arrived."""
        self._add(sample)
        self.check()

    def note_judge(self, record: Record) -> None:
        """Count what grading an answer took."""
        self._add(record=record)

    def check(self) -> None:
        """Say whether a further answer may be requested."""
        cap, seconds = self._sampling.spending_cap, self._sampling.run_timeout_s
        in_flight = self._sampling.concurrency * self.spent / max(self.answers, 1)
        if cap is not None and self.spent and self.spent + in_flight >= cap:
            raise LimitReachedError(
                f"stopped at the spending cap: about {self.spent:,.4g} of sampling.spending_cap = "
                f"{cap:g} are spent; {self._kept}; raise the cap, then run the same command again."
            )
        if seconds is not None and self._clock() - self._begun >= seconds:
            raise self._out_of_time()

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """Cancel the block, as Ctrl-C does, when the time of the run is over."""
        timeout = asyncio.timeout(self._sampling.run_timeout_s)
        try:
            async with timeout:
                yield
        except TimeoutError:
            if timeout.expired():
                raise self._out_of_time() from None
            raise

    def _out_of_time(self) -> LimitReachedError:
        return LimitReachedError(
            f"stopped after sampling.run_timeout_s = {self._sampling.run_timeout_s:g}; "
            f"{self._kept}, and the same command goes on from there."
        )

    def allow(self, most: float) -> None:
        """Raise LimitReachedError when answers that cost so much would exceed the cap."""
        cap = self._sampling.spending_cap
        if cap is not None and self.spent + most > cap:
            raise LimitReachedError(
                f"not sent: the answers may cost {most:,.4g}, and {self.spent:,.4g} of "
                f"sampling.spending_cap = {cap:g} are spent; raise the cap, or lower max_tokens."
            )

    def _add(self, sample: Sample | None = None, record: Record | None = None) -> None:
        if self._price and sample:
            self.spent += sample_cost(sample, self._price, self._prompt)
            self.answers += 1
        if self._price and record:
            self.spent += judge_cost(record, self._price)


@dataclass(frozen=True)
class Expectation:
    """What the answers that a run still lacks will take."""

    answers: int
    prompt_tokens: float
    answer_tokens: float
    """As many for each answer as `earlier` answers had; without any, as many as may be."""
    most_answer_tokens: float
    seconds: float | None
    """None while nothing is known of the endpoint's speed."""
    price: Price | None
    price_name: str | None

    def __str__(self) -> str:
        line = (
            f"expected: {self.answers:,} answers, {self.prompt_tokens / 1e6:,.2f} M tokens in the "
            f"prompts, {self.answer_tokens / 1e6:,.2f} M in the answers"
        )
        if self.price:
            known = cost(self.price, self.prompt_tokens, self.answer_tokens)
            line += (
                f"; cost by [ready.prices.{self.price_name}] {known:,.2f}, at most {self.most:,.2f}"
            )
        if self.seconds is not None:
            line += f"; about {duration(self.seconds)}"
        return line

    @property
    def tokens_each(self) -> float:
        """Tokens of one answer and its prompt."""
        return (self.prompt_tokens + self.answer_tokens) / max(self.answers, 1)

    @property
    def most(self) -> float:
        """What it costs if every answer is as long as it may be; 0 without a price."""
        return cost(self.price, self.prompt_tokens, self.most_answer_tokens) if self.price else 0.0

    def notable(self, announce_cost: float) -> bool:
        """Whether people want to know before it starts."""
        return (bool(self.price) and self.most >= announce_cost) or (self.seconds or 0) >= LONG_S


def earlier_answers(root: Path, run: Run) -> list[Record]:
    """Some answers of a run, or of the newest below `root` of the same model; none without."""
    same_model = (
        other for other in reversed(list(all_runs(root))) if other.info.model == run.info.model
    )
    for known in itertools.chain([run], same_model):
        if records := list(itertools.islice(known.stream(), ENOUGH)):
            return records
    return []


def expected(
    settings: Settings,
    rows: Mapping[str, Mapping[str, Any]],
    answers: int,
    earlier: Iterable[Record] = (),
    *,
    at_once: bool = True,
) -> Expectation:
    """What so many answers to these rows will take.

    `earlier`: answers of the same model, or none. Unless `at_once`, nothing is said of the time.
    """
    sampling = settings.sampling
    samples = [record.sample for record in earlier if record.sample]
    lengths = [s.usage["completion_tokens"] for s in samples if "completion_tokens" in s.usage]
    waits = [s.latency_s for s in samples if at_once]
    prompt = mean_prompt_tokens(rows)
    answer = sum(lengths) / len(lengths) if lengths else sampling.max_tokens
    seconds = answers * sum(waits) / len(waits) / sampling.concurrency if waits else None
    slowest = [
        60 * answers / sampling.requests_per_minute if sampling.requests_per_minute else 0.0,
        60 * answers * (prompt + answer) / sampling.tokens_per_minute
        if sampling.tokens_per_minute
        else 0.0,
    ]
    if seconds is not None or any(slowest):
        seconds = max(seconds or 0.0, *slowest)
    return Expectation(
        answers,
        answers * prompt,
        answers * answer,
        answers * max(sampling.max_tokens, answer),
        seconds,
        settings.price,
        sampling.price,
    )
