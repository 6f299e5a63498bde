"""Verdicts on simulated projects whose truth is known."""

from __future__ import annotations

import pytest

from tests.simulated import compare_runs, simulate


def test_no_verdict_on_a_simulated_project_is_false() -> None:
    kinds = ["healthy", "too-hard", "bimodal", "length-hacked", "leakage"]
    tallies, verdicts = simulate(len(kinds), seed=2, kinds=kinds)
    assert sum(t.false_go + t.false_no_go for t in tallies.values()) == 0
    assert verdicts.get("bad: GO", 0) + verdicts.get("good: NO-GO", 0) == 0
    assert verdicts["kind healthy: GO"] == 1


@pytest.mark.slow
def test_a_thousand_projects_are_judged_rightly() -> None:
    tallies, verdicts = simulate(1_000)
    assert verdicts.get("bad: GO", 0) <= 10
    assert verdicts.get("good: NO-GO", 0) <= 10
    for name, tally in tallies.items():
        assert tally.false_go + tally.false_no_go <= 0.01 * max(1, tally.seen), name
        assert tally.right >= 0.95 * tally.clear, name
    cover = sum(t.covered for t in tallies.values()) / sum(t.intervals for t in tallies.values())
    assert 0.93 <= cover <= 0.97


@pytest.mark.slow
def test_comparisons_err_and_see_as_often_as_they_say() -> None:
    assert 0.04 <= compare_runs(2_000, power=False) <= 0.06
    assert 0.77 <= compare_runs(1_000, power=True) <= 0.83
