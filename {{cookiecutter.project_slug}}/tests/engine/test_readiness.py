"""Intervals and the go/no-go verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rft.config import Ready
from rft.readiness import Material, Readiness, assess
from rft.records import Grade, Record, Sample
from rft.stats import has_spread, mean_interval, share_interval


def records(rewards: list[list[float | None]]) -> list[Record]:
    """One row per list, one answer per number; None is an answer that was lost."""
    return [
        Record(
            item_id=str(n),
            k=k,
            sample=Sample(output_text="{}", finish_reason="stop"),
            grade=Grade(reward=reward),
        )
        for n, row in enumerate(rewards)
        for k, reward in enumerate(row)
    ]


def judge(rewards: list[list[float | None]], floor: float = 0.0) -> Readiness:
    return assess(records(rewards), Ready(), {"empty": floor}, Material(test_rows=1_000))


def drawn(a: float, b: float, rows: int = 150, seed: int = 1) -> list[list[float | None]]:
    """Pass/fail answers of rows whose chance of success is Beta(a, b)."""
    rng = np.random.default_rng(seed)
    return [[float(x) for x in rng.binomial(1, p, 8)] for p in rng.beta(a, b, rows)]


def same(reward: float, rows: int) -> list[list[float | None]]:
    """Rows whose eight answers all have one reward."""
    return [[reward] * 8 for _ in range(rows)]


def verdict_of(readiness: Readiness, name: str) -> str:
    return next(c.verdict for c in readiness.checks if c.name == name)


def test_a_healthy_base_goes() -> None:
    assert judge(drawn(2, 2)).verdict == "GO"


def test_a_base_at_the_floor_is_no_go_and_told_the_way_out() -> None:
    readiness = judge(same(0.0, 100))
    assert readiness.verdict == "NO-GO"
    assert "warm-start" in readiness.next_step


def test_a_base_at_the_ceiling_is_no_go() -> None:
    readiness = judge(same(1.0, 100))
    assert readiness.verdict == "NO-GO"
    assert "ceiling" in readiness.next_step


def test_rows_that_are_all_or_nothing_teach_nothing_though_the_mean_looks_fine() -> None:
    readiness = judge(same(1.0, 60) + same(0.0, 60))
    assert verdict_of(readiness, "mean reward") == "go"
    assert verdict_of(readiness, "rows with spread") == "no-go"


def test_a_mean_below_what_guessing_earns_is_at_the_floor() -> None:
    rewards: list[list[float | None]] = [[0.3, 0.35]] * 120
    assert verdict_of(judge(rewards, floor=0.0), "mean reward") == "go"
    assert verdict_of(judge(rewards, floor=0.4), "mean reward") == "no-go"


def test_few_rows_never_go() -> None:
    assert judge(drawn(2, 2, rows=10)).verdict != "GO"


def test_lost_answers_are_neither_right_nor_wrong() -> None:
    whole, holed = judge([[0.5, 0.7]] * 20), judge([[0.5, 0.7, None]] * 20)
    assert holed.mean == whole.mean
    assert holed.failed == 20


def test_many_lost_answers_void_the_run() -> None:
    assert verdict_of(judge([[0.5, None]] * 20), "answers obtained") == "no-go"


def test_a_run_without_any_reward_is_judged_without_a_crash() -> None:
    assert judge([[None, None]]).verdict == "NO-GO"
    assert assess([], Ready(), {}).verdict != "GO"


def test_one_answer_a_row_says_that_spread_is_unknown() -> None:
    assert verdict_of(judge([[0.4], [0.6]] * 60), "rows with spread") == "warn"


@pytest.mark.parametrize("values", [[0.5], [1.0] * 30, [0.0] * 30, [0.3] * 5])
def test_no_interval_is_without_width(values: list[float]) -> None:
    estimate = mean_interval(values)
    assert estimate.low < estimate.high
    assert estimate.low <= estimate.value <= estimate.high


def test_an_interval_is_the_same_every_time() -> None:
    values = list(np.random.default_rng(3).random(40))
    assert mean_interval(values) == mean_interval(values)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(60):
        estimate = mean_interval(list(rng.beta(0.5, 0.5, 50)), seed=trial)
        hits += estimate.low <= 0.5 <= estimate.high
    assert hits >= 51


def test_a_share_has_its_wilson_interval() -> None:
    estimate = share_interval(5, 50)
    assert math.isclose(estimate.low, 0.0434, abs_tol=1e-4)
    assert math.isclose(estimate.high, 0.2136, abs_tol=1e-4)


def test_spread_is_any_difference_a_trainer_could_use() -> None:
    assert has_spread([0.2, 0.2, 0.3])
    assert not has_spread([0.2, 0.2])


def cut_off(text: str) -> str:
    """The advice on answers that stopped at 100 tokens with this text."""
    sample = Sample(output_text=text, finish_reason="length", usage={"completion_tokens": 100})
    lost = [Record(item_id=str(n), k=0, sample=sample, grade=Grade(reward=0.0)) for n in range(60)]
    checks = assess(lost, Ready(), {}).checks
    return next(c.advice for c in checks if c.name == "answers cut off")


def test_reasoning_that_ate_the_tokens_asks_for_more_of_them() -> None:
    assert "raise sampling.max_tokens" in cut_off("")


def test_an_answer_that_rambles_asks_for_a_warm_start() -> None:
    assert "warm start" in cut_off('{"predicted": [' + "x" * 300)
