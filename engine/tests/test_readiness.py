"""Intervals and the go/no-go verdict."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rft.dataset import Finding
from rft.readiness import GraderEvidence, Readiness, assess
from rft.readiness.evidence import Examination, FailedProbe
from rft.records import Grade, Record, Sample
from rft.stats import Estimate, has_spread, mean_interval, share_interval
from rft.thresholds import Ready
from rft.verdicts import Check, decide, rows_to_settle


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


def judge(rewards: list[list[float | None]], floor: float = 0.0, **known: Any) -> Readiness:
    """`known` is what is known beside the answers."""
    evidence = GraderEvidence(test_rows=1_000, **known)
    return assess(records(rewards), Ready(), {"empty": floor}, evidence)


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


def test_a_base_at_the_floor_is_no_go_that_names_the_way_out() -> None:
    readiness = judge(same(0.0, 100))
    assert readiness.verdict == "NO-GO"
    assert "warm-start" in readiness.next_step


def test_a_base_at_the_ceiling_is_no_go() -> None:
    readiness = judge(same(1.0, 100))
    assert readiness.verdict == "NO-GO"
    assert "ceiling" in readiness.next_step


def test_rows_that_are_all_or_nothing_teach_nothing_though_the_mean_looks_fine() -> None:
    readiness = judge(same(1.0, 60) + same(0.0, 60))
    assert verdict_of(readiness, "mean reward") == "pass"
    assert verdict_of(readiness, "rows with spread") == "fail"


def test_a_mean_below_what_guessing_earns_is_at_the_floor() -> None:
    rewards: list[list[float | None]] = [[0.3, 0.35]] * 120
    assert verdict_of(judge(rewards), "mean reward") == "pass"
    assert verdict_of(judge(rewards, guesses={"another": scored(0.4)}), "mean reward") == "fail"


@pytest.mark.parametrize(("floor", "verdict"), [(0.6, "pass"), (0.97, "fail")])
def test_the_best_answers_must_beat_a_program(floor: float, verdict: str) -> None:
    """The mean is 0.5, the best of eight answers 0.9."""
    assert verdict_of(judge(drawn(2, 2), floor=floor), "best beats a program") == verdict
    assert judge(drawn(2, 2), floor=0.6).verdict == "GO"


@pytest.mark.parametrize("rows", [4, 10, 32])
def test_too_few_rows_are_not_yet_and_say_how_many_are_needed(rows: int) -> None:
    known = GraderEvidence(test_rows=rows, guesses={"another": scored(0.05, rows)})
    readiness = assess(records(drawn(2, 3, rows)), Ready(), {}, known)
    assert readiness.verdict == "NOT YET"
    assert re.search(r"add \d[\d,]* test rows", readiness.next_step)


def test_the_test_rows_that_are_asked_for_are_enough() -> None:
    run = records(drawn(2, 2))
    (more,) = re.findall(r"add (\d+) test rows", gain_check(run, Ready(), 60).advice)
    assert gain_check(run, Ready(), 60 + int(more)).verdict == "pass"


def test_more_answers_are_asked_for_before_more_rows() -> None:
    assert "rft eval --samples 16" in gain_check(records(drawn(2, 2)), Ready(), 260).advice


def gain_check(run: list[Record], ready: Ready, test_rows: int) -> Check:
    checks = assess(run, ready, {}, GraderEvidence(test_rows=test_rows)).checks
    return next(check for check in checks if check.name == "smallest visible gain")


def test_few_rows_never_go() -> None:
    assert judge(drawn(2, 2, rows=10)).verdict != "GO"


def test_lost_answers_are_neither_right_nor_wrong() -> None:
    whole, holed = judge([[0.5, 0.7]] * 20), judge([[0.5, 0.7, None]] * 20)
    assert holed.mean == whole.mean
    assert holed.failed == 20


@pytest.mark.parametrize("lost", [1, 4, 8])
def test_lost_answers_are_not_yet_and_name_the_command_that_gets_them(lost: int) -> None:
    rows = [[0.0] * (8 - lost) + [None] * lost] * 100
    readiness = assess(records(rows), Ready(), {}, resume="rft eval --model tuned")
    assert readiness.verdict == "NOT YET"
    assert f"{lost * 100} of 800 answers are missing: run rft eval --model tuned" in (
        readiness.next_step
    )


def test_a_broken_grader_is_a_no_go_though_answers_are_missing() -> None:
    readiness = judge([[0.5, None]] * 60, gold=scored(0.2))
    assert readiness.verdict == "NO-GO"
    assert "Your own reference answer" in readiness.next_step


def test_a_few_lost_answers_leave_a_no_go_one() -> None:
    rows = same(1.0, 60) + same(0.0, 60)
    rows[0][0] = rows[70][0] = None
    assert verdict_of(judge(rows), "best minus mean") == "fail"


def test_a_run_without_any_reward_is_judged_without_a_crash() -> None:
    assert judge([[None, None]]).verdict == "NOT YET"
    assert assess([], Ready(), {}).verdict == "NOT YET"


@pytest.mark.parametrize(
    "name", ["best beats a program", "best minus mean", "rows out of reach", "rows always solved"]
)
def test_what_a_whole_group_may_change_does_not_fail_before_one_is_drawn(name: str) -> None:
    most = float(name == "rows always solved")
    whole = same(most, 90) + same(1 - most, 10)
    few = judge([row[:2] for row in whole], floor=0.4)
    check = next(check for check in few.checks if check.name == name)
    assert check.verdict == "warn"
    assert "rft eval --samples 8" in check.advice
    assert verdict_of(judge(whole, floor=0.4), name) == "fail"


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


def verdict_with(name: str, **known: Any) -> str:
    """The verdict of one check on a healthy base."""
    return verdict_of(judge(drawn(2, 2), **known), name)


def scored(reward: float, rows: int = 50) -> dict[str, float]:
    return {str(n): reward for n in range(rows)}


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.5, 0.41, 0.6, "pass"),
        (0.5, 0.39, 0.6, "warn"),
        (0.2, 0.1, 0.26, "warn"),
        (0.2, 0.1, 0.24, "fail"),
        (math.nan, 0.0, 1.0, "warn"),
    ],
)
def test_a_verdict_is_taken_on_the_interval(
    value: float, low: float, high: float, verdict: str
) -> None:
    assert decide(Estimate(value, low, high), (0.40, 0.25)) == verdict


def test_equal_bars_of_a_figure_of_which_less_is_better_never_fail_a_good_one() -> None:
    """[1, 1] switches a check off."""
    bars = Ready.model_validate({"unreadable": [1.0, 1.0]}).unreadable
    assert decide(Estimate(0.0, 0.0, 0.1), bars) == "pass"


def test_the_rows_that_a_warning_asks_for_would_settle_it() -> None:
    rows = rows_to_settle(share_interval(0, 40), 0.05, 40, above=False)
    assert rows == 73
    assert share_interval(0, 73).high <= 0.05 < share_interval(0, 72).high


@pytest.mark.parametrize(
    ("name", "verdict", "known"),
    [
        ("grader repeats itself", "pass", {"regraded": [[0.5, 0.5, 0.5]]}),
        ("grader repeats itself", "fail", {"regraded": [[0.5] * 3, [0.5, 0.5, 0.4]]}),
        ("grader repeats itself", "warn", {"regraded": [[0.5, None, 0.5]]}),
        ("reference answers", "pass", {"gold": scored(1.0)}),
        ("reference answers", "fail", {"gold": scored(0.8)}),
        ("reference answers", "warn", {"gold": scored(1.0), "held_out": 5_000}),
        ("junk and cheats", "pass", {"junk": {"empty": scored(0.0)}}),
        ("junk and cheats", "fail", {"junk": {"empty": scored(0.0), "praise": scored(0.7)}}),
        ("junk and cheats", "fail", {"probes": 3, "failed_probes": [FailedProbe("x", "p:1", 1)]}),
        ("better than guessing", "pass", {"guesses": {"other": scored(0.1)}}),
        ("better than guessing", "fail", {"guesses": {"other": scored(0.6)}}),
        ("people's answers", "pass", {"human": {"ann": {str(n): 0.9 for n in range(40)}}}),
        ("people's answers", "fail", {"human": {"ann": {str(n): n % 3 / 5 for n in range(90)}}}),
        ("leakage", "pass", {"findings": [], "held_out": 100}),
        ("most common answer", "pass", {"label_share": ("yes", 0.4)}),
        ("most common answer", "warn", {"label_share": ("yes", 0.6)}),
        ("most common answer", "fail", {"label_share": ("yes", 0.95)}),
        ("judge examined", "not applicable", {}),
        ("judge noise", "not applicable", {}),
    ],
)
def test_what_is_known_of_grader_and_rows_decides(
    name: str, verdict: str, known: dict[str, Any]
) -> None:
    assert verdict_with(name, **known) == verdict


@pytest.mark.parametrize(
    ("code", "count", "verdict"),
    [
        ("split-overlap", 1, "fail"),
        ("shared-group", 1, "fail"),
        ("near-copy", 1, "pass"),
        ("near-copy", 5, "warn"),
        ("near-copy", 20, "fail"),
    ],
)
def test_held_out_rows_in_another_split_are_leakage(code: str, count: int, verdict: str) -> None:
    finding = Finding("error", code, "test.jsonl", 3, "messages", "the same", "keep one")
    assert verdict_with("leakage", findings=[finding] * count, held_out=100) == verdict


@pytest.mark.parametrize(
    ("examined", "verdict"),
    [("GO", "pass"), ("NO-GO", "fail"), ("NOT YET", "warn"), (None, "warn")],
)
def test_a_judge_must_have_been_examined(examined: str | None, verdict: str) -> None:
    report = Examination(grader="this", verdict=examined) if examined else None
    assert (
        verdict_with("judge examined", asks_model=True, grader="this", examination=report)
        == verdict
    )


def test_a_reward_without_its_judge_asks_for_one() -> None:
    checks = judge(drawn(2, 2), asks_model=True, has_judge=False).checks
    advice = next(check.advice for check in checks if check.name == "judge examined")
    assert "add [judge] to rft.toml" in advice


def test_the_examination_of_another_grader_does_not_count() -> None:
    report = Examination(grader="that", verdict="GO")
    known = {"asks_model": True, "grader": "this", "examination": report}
    assert verdict_with("judge examined", **known) == "warn"


@pytest.mark.parametrize(
    ("noise", "verdict"), [(0.01, "pass"), (0.1, "warn"), (0.5, "fail"), (0.0, "not applicable")]
)
def test_noise_is_held_against_the_spread_within_a_row(noise: float, verdict: str) -> None:
    """Within a row the variance of Beta(2, 2) pass/fail rewards is 0.2."""
    report = Examination(grader="this", verdict="GO", repeat_variance=noise)
    assert (
        verdict_with("judge noise", asks_model=True, grader="this", examination=report) == verdict
    )


def test_few_rows_do_not_prove_that_a_judge_is_noise() -> None:
    report = Examination(grader="this", verdict="GO", repeat_variance=0.1)
    few = judge(
        [[0.5, 0.6, 0.4], [0.5, 1.0, 0.0]], asks_model=True, grader="this", examination=report
    )
    assert verdict_of(few, "judge noise") == "warn"


def answer(item: int, k: int, reward: float, text: str, **parts: float) -> Record:
    sample = Sample(output_text=text, finish_reason="stop", usage={"completion_tokens": 50})
    grade = Grade(reward=reward, parts=parts)
    return Record(item_id=str(item), k=k, sample=sample, grade=grade)


@pytest.mark.parametrize(("pull", "verdict"), [(0, "pass"), (40, "fail"), (-40, "warn")])
def test_longer_answers_must_not_win(pull: int, verdict: str) -> None:
    rng = np.random.default_rng(2)
    records = [
        answer(n, k, r := float(rng.integers(2)), "1" * int(100 + pull * r + rng.integers(30)))
        for n in range(200)
        for k in range(8)
    ]
    assert verdict_of(assess(records, Ready(), {}), "reward by length") == verdict


def lists(rows: int, reward: Callable[[list[str]], float]) -> Readiness:
    """Answers of up to six codes, of which the reference has three."""
    rng = np.random.default_rng(4)
    gold = ["A1", "B2", "C3"]
    answers = [gold[: rng.integers(4)] + ["Z9"] * rng.integers(4) for _ in range(8 * rows)]
    run = [
        answer(n // 8, n % 8, reward(codes), json.dumps({"codes": codes}))
        for n, codes in enumerate(answers)
    ]
    golds = {str(n): json.dumps({"codes": gold}) for n in range(rows)}
    return assess(run, Ready(), {}, GraderEvidence(golds=golds))


@pytest.mark.parametrize("rows", [3, 100])
def test_right_answers_may_be_longer_than_empty_and_incomplete_ones(rows: int) -> None:
    def f1(codes: list[str]) -> float:
        return 2 * len(set(codes) - {"Z9"}) / (len(codes) + 3)

    verdict = verdict_of(lists(rows, f1), "reward by length")
    assert verdict == ("pass" if rows == 100 else "not applicable")


@pytest.mark.parametrize(("rows", "verdict"), [(3, "not applicable"), (100, "fail")])
def test_length_that_pays_is_a_no_go_once_enough_rows_show_it(rows: int, verdict: str) -> None:
    assert verdict_of(lists(rows, lambda codes: len(codes) / 6), "reward by length") == verdict


def test_brackets_without_end_are_an_answer_that_says_nothing() -> None:
    deep = [answer(n, k, 0.0, "[" * 900 + "]" * 900) for n in range(6) for k in range(2)]
    evidence = GraderEvidence(golds=dict.fromkeys("012345", "[1]"))
    assert verdict_of(assess(deep, Ready(), {}, evidence), "reward by length") == "not applicable"


@pytest.mark.parametrize(("noise", "verdict"), [(0.1, "pass"), (3.0, "fail")])
def test_the_reward_must_rank_as_the_real_test(noise: float, verdict: str) -> None:
    rng = np.random.default_rng(3)
    records = [
        answer(n, k, r := float(rng.random()), "{}", real=r + noise * rng.normal())
        for n in range(60)
        for k in range(4)
    ]
    ready = Ready(real_metric="real")
    assert verdict_of(assess(records, ready, {}), "reward and real test") == verdict


def test_rows_where_all_agree_on_another_answer_are_named() -> None:
    records = [
        answer(n, k, float(n > 60), "7" if n < 60 else str(k)) for n in range(100) for k in (1, 2)
    ]
    evidence = GraderEvidence(golds=dict.fromkeys(map(str, range(100)), "0"))
    check = sure_of_another(records, evidence)
    assert check.verdict == "warn"
    assert "On 60 rows all answers are the same" in check.advice


def test_a_right_answer_that_a_judge_scores_below_1_is_not_another_answer() -> None:
    records = [answer(n, k, 0.9, '{"x": 7}') for n in range(100) for k in (1, 2)]
    evidence = GraderEvidence(golds=dict.fromkeys(map(str, range(100)), '{"x": 7}'))
    assert sure_of_another(records, evidence).verdict == "pass"


def sure_of_another(records: list[Record], evidence: GraderEvidence) -> Check:
    checks = assess(records, Ready(), {}, evidence).checks
    return next(check for check in checks if check.name == "sure of another answer")


def test_the_forecast_multiplies_what_was_measured() -> None:
    ready = Ready.model_validate({"prices": {"here": {"answer": 2.0}}})
    records = [answer(n, k, 0.5, "{}") for n in range(10) for k in range(2)]
    job = assess(records, ready, {}, GraderEvidence(train_rows=100), max_tokens=90).forecast
    assert job.answers == 100 * 8 * 3
    assert job.answer_tokens.value == 50 * job.answers
    assert job.most_answer_tokens == 90 * job.answers
    assert job.costs["here"].value == pytest.approx(2.0 * 50 * job.answers / 1e6)


def test_partial_credit_keeps_a_row_in_reach() -> None:
    rewards: list[list[float | None]] = [[0.2, 0.5, 0.7, 0.4] * 2] * 120
    assert verdict_of(judge(rewards), "rows out of reach") == "pass"
    assert verdict_of(judge(same(0.5, 120)), "rows out of reach") == "fail"
