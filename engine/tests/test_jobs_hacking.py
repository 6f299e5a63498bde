"""The reward-hacking watch on drawn curves: it sees each kind of trouble, and no trouble."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from rft.jobs.hacking import Alarm, watch
from rft.jobs.metrics import Point


def run(steps: int, **ends: tuple[float, float]) -> list[Point]:
    """Figures that go in a straight line from one end to the other; valid_reward every 5."""
    made = []
    for step in range(steps + 1):
        share = step / steps
        values: dict[str, Any] = {
            name: one + share * (two - one) for name, (one, two) in ends.items()
        }
        if step % 5 and "valid_reward" in values:
            del values["valid_reward"]
        made.append(Point(step, steps, **values))
    return made


def kinds(alarms: list[Alarm]) -> set[str]:
    return {alarm.kind for alarm in alarms}


HEALTHY = {
    "train_reward": (0.3, 0.6),
    "valid_reward": (0.3, 0.57),
    "entropy": (0.6, 0.3),
    "no_variance": (0.4, 0.5),
    "length": (120.0, 140.0),
}


def test_a_healthy_run_is_left_alone() -> None:
    assert watch(run(40, **HEALTHY), valid_answers=100) == []


def test_the_measured_collapse_is_seen_in_all_its_signs() -> None:
    """SmolLM2-135M on port naming: it learnt to answer "no such port" always."""
    collapse = run(
        15,
        train_reward=(0.27, 0.38),
        valid_reward=(0.46, 0.26),
        entropy=(0.54, 0.01),
        no_variance=(0.55, 1.0),
    )
    alarms = watch(collapse, valid_answers=96)
    assert kinds(alarms) == {"validation", "gap", "entropy", "variance"}
    sentences = " ".join(alarm.sentence for alarm in alarms)
    assert "validation reward fell from 0.46 (step 0) to 0.26 (step 15)" in sentences
    assert "while training reward rose" in sentences


def test_the_collapse_is_seen_before_it_is_complete() -> None:
    collapse = run(15, train_reward=(0.27, 0.38), entropy=(0.54, 0.01), no_variance=(0.55, 1.0))
    seen = [n for n in range(len(collapse)) if watch(collapse[: n + 1])]
    assert seen[0] <= 14


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"valid_reward": (0.5, 0.2)}, "validation"),
        ({"train_reward": (0.3, 0.9), "valid_reward": (0.3, 0.35)}, "gap"),
        ({"entropy": (0.6, 0.02)}, "entropy"),
        ({"no_variance": (0.3, 1.0)}, "variance"),
        ({"length": (100.0, 400.0), "valid_reward": (0.3, 0.3)}, "length"),
        ({"length": (100.0, 10.0), "valid_reward": (0.3, 0.3)}, "length"),
    ],
)
def test_each_trouble_has_its_sign(changed: dict[str, tuple[float, float]], kind: str) -> None:
    alarms = watch(run(40, **HEALTHY | changed), valid_answers=100)
    assert kind in kinds(alarms)
    assert all(f"step {alarm.step}" in alarm.sentence for alarm in alarms)


@pytest.mark.parametrize(
    "changed",
    [
        {"length": (100.0, 300.0)},  # longer, and better for it
        {"train_reward": (0.7, 0.98), "valid_reward": (0.7, 0.97), "no_variance": (0.4, 0.95)},
        {"train_reward": (0.7, 0.99), "valid_reward": (0.7, 0.98), "entropy": (0.5, 0.01)},
        {"train_reward": (0.5, 0.8), "valid_reward": (0.2, 0.45)},  # a harder file, from the start
        {"entropy": (0.6, 0.2)},
    ],
)
def test_what_only_looks_like_trouble_is_left_alone(
    changed: dict[str, tuple[float, float]],
) -> None:
    assert watch(run(40, **HEALTHY | changed), valid_answers=100) == []


@pytest.mark.parametrize("points", [[], [Point(1)], run(3, **HEALTHY), run(40, loss=(2.0, 0.1))])
def test_too_little_says_nothing(points: list[Point]) -> None:
    assert watch(points) == []


def noisy(seed: int, rows: int, steps: int = 40) -> list[Point]:
    """A healthy run as it is measured: a reward of 0 or 1, batches of 32, `rows` validated."""
    draw = random.Random(seed)
    tastes = [draw.uniform(-0.3, 0.3) for _ in range(rows)]

    def share(chances: list[float]) -> float:
        return sum(draw.random() < chance for chance in chances) / len(chances)

    made = []
    for step in range(steps + 1):
        mean = 0.35 + 0.25 * step / steps
        valid = share([mean + taste for taste in tastes]) if step % 5 == 0 else None
        entropy = (0.6 - 0.3 * step / steps) * draw.uniform(0.9, 1.1)
        same = 0.45 + draw.uniform(-0.1, 0.1)
        train = share([mean] * 32)
        made.append(Point(step, steps, train, valid, same, entropy, length=draw.gauss(120, 8)))
    return made


def looks(points: list[Point], answers: int) -> bool:
    """Whether any look at a growing run warns, as a user would see it."""
    return any(watch(points[:n], answers) for n in range(1, len(points) + 1))


@pytest.mark.parametrize("rows", [8, 44, 200])
def test_noise_seldom_looks_like_trouble(rows: int) -> None:
    warned = sum(looks(noisy(seed, rows), rows) for seed in range(60))
    assert warned <= 6


def test_steps_are_read_in_order_only() -> None:
    steps = [point.step for point in noisy(1, 8)]
    assert all(one < two for one, two in pairwise(steps))
