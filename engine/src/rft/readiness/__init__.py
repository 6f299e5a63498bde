"""Go or no-go: can reinforcement fine-tuning learn anything from this base on this task?

Each check says its figure, its threshold, a verdict taken on the interval and never on the point,
one sentence of advice and where the threshold comes from. Only answers with a reward count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rft.forecast import Forecast, forecast
from rft.readiness import answers as answer_checks
from rft.readiness import grading, rows
from rft.readiness.accepted import Accepted, accept, apply, read_accepted
from rft.readiness.answers import Answers
from rft.readiness.evidence import GraderEvidence
from rft.records import Record
from rft.stats import Estimate, Spread, mean_interval, share_interval, spread
from rft.thresholds import Ready
from rft.verdicts import Check, Overall, next_step, overall, undecided

__all__ = [
    "Accepted",
    "GraderEvidence",
    "Readiness",
    "accept",
    "assess",
    "read_accepted",
    "with_accepted",
]


TRAIN = "Every check passes: rft train."


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
    """In the order in which they should be fixed."""
    verdict: Overall
    next_step: str
    forecast: Forecast


def assess(
    records: Sequence[Record],
    ready: Ready,
    floors: Mapping[str, float],
    evidence: GraderEvidence | None = None,
    *,
    planned: int = 0,
    max_tokens: int = 0,
    command: str = "rft eval",
    resume: str = "rft eval",
) -> Readiness:
    """Judge the answers of a run.

    `floors` are mean rewards in [0, 1] of answers that need no model, on the same items.
    `evidence` is what is known of grader and rows; checks without it do not count.
    `planned` is the number of answers of the complete run, if this one may lack some;
    `max_tokens` is the most that an answer may take, for the forecast. `command` draws answers to
    the run's rows from its model, `resume` those that the run lacks; advice names them.
    While the run lacks a larger share than the second figure of `ready.lost`, no check of its
    answers fails.
    """
    evidence = evidence or GraderEvidence()
    answers = Answers(records, command)
    by_item = answers.rewards
    noise = None if evidence.asks_model else 0.0
    if evidence.examination and evidence.examination.grader == evidence.grader:
        noise = evidence.examination.repeat_variance
    checks = [answer_checks.obtained(answers, ready, planned, resume)]
    lacks = len(answers.graded) < (1 - ready.lost[1]) * max(planned, len(records))
    of_answers = undecided if lacks else list[Check]
    if answers.graded:
        samples = max(map(len, by_item.values()))
        test_rows = evidence.test_rows or len(by_item)
        checks += [
            *of_answers(answer_checks.readable(answers, ready)),
            grading.repeatable(evidence),
            grading.ceiling(evidence, ready),
            grading.bottom(evidence, ready),
            grading.judged(evidence),
            grading.people(evidence, ready),
            rows.leakage(evidence, ready),
            rows.skew(evidence, ready),
            *of_answers(
                [
                    answer_checks.between(answers, ready, _worthless(evidence)),
                    answer_checks.script(answers, ready, _best(floors)),
                    answer_checks.learnable(answers, ready),
                    answer_checks.room(answers, ready),
                    *answer_checks.one_sided(answers, ready),
                    answer_checks.resolution(answers, ready),
                    answer_checks.signal(answers, ready, noise),
                    answer_checks.length(answers, evidence.golds, ready),
                    grading.chance(answers, evidence, ready),
                    grading.metric(answers, ready),
                    rows.ambiguity(answers, evidence, ready),
                    answer_checks.precision(answers, ready, test_rows, samples),
                ]
            ),
        ]
    solved = sum(max(r) >= ready.solved - 1e-9 for r in by_item.values())
    return Readiness(
        items=len(by_item),
        answers=len(answers.graded),
        failed=len(records) - len(answers.graded),
        mean=mean_interval(answers.means),
        spread=spread(by_item),
        solved_once=share_interval(solved, len(by_item)),
        checks=checks,
        verdict=overall(checks),
        next_step=next_step(checks) or TRAIN,
        forecast=forecast(answers.graded, ready, evidence.train_rows, max_tokens),
    )


def with_accepted(readiness: Readiness, accepted: Sequence[Accepted]) -> Readiness:
    """The same with the checks that people accepted, which then count as passed and say so."""
    checks = apply(readiness.checks, accepted)
    step = next_step(checks) or TRAIN
    return replace(readiness, checks=checks, verdict=overall(checks), next_step=step)


def _worthless(evidence: GraderEvidence) -> tuple[str, float]:
    """The best of what says nothing about the row: a right answer of another row, or junk."""
    answers = {**evidence.guesses, **evidence.junk}
    means = {name: sum(rewards.values()) / len(rewards) for name, rewards in answers.items()}
    return _best(means) or ("zero", 0.0)


def _best(means: Mapping[str, float]) -> tuple[str, float] | None:
    return max(means.items(), key=lambda pair: pair[1], default=None)
