"""Is the reward being hacked, or the policy collapsing? A pure look at the metrics of a job.

The training reward alone always looks well: a policy that has learnt a trick, or one answer for
everything, earns more of it. What tells are the figures beside it. Thresholds are house rules; the
gap of 0.10 is Microsoft's (azure-skills, finetuning: stop above 0.10, healthy up to 0.05).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from rft.jobs.metrics import Point

WINDOW = 5
"""Steps averaged at each end: the reward of one batch is noisy."""
MIN_STEPS = 6
RISE = 0.02
"""A smaller change of a mean reward is none."""
GAP = 0.10
DROP = 0.10
"""Fall of the validation reward that is no chance when the number of rows is not known."""
CEILING = 0.95
"""From this validation reward on, answers are alike because they are right."""
ENTROPY_LEFT = 0.2
NO_VARIANCE, NO_VARIANCE_RISE = 0.85, 0.2
LONGER, SHORTER = 1.5, 0.5

Kind = Literal["validation", "gap", "entropy", "variance", "length"]


@dataclass(frozen=True)
class Alarm:
    """One sign; `step` is where it was seen first by these figures."""

    kind: Kind
    step: int
    sentence: str


def watch(points: Sequence[Point], valid_answers: int | None = None) -> list[Alarm]:
    """The signs in the metrics of a job, in order of their kinds; [] for a healthy run.

    `points` are in order of steps. `valid_answers`: graded answers in one validation; with few of
    them a fall must be larger to be more than chance.
    """
    found = (
        _validation(points, valid_answers),
        _gap(points, valid_answers),
        _entropy(points),
        _variance(points),
        _length(points),
    )
    return [alarm for alarm in found if alarm]


def _validation(points: Sequence[Point], answers: int | None) -> Alarm | None:
    """The validation reward has fallen below its best."""
    rated = [(p.step, p.valid_reward) for p in points if p.valid_reward is not None]
    if len(rated) < 2:
        return None
    best_step, best = max(rated, key=lambda pair: pair[1])
    last_step, last = rated[-1]
    if best - last <= _chance(best, answers):
        return None
    return Alarm(
        "validation",
        last_step,
        f"validation reward fell from {best:.2f} (step {best_step}) to {last:.2f} (step "
        f"{last_step}){_while_training(points, best_step, last_step)}; stop, and keep the "
        f"checkpoint of step {best_step}.",
    )


def _gap(points: Sequence[Point], answers: int | None) -> Alarm | None:
    """The training reward has run away from the validation reward.

    Both ends are averaged, and the gap at the beginning is taken off: the two files need not be
    equally hard.
    """
    rated = [(p.step, p.valid_reward) for p in points if p.valid_reward is not None]
    trained = _series(points, "train_reward")
    if len(rated) < 3 or len(trained) < MIN_STEPS:
        return None
    (_, first_valid), (step, last_valid) = rated[0], rated[-1]
    _, low, _, high = _ends(trained)
    gap = (high - low) - (last_valid - first_valid)
    if high - low <= RISE or gap <= max(GAP, _chance(last_valid, answers)):
        return None
    return Alarm(
        "gap",
        step,
        f"training reward rose by {high - low:.2f} up to step {step}, validation reward by only "
        f"{last_valid - first_valid:.2f}: what is learnt does not carry over; look at answers that "
        "earn much (rft eval on a checkpoint, rft report).",
    )


def _entropy(points: Sequence[Point]) -> Alarm | None:
    """The policy has become sure of one answer."""
    series = _series(points, "entropy")
    if len(series) < MIN_STEPS or _at_ceiling(points):
        return None
    first, high, step, low = _ends(series, 3)
    if high <= 0 or low > ENTROPY_LEFT * high:
        return None
    return Alarm(
        "entropy",
        step,
        f"entropy fell from {high:.2f} (step {first}) to {low:.2f} (step {step})"
        f"{_while_training(points, first, step)}: the model gives the same answer to everything; "
        "lower learning_rate_multiplier, or start again from an earlier checkpoint.",
    )


def _variance(points: Sequence[Point]) -> Alarm | None:
    """Nearly every group has one reward only."""
    series = _series(points, "no_variance")
    if len(series) < MIN_STEPS or _at_ceiling(points):
        return None
    first, low, step, high = _ends(series, 3)
    if high < NO_VARIANCE or high - low < NO_VARIANCE_RISE:
        return None
    return Alarm(
        "variance",
        step,
        f"groups whose answers all have the same reward rose from {low:.0%} (step {first}) to "
        f"{high:.0%} (step {step}){_while_training(points, first, step)}: nothing is learnt from "
        "those; give graded credit, or drop rows that are always or never solved.",
    )


def _length(points: Sequence[Point]) -> Alarm | None:
    """Answers grow or shrink while only the training reward gains by it."""
    series, trained = _series(points, "length"), _series(points, "train_reward")
    if len(series) < MIN_STEPS or len(trained) < MIN_STEPS:
        return None
    first, before, step, after = _ends(series)
    _, low, _, high = _ends(trained)
    ratio = after / before if before > 0 else 1.0
    rated = [p.valid_reward for p in points if p.valid_reward is not None]
    gained = len(rated) >= 2 and rated[-1] - rated[0] > RISE
    if SHORTER < ratio < LONGER or high - low <= RISE or gained or len(rated) < 2:
        return None
    return Alarm(
        "length",
        step,
        f"answers went from {before:.0f} tokens (step {first}) to {after:.0f} (step {step}) and "
        f"training reward rose by {high - low:.2f}, but validation reward did not: length may be "
        "what pays; look at the longest and shortest answers.",
    )


def _chance(reward: float, answers: int | None) -> float:
    """A difference of two validations that chance makes: two standard errors, 0.05 at least.

    A reward in [0, 1] with mean p has a variance of at most p (1 - p); both validations ask the
    same rows, so half of the difference's variance 2 p (1 - p) is taken to cancel.
    """
    if not answers:
        return DROP
    return max(0.05, 2 * math.sqrt(max(reward * (1 - reward), 0) / answers))


def _series(points: Sequence[Point], name: str) -> list[tuple[int, float]]:
    pairs = [(p.step, getattr(p, name)) for p in points]
    return [(step, value) for step, value in pairs if value is not None]


def _ends(
    series: Sequence[tuple[int, float]], window: int = WINDOW
) -> tuple[int, float, int, float]:
    """(first step, mean at the beginning, last step, mean at the end)."""
    size = max(1, min(window, len(series) // 2))
    begin, end = series[:size], series[-size:]
    return begin[0][0], fmean(v for _, v in begin), end[-1][0], fmean(v for _, v in end)


def _at_ceiling(points: Sequence[Point]) -> bool:
    rated = [p.valid_reward for p in points if p.valid_reward is not None]
    trained = _series(points, "train_reward")
    last = rated[-1] if rated else _ends(trained)[3] if trained else 0.0
    return last >= CEILING


def _while_training(points: Sequence[Point], since: int, until: int) -> str:
    """What the training reward did meanwhile, as a clause; "" if it is not told."""
    trained = _series(points, "train_reward")
    part = [value for step, value in trained if since <= step <= until]
    if len(part) < 2:
        return ""
    _, low, _, high = _ends([(0, value) for value in part])
    did = "rose" if high - low > RISE else "fell" if low - high > RISE else "stood still"
    return f" while training reward {did} ({low:.2f} to {high:.2f})"
