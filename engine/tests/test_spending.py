"""What a run costs: announced, counted, stopped at the cap and at the time limit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft.config import Settings
from rft.records import Grade, Record, Sample
from rft.spending import expected, judge_cost
from rft.thresholds import Price
from tests.conftest import Outcome
from tests.endpoint import Endpoint, Reply, completion
from tests.stored import stored
from tests.toy import point_to

Rft = Callable[..., Outcome]
PRICE = "price = 'toy'\n[ready.prices.toy]\nprompt = 1e6\nanswer = 1e6\n"
"""Each answer of the toy endpoint costs 10: 7 tokens of prompt, 3 of answer."""


@pytest.fixture
def served(project: Path, endpoint: Endpoint) -> Endpoint:
    """The toy project points to the test's endpoint, with one request in flight."""
    point_to(project, endpoint.url)
    return endpoint


def sampling(project: Path, lines: str) -> None:
    """Add lines to [sampling], which stands last in the toy's rft.toml."""
    file = project / "rft.toml"
    before = file.read_text().partition("#mark\n")[0]
    file.write_text(before.replace("concurrency = 2", "concurrency = 1") + "#mark\n" + lines)


def test_a_run_stops_at_its_cap_and_goes_on_when_it_is_raised(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    sampling(project, "spending_cap = 45\n" + PRICE)
    outcome = rft("eval")
    assert outcome.code == 1
    assert "about 40 of sampling.spending_cap = 45 are spent" in outcome.err
    assert len(served.bodies) == len(stored(project)) == 4
    assert rft("eval").code == 1
    assert len(served.bodies) == 4
    sampling(project, "spending_cap = 200\n" + PRICE)
    assert rft("eval").code == 0
    assert len(served.bodies) == 8


def test_answers_without_counts_are_estimated(rft: Rft, project: Path, served: Endpoint) -> None:
    def uncounted(body: dict[str, Any]) -> Reply:
        return 200, completion("word " * 40) | {"usage": None}, {}

    served.reply = uncounted
    sampling(project, "spending_cap = 150\n" + PRICE)
    assert rft("eval").code == 1
    assert len(served.bodies) == 2


def test_the_judge_is_paid_as_well() -> None:
    record = Record(item_id="a", k=0)
    record.grade = Grade(reward=1, judge_tokens={"j": {"prompt_tokens": 5, "completion_tokens": 1}})
    assert judge_cost(record, Price(answer=1e6, judge=1e5)) == pytest.approx(0.6)


@pytest.mark.parametrize(("threshold", "announced"), [(1, True), (1e9, False)])
def test_what_a_dear_run_will_cost_is_said_before(
    rft: Rft, project: Path, served: Endpoint, threshold: float, announced: bool
) -> None:
    sampling(project, f"announce_cost = {threshold:.0f}\n" + PRICE)
    assert ("expected: 8 answers" in rft("eval").out) == announced


def test_a_run_ends_at_its_time_limit_and_can_go_on(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    sampling(project, "run_timeout_s = 1e-9\n")
    outcome = rft("eval")
    assert outcome.code == 1
    assert "run_timeout_s" in outcome.err
    sampling(project, "")
    assert rft("eval").code == 0


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("spending_cap = 1\n", "needs sampling.price"),
        ("price = 'other'\n", "add it, with prompt, answer and judge per million tokens"),
    ],
)
def test_a_cap_needs_a_price(rft: Rft, project: Path, lines: str, sentence: str) -> None:
    sampling(project, lines)
    outcome = rft("eval")
    assert outcome.code == 2
    assert sentence in outcome.err


def settings(**sampling: Any) -> Settings:
    return Settings.model_validate(
        {
            "root": Path(),
            "project": {"name": "n", "use_case": "u"},
            "ready": {"prices": {"p": {"prompt": 1, "answer": 4}}},
            "sampling": {"price": "p", "max_tokens": 1000, "concurrency": 10, **sampling},
        }
    )


ROWS = {"a": {"messages": [{"role": "user", "content": "x" * 400}]}}


def test_earlier_answers_tell_length_and_time() -> None:
    sample = Sample(output_text="", usage={"completion_tokens": 50}, latency_s=2)
    coming = expected(settings(), ROWS, 1000, [Record(item_id="a", k=0, sample=sample)])
    assert str(coming) == (
        "expected: 1,000 answers, 0.10 M tokens in the prompts, 0.05 M in the answers; "
        "cost by [ready.prices.p] 0.30, at most 4.10; about 3 min"
    )


def test_a_budget_of_requests_decides_how_long_a_run_takes() -> None:
    assert expected(settings(requests_per_minute=60), ROWS, 120).seconds == 120
    assert expected(settings(), ROWS, 120).seconds is None
