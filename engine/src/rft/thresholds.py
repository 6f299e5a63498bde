"""Thresholds of rft.toml: when a task is ready for RFT, when a judge is trusted.

Most are pairs (pass, fail); between the two a check warns.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A table of rft.toml; a name it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class Price(Section):
    """[ready.prices.NAME]: what an endpoint takes, in your currency for a million tokens."""

    prompt: Annotated[float, Field(ge=0)] = 0.0
    answer: Annotated[float, Field(ge=0)] = 0.0
    judge: Annotated[float, Field(ge=0)] = 0.0


class AtMostBars(tuple[float, float]):
    """A pair of thresholds of a figure of which less is better, also where both are equal."""


def _falling(bars: tuple[float, float]) -> tuple[float, float]:
    if bars[0] < bars[1]:
        raise ValueError("more is better here: the first number (pass) must not be below the other")
    return bars


def _rising(bars: tuple[float, float]) -> tuple[float, float]:
    if bars[0] > bars[1]:
        raise ValueError("less is better here: the first number (pass) must not be above the other")
    return AtMostBars(bars)


Share2 = tuple[Share, Share]
AtLeast = Annotated[Share2, AfterValidator(_falling)]
"""(pass, fail), more is better: pass from the first on, fail below the second."""
AtMost = Annotated[Share2, AfterValidator(_rising)]
"""(pass, fail), less is better: pass up to the first, fail above the second."""


class Ready(Section):
    """[ready]: the planned job and the thresholds of the go/no-go verdict.

    Every pair is (pass, fail); in between the check warns. docs/thresholds.md has the sources.
    """

    group_size: Annotated[int, Field(ge=2, le=1024)] = 8
    """Answers that training compares for one row (its "group")."""
    epochs: PositiveInt = 3
    """Times that training goes through the rows; for the forecast of tokens."""
    planned_gain: Annotated[float, Field(gt=0, le=1)] = 0.05
    """The gain in mean reward that the test split must be able to show."""
    prices: dict[str, Price] = Field(default_factory=dict)
    """By any name; empty: the forecast is in tokens only."""
    real_metric: str | None = None
    """Name of the grade's part that is the real test, if the reward only stands in for it."""
    solved: Share = 1.0
    """A reward from which an answer counts as solved."""
    margin: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    """Distance of the mean from junk, guesses and ceiling, and of the best from a program."""
    ceiling: Share = 1.0
    lost: AtMost = (0.01, 0.05)
    """Share of answers that the infrastructure lost."""
    unreadable: AtMost = (0.05, 0.20)
    """Share of answers that are not valid JSON and earn nothing."""
    cut_off: AtMost = (0.05, 1.0)
    """Share of answers that ran into max_tokens; never a failure by itself."""
    gold: AtLeast = (0.95, 0.90)
    """Mean reward of the reference answers."""
    junk: AtMost = (0.20, 0.50)
    """Mean reward of the best of the answers that deserve nothing."""
    metric_rank: AtLeast = (0.70, 0.60)
    """Spearman's rho of reward and real metric."""
    people: AtLeast = (0.70, 0.50)
    """Mean reward of people's answers, if task/human.jsonl holds any."""
    learnable: AtLeast = (0.40, 0.25)
    """Share of rows whose group of answers would not all score the same."""
    headroom: AtLeast = (0.10, 0.05)
    """Expected best of a group minus its mean, in reward."""
    one_sided: AtMost = (0.50, 0.75)
    """Share of rows where all answers fail alike, and share where all are right."""
    same_reward: AtMost = (0.90, 0.98)
    """Share of answers with the most common reward."""
    noise: AtMost = (0.25, 1.0)
    """Variance of the judge's repeated scores by the variance of an item's rewards."""
    length: AtMost = (0.15, 0.30)
    """Spearman's rho of an answer's length and its reward, within a row."""
    near_copies: AtMost = (0.01, 0.10)
    """Share of held-out rows that are almost a row of another split."""
    same_gold: AtMost = (0.50, 0.90)
    """Share of rows that one and the same answer or label gets right."""
    agreed_otherwise: AtMost = (0.25, 1.0)
    """Share of rows where all answers agree with one another and not with the reference."""


class Exam(Section):
    """[judge.exam]: when `rft judge` trusts a judge.

    Every pair is (pass, fail); docs/thresholds.md has the sources.
    """

    min_labels: PositiveInt = 100
    min_rarer_labels: PositiveInt = 20
    """Labels in all, and labels of the less common kind ("met" or "not met")."""
    lost: AtMost = (0.01, 0.05)
    """Share of judgements that the infrastructure lost."""
    unreadable: AtMost = (0.05, 0.20)
    """Share of judgements without a number or a verdict on each criterion, as they came."""
    kappa: AtLeast = (0.40, 0.40)
    """Cohen's kappa of verdicts and labels."""
    macro_f1: AtLeast = (0.73, 0.60)
    """F1 of verdicts against labels; first what two of your experts reach, less 0.02."""
    leniency: AtMost = (0.10, 0.20)
    """Share of criteria found met less share labelled met, to either side."""
    score_error: AtMost = (0.10, 0.20)
    """Mean distance of the score from what the labels amount to."""
    contradiction: AtMost = (0.05, 0.10)
    """Mean distance of the score from what the judge's own verdicts amount to."""
    alpha: AtLeast = (0.80, 0.67)
    """Krippendorff's alpha of the scores of repeated calls."""
    changed: AtMost = (0.05, 0.15)
    """Share of verdicts that are not the same in all repeated calls."""
    order_swap: AtLeast = (0.80, 0.65)
    """Share of verdicts that stay the same with the criteria in reversed order."""
    padding: AtMost = (0.05, 0.10)
    """What empty words add to the score, to either side."""
    injection_gain: Share = 0.05
    """Gain in score from which an injected order to the judge has worked; none may."""
    known_order: AtLeast = (0.90, 0.60)
    """Share of pairs of excellent, fair and poor in which the better one scores higher."""
