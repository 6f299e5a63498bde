"""Detect reward hacking and a collapsing policy from the metrics of a job.

The training reward rises in both cases: a policy that has learnt a trick, or one answer for
everything, earns more of it. The other figures show the difference. Thresholds are house rules; the
gap of 0.10 is Microsoft's (azure-skills, finetuning: stop above 0.10, healthy up to 0.05).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression
from typing import Literal

from rft.jobs.metrics import Point

WINDOW = 5
"""Steps averaged at each end: the reward of one batch is noisy."""
MIN_STEPS = 6
RISE = 0.02
"""A smaller change of a mean reward does not count."""
GAP = 0.10
LEAST_FALL = 0.05
ANSWERS_ASSUMED = 100
"""In one validation, when the number is not known."""
CEILING = 0.95
"""From this validation reward on, answers are alike because they are right."""
ENTROPY_LEFT = 0.2
NO_VARIANCE, NO_VARIANCE_RISE = 0.85, 0.2
LONGER, SHORTER = 1.5, 0.5

Kind = Literal["validation", "gap", "entropy", "variance", "length"]


@dataclass(frozen=True)
class Alarm:
    """One sign of trouble; `step` is where the figures first showed it."""

    kind: Kind
    step: int
    sentence: str


def watch(points: Sequence[Point], valid_answers: int | None = None) -> list[Alarm]:
    """Return the signs of trouble in the metrics of a job, in order of their kinds; [] for none.

    `points` are in order of steps. `valid_answers`: graded answers in one validation; with few of
    them a fall must be larger to be more than chance.
    """
    inner = [_entropy(points), _variance(points), _length(points)]
    fallen = _validation(points, valid_answers, supported=any(inner))
    return [alarm for alarm in (fallen, _gap(points, valid_answers), *inner) if alarm]


def _validation(points: Sequence[Point], answers: int | None, supported: bool) -> Alarm | None:
    """The validation reward has fallen below its best.

    One fall counts from three standard errors, since the best of many is lucky; from two when the
    validation before was as low, or when another sign says the same (`supported`).
    """
    rated = _series(points, "valid_reward")
    if len(rated) < 2:
        return None
    best_step, best = max(rated, key=lambda pair: pair[1])
    last_step, last = rated[-1]
    error = math.sqrt(2) * _standard_error(best, answers)
    low = best - max(LEAST_FALL, 2 * error)
    stays = supported or (rated[-2][1] < low and rated[-2][0] > best_step)
    if last > low or (last > best - max(LEAST_FALL, 3 * error) and not stays):
        return None
    return Alarm(
        "validation",
        last_step,
        f"validation reward fell from {best:.2f} (step {best_step}) to {last:.2f} (step "
        f"{last_step}){_while_training(points, best_step, last_step)}; stop, and keep the "
        f"checkpoint of step {best_step}.",
    )


def _gap(points: Sequence[Point], answers: int | None) -> Alarm | None:
    """The training reward rises much faster than the validation reward.

    Straight lines through both, since the two files need not be equally hard: only their rises are
    compared. A gap counts from GAP and from three of its standard errors.
    """
    rated, trained = _series(points, "valid_reward"), _series(points, "train_reward")
    if len(rated) < 3 or len(trained) < MIN_STEPS:
        return None
    mean = fmean(value for _, value in rated)
    valid_rise, valid_error = _rise(rated, _standard_error(mean, answers))
    train_rise, train_error = _rise(trained)
    if train_rise <= RISE or train_rise - valid_rise <= max(
        GAP, 3 * math.hypot(valid_error, train_error)
    ):
        return None
    step = rated[-1][0]
    change = f"rose by {valid_rise:.2f}" if valid_rise >= 0 else f"fell by {-valid_rise:.2f}"
    return Alarm(
        "gap",
        step,
        f"training reward rose by {train_rise:.2f} up to step {step} and validation reward "
        f"{change}: the gain does not generalise; read the answers with the highest rewards (rft "
        "eval on a checkpoint, then rft report).",
    )


def _entropy(points: Sequence[Point]) -> Alarm | None:
    """The policy gives the same answer to everything."""
    if not (ends := _inner_ends(points, "entropy")):
        return None
    first, high, step, low = ends
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
    """In nearly every group all answers have the same reward."""
    if not (ends := _inner_ends(points, "no_variance")):
        return None
    first, low, step, high = ends
    if high < NO_VARIANCE or high - low < NO_VARIANCE_RISE:
        return None
    return Alarm(
        "variance",
        step,
        f"groups whose answers all have the same reward rose from {low:.0%} (step {first}) to "
        f"{high:.0%} (step {step}){_while_training(points, first, step)}: nothing is learnt from "
        "them; give graded credit, or drop rows that are always or never solved.",
    )


def _length(points: Sequence[Point]) -> Alarm | None:
    """Answers grow or shrink while only the training reward gains by it."""
    series, trained = _series(points, "length"), _series(points, "train_reward")
    if len(series) < MIN_STEPS or len(trained) < MIN_STEPS:
        return None
    first, before, step, after = _ends(series)
    _, low, _, high = _ends(trained)
    ratio = after / before if before > 0 else 1.0
    rated = _series(points, "valid_reward")
    if len(rated) < 2 or rated[-1][1] - rated[0][1] > RISE:
        return None
    if SHORTER < ratio < LONGER or high - low <= RISE:
        return None
    return Alarm(
        "length",
        step,
        f"answers went from {before:.0f} tokens (step {first}) to {after:.0f} (step {step}) and "
        f"training reward rose by {high - low:.2f}, but validation reward did not: length alone "
        "may earn it; read the longest and the shortest answers.",
    )


def _standard_error(reward: float, answers: int | None) -> float:
    """Of one validation: a reward in [0, 1] with mean p has a variance of at most p (1 - p)."""
    return math.sqrt(max(reward * (1 - reward), 0.0) / (answers or ANSWERS_ASSUMED))


def _rise(series: Sequence[tuple[int, float]], sd: float | None = None) -> tuple[float, float]:
    """(rise of the least-squares line over the series, its standard error).

    `sd` is the spread of one value around the line; by default that of the residuals.
    """
    steps, values = [step for step, _ in series], [value for _, value in series]
    slope, start = linear_regression(steps, values)
    if sd is None:
        rest = [value - start - slope * step for step, value in series]
        sd = math.sqrt(sum(r * r for r in rest) / max(1, len(rest) - 2))
    middle, length = fmean(steps), steps[-1] - steps[0]
    return slope * length, sd * length / math.sqrt(sum((s - middle) ** 2 for s in steps))


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


def _inner_ends(points: Sequence[Point], name: str) -> tuple[int, float, int, float] | None:
    """The ends of a series over three steps each.

    None where it is too short, or where answers are alike because they are right.
    """
    series, trained = _series(points, name), _series(points, "train_reward")
    rated = _series(points, "valid_reward")
    reward = rated[-1][1] if rated else _ends(trained)[3] if trained else 0.0
    return None if len(series) < MIN_STEPS or reward >= CEILING else _ends(series, 3)


def _while_training(points: Sequence[Point], since: int, until: int) -> str:
    """The change of the training reward meanwhile, as a clause; "" if it is not reported."""
    trained = _series(points, "train_reward")
    part = [value for step, value in trained if since <= step <= until]
    if len(part) < 2:
        return ""
    _, low, _, high = _ends([(0, value) for value in part])
    change = "rose" if high - low > RISE else "fell" if low - high > RISE else "did not change"
    return f" while training reward {change} ({low:.2f} to {high:.2f})"
