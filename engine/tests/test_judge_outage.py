"""A judge that fails in the middle of `rft eval` costs nobody a reward, and nothing is lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rft import runs
from tests import judged_toy
from tests.conftest import Outcome
from tests.endpoint import Endpoint, Reply, completion
from tests.judged_toy import ToyJudge
from tests.stored import stored

Rft = Callable[..., Outcome]
Fault = Callable[[dict[str, Any]], Reply]
project = judged_toy.project
WORDS = {"adobe": "[c1]", "basil": "[c1][c2]", "coral": "[c4]", "denim": "[c1][c2][c3][c4]"}
PLANNED = 2 * len(WORDS)


def policy(body: dict[str, Any]) -> Reply:
    """The model under test: one word right, the others not, each with some of the criteria."""
    word = body["messages"][-1]["content"]
    spelt = word[::-1] if word == "denim" else word
    return 200, completion(json.dumps({"backwards": spelt, "note": WORDS[word]})), {}


def vendor_reply(status: int, page: str, **headers: str) -> Fault:
    return lambda body: (status, page, {"retry-after-ms": "1", **headers})


FAULTS = {
    "429 storm": vendor_reply(429, '{"error": {"message": "slow down"}}'),
    "500": vendor_reply(500, "oops"),
    "a page": vendor_reply(200, "<html>Be right back</html>"),
    "half an answer": vendor_reply(200, '{"choices": [{"mess'),
    "no completion": vendor_reply(200, "[]"),
    "no choice": vendor_reply(200, '{"choices": []}'),
    "prose": lambda body: (200, completion("Quite good, I would say."), {}),
    "no number": lambda body: (200, completion('{"result": "good", "steps": []}'), {}),
}


@pytest.fixture
def judge(endpoint: Endpoint) -> Iterator[Endpoint]:
    """The judge's own endpoint; the other one serves the model."""
    endpoint.reply = policy
    with Endpoint() as server:
        server.reply = ToyJudge()
        yield server


@pytest.fixture
def run(rft: Rft, project: Path, endpoint: Endpoint) -> Callable[[str], Outcome]:
    """`rft eval` with the judge at an address."""
    toml = (project / "rft.toml").read_text().partition("[judge]")[0]
    toml = toml.replace("[models]", f'base_url = "{endpoint.url}"\n[models]')

    def evaluate(url: str, *arguments: str) -> Outcome:
        (project / "rft.toml").write_text(f'{toml}[judge]\nbase_url = "{url}"\n')
        return rft("eval", *arguments)

    return evaluate


def rewards(project: Path) -> dict[tuple[str, int], float | None]:
    """The newest reward of each answer in the newest run."""
    return {(r.item_id, r.k): r.reward for r in runs.latest(project / "runs").records()}


@pytest.fixture
def undisturbed(run: Callable[..., Outcome], judge: Endpoint, project: Path) -> Any:
    """The rewards when nothing fails, and what was printed of them."""
    outcome = run(judge.url)
    assert (outcome.code, len(rewards(project))) == (0, PLANNED)
    return rewards(project), outcome.out.splitlines()[1:3]


def after(calls: int, fault: Fault) -> Fault:
    """A right judge that fails from some call on."""
    right, count = ToyJudge(), itertools.count()
    return lambda body: right(body) if next(count) < calls else fault(body)


@pytest.mark.parametrize("name", FAULTS)
def test_an_outage_scores_nothing_and_the_run_ends_as_an_undisturbed_one(
    run: Callable[..., Outcome],
    judge: Endpoint,
    endpoint: Endpoint,
    project: Path,
    undisturbed: Any,
    name: str,
) -> None:
    judge.reply, endpoint.bodies[:] = after(3, FAULTS[name]), []
    run(judge.url, "--new")
    half = rewards(project)
    assert sum(reward is None for reward in half.values()) == PLANNED - 3
    assert all(reward in (None, undisturbed[0][key]) for key, reward in half.items())
    judge.reply = ToyJudge()
    outcome = run(judge.url)
    assert (rewards(project), outcome.out.splitlines()[1:3]) == undisturbed
    assert len(endpoint.bodies) == PLANNED  # no answer was drawn twice


def test_a_judge_that_is_gone_scores_nothing_and_may_come_back_elsewhere(
    run: Callable[..., Outcome],
    judge: Endpoint,
    endpoint: Endpoint,
    project: Path,
    undisturbed: Any,
) -> None:
    count = itertools.count()

    def last_breath(body: dict[str, Any]) -> Reply:
        if next(count) == 3:
            judge.stop_listening()
        return policy(body)

    endpoint.reply = last_breath
    run(judge.url, "--new")
    half = rewards(project)
    assert None in half.values()
    assert all(reward in (None, undisturbed[0][key]) for key, reward in half.items())
    with Endpoint() as elsewhere:
        elsewhere.reply = ToyJudge()
        outcome = run(elsewhere.url)
    assert (rewards(project), outcome.out.splitlines()[1:3]) == undisturbed


def test_the_flag_of_an_unreadable_judgement_is_kept(
    run: Callable[..., Outcome], judge: Endpoint
) -> None:
    judge.reply = after(3, FAULTS["prose"])
    outcome = run(judge.url)
    assert f"model_grader_parse_error {PLANNED - 3}" in outcome.out
    assert f"{PLANNED - 3} answers could not be graded (not scored)" in outcome.out


def test_the_judges_reasons_are_in_the_records(
    run: Callable[..., Outcome], judge: Endpoint, project: Path
) -> None:
    run(judge.url, "--limit", "1", "--samples", "1")
    steps = stored(project)[0]["grade"]["judge_steps"]["style"]
    assert steps[0] == {"description": "c1: looked for it", "conclusion": "met"}


def test_a_judge_whose_key_is_refused_costs_no_answer(
    run: Callable[..., Outcome], judge: Endpoint, endpoint: Endpoint, project: Path
) -> None:
    judge.reply = after(1, vendor_reply(401, '{"error": {"message": "expired"}}'))
    assert run(judge.url).code == 2
    sampled = len(endpoint.bodies)
    judge.reply = ToyJudge()
    assert run(judge.url).code == 0
    assert (len(endpoint.bodies), sampled > 1) == (PLANNED, True)


def test_a_request_that_the_judge_refuses_is_not_offered_for_another_try(
    run: Callable[..., Outcome], judge: Endpoint
) -> None:
    judge.reply = after(3, vendor_reply(400, '{"error": {"message": "this prompt is too long"}}'))
    outcome = run(judge.url)
    assert "were refused by the endpoint (not scored)" in outcome.out
    assert "them again." not in outcome.out
