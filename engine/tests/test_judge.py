"""`rft judge`: a judge without fault passes, and each planted fault is found by its own check."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests import judged_toy
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.judged_toy import ToyJudge

Rft = Callable[..., Outcome]
Examine = Callable[..., dict[str, Any]]


project = judged_toy.project


@pytest.fixture
def examine(rft: Rft, endpoint: Endpoint) -> Examine:
    """What `rft judge --json` says of a judge."""

    def run(judge: Any, *arguments: str) -> dict[str, Any]:
        endpoint.reply = judge
        outcome = rft("judge", "--json", "--repeats", "2", *arguments)
        result: dict[str, Any] = json.loads(outcome.out)
        assert outcome.code == (result["verdict"] != "GO")
        return result

    return run


def verdicts(result: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in result["checks"]}


def test_a_judge_without_fault_passes(examine: Examine) -> None:
    result = examine(ToyJudge())
    assert (result["verdict"], set(verdicts(result).values())) == ("GO", {"pass"})
    assert result["repeat_variance"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("judge", "check"),
    [
        (ToyJudge(judged_toy.verbose), "padded answers"),
        (ToyJudge(judged_toy.first_wins), "criteria reversed"),
        (ToyJudge(judged_toy.obedient), "injected orders"),
        (ToyJudge(judged_toy.moody), "same answer again, verdicts that change"),
        (ToyJudge(judged_toy.lenient), "met too often"),
        (ToyJudge(judged_toy.harsh), "met too often"),
        (ToyJudge(judged_toy.careless), "kappa with labels"),
        (ToyJudge(off=0.2), "score against steps"),
        (ToyJudge(garbled=0.5), "unreadable"),
    ],
    ids=lambda value: value.fault.__name__ if isinstance(value, ToyJudge) else value,
)
def test_each_planted_fault_is_found_by_its_own_check(
    examine: Examine, judge: ToyJudge, check: str
) -> None:
    result = examine(judge)
    assert result["verdict"] == "NO-GO"
    assert {verdicts(result)[name] for name in check.split(", ")} == {"fail"}
