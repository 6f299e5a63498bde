"""Go or no-go: can reinforcement fine-tuning learn anything from this base on this task?

Each check says its figure, its threshold, a verdict taken on the interval and never on the point,
one sentence of advice and where the threshold comes from. Only answers with a reward count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rft.readiness import grading, rows
from rft.readiness.accepted import Accepted, accept, apply, read_accepted
from rft.readiness.answers import Answers, answer_checks, obtained, precision, readable
from rft.readiness.forecast import Forecast, forecast
from rft.readiness.material import Material
from rft.readiness.verdict import Check, Overall, Verdict, overall
from rft.records import Record
from rft.stats import Estimate, Spread, mean_interval, share_interval, spread
from rft.thresholds import Ready

__all__ = [
    "Accepted",
    "Check",
    "Forecast",
    "Material",
    "Readiness",
    "Verdict",
    "accept",
    "assess",
    "read_accepted",
    "with_accepted",
]


@dataclass(frozen=True)
class Readiness:
    """What `rft ready` says of one run."""

    items: int
    answers: int
    failed: int
    """Answers without a reward because the infrastructure failed."""
    mean: Estimate
    spread: Spread
    solved_once: Estimate
    checks: list[Check]
    """In the order in which they should be mended."""
    verdict: Overall
    next_step: str
    forecast: Forecast


def assess(
    records: Sequence[Record],
    ready: Ready,
    floors: Mapping[str, float],
    material: Material | None = None,
    *,
    planned: int = 0,
    max_tokens: int = 0,
) -> Readiness:
    """Judge a run.

    `floors` are mean rewards in [0, 1] of answers that need no model, on the same items.
    `material` is what was found out of grader and rows; checks without it do not count.
    `planned` is the number of answers of the complete run, if this one may lack some;
    `max_tokens` is the most that an answer may take, for the forecast.
    """
    material = material or Material()
    answers = Answers(records)
    by_item = answers.rewards
    noise = None if material.asks_model else 0.0
    if material.examination and material.examination.grader == material.grader:
        noise = material.examination.repeat_variance
    checks = [obtained(answers, ready, planned)]
    if answers.graded:
        samples = max(map(len, by_item.values()))
        test_rows = material.test_rows or len(by_item)
        checks += [
            *readable(answers, ready),
            grading.repeatable(material),
            grading.ceiling(material, ready),
            grading.bottom(material, ready),
            grading.judged(material),
            grading.people(material, ready),
            rows.leakage(material, ready),
            rows.skew(material, ready),
            *answer_checks(answers, ready, noise, _floor(floors, material)),
            grading.chance(answers, material, ready),
            grading.metric(answers, ready),
            rows.ambiguity(answers, material, ready),
            precision(answers, ready, test_rows, samples),
        ]
    verdict, next_step = overall(checks)
    solved = sum(max(r) >= ready.solved - 1e-9 for r in by_item.values())
    return Readiness(
        items=len(by_item),
        answers=len(answers.graded),
        failed=len(records) - len(answers.graded),
        mean=mean_interval(answers.means),
        spread=spread(by_item),
        solved_once=share_interval(solved, len(by_item)),
        checks=checks,
        verdict=verdict,
        next_step=next_step,
        forecast=forecast(answers, ready, material.train_rows, max_tokens),
    )


def with_accepted(readiness: Readiness, accepted: Sequence[Accepted]) -> Readiness:
    """The same, with what people let pass: it no longer stands in the way, and says so."""
    checks = apply(readiness.checks, accepted)
    verdict, next_step = overall(checks)
    return replace(readiness, checks=checks, verdict=verdict, next_step=next_step)


def _floor(floors: Mapping[str, float], material: Material) -> tuple[str, float]:
    """The best answer that needs no model: a floor of the task, a guess, or junk."""
    found = dict(floors)
    for name, scored in [*material.guesses.items(), *material.junk.items()]:
        if scored.rewards:
            found[name] = sum(scored.rewards.values()) / len(scored.rewards)
    return max(found.items(), key=lambda pair: pair[1], default=("zero", 0.0))
