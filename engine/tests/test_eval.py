"""`rft eval` against an endpoint that behaves, and against every way it can fail."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome
from tests.endpoint import Endpoint, Reply, backwards, completion
from tests.stored import run_apart, stored
from tests.toy import point_to, row

Rft = Callable[..., Outcome]
ERROR = {"error": {"message": "told by the vendor", "code": "x"}}


@pytest.fixture
def served(project: Path, endpoint: Endpoint) -> Endpoint:
    """The toy project points to the test's endpoint."""
    point_to(project, endpoint.url)
    return endpoint


def failing(times: int, status: int, **headers: str) -> Callable[[dict[str, Any]], Reply]:
    """Fail the first calls, then answer."""
    calls = itertools.count()

    def reply(body: dict[str, Any]) -> Reply:
        if next(calls) < times:
            return status, ERROR, {name.replace("_", "-"): v for name, v in headers.items()}
        return backwards(body)

    return reply


def test_every_row_is_sampled_graded_and_kept(rft: Rft, project: Path, served: Endpoint) -> None:
    outcome = rft("eval")
    assert outcome.code == 0
    assert "mean reward 1.00" in outcome.out
    assert len(stored(project)) == 8


def test_a_finished_run_is_shown_and_not_paid_twice(rft: Rft, served: Endpoint) -> None:
    rft("eval")
    asked = len(served.bodies)
    assert "holds all 8 answers already" in rft("eval").out
    assert len(served.bodies) == asked


def test_new_draws_anew(rft: Rft, served: Endpoint) -> None:
    rft("eval")
    rft("eval", "--new")
    assert len({body["seed"] for body in served.bodies}) == 16


def test_a_limit_is_a_fixed_choice_and_a_larger_one_holds_it(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    chosen = []
    for limit in ("1", "2", "3"):
        rft("eval", "--limit", limit, "--samples", "1")
        chosen.append({r["item_id"] for r in stored(project)})
    assert [len(ids) for ids in chosen] == [1, 2, 3]


def test_the_rows_with_the_shortest_prompts_can_be_chosen(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    lines = [json.dumps(row(word)) for word in ("abcdefgh", "ab", "abcdef", "abcd")]
    (project / "task/data/validation.jsonl").write_text("\n".join(lines))
    with (project / "rft.toml").open("a") as settings:
        settings.write("[eval]\nshortest = true\nlimit = 2\n")
    rft("eval")
    assert {r["item_id"] for r in stored(project)} == {"ab", "abcd"}


def test_the_request_holds_schema_seed_and_limits(rft: Rft, served: Endpoint) -> None:
    rft("eval", "--limit", "1")
    body = served.bodies[0]
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["backwards"]
    assert body["max_completion_tokens"] == 512
    assert len({b["seed"] for b in served.bodies}) == 2


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_passing_fault_is_retried_and_leaves_no_trace(
    rft: Rft, project: Path, served: Endpoint, status: int
) -> None:
    served.reply = failing(2, status, retry_after_ms="5")
    assert rft("eval").code == 0
    assert all("error" not in r for r in stored(project))


def test_the_server_says_how_long_to_wait(rft: Rft, served: Endpoint) -> None:
    served.reply = failing(1, 429, retry_after="0.6")
    begun = time.monotonic()
    rft("eval", "--limit", "1", "--samples", "1")
    assert time.monotonic() - begun >= 0.6


def test_an_outage_scores_nothing_and_the_next_call_mends_it(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    def broken_for_coral(body: dict[str, Any]) -> Reply:
        if body["messages"][-1]["content"] == "coral":
            return 500, ERROR, {"retry-after-ms": "1"}
        return backwards(body)

    served.reply = broken_for_coral
    outcome = rft("eval")
    assert "mean reward 1.00" in outcome.out
    assert "2 answers are missing (not scored)" in outcome.out
    assert all(r.get("grade", {}).get("reward") != 0 for r in stored(project))
    served.reply = backwards
    asked = len(served.bodies)
    rft("eval")
    assert len(served.bodies) == asked + 2


def test_an_endpoint_that_dies_stops_the_run_with_one_sentence(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    served.reply = lambda body: (500, ERROR, {"retry-after-ms": "1"})
    outcome = rft("eval")
    assert outcome.code == 3
    assert "8 answers in a row" in outcome.err
    assert "told by the vendor" in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "finish"),
    [("no JSON at all", "stop"), ('{"backwards": "ebo', "length"), (None, "content_filter")],
)
def test_a_models_failure_scores_zero(
    rft: Rft, project: Path, served: Endpoint, text: str | None, finish: str
) -> None:
    served.reply = lambda body: (200, completion(text, finish), {})
    assert rft("eval").code == 0
    assert {r["grade"]["reward"] for r in stored(project)} == {0.0}


def test_a_wrong_key_stops_at_once(
    rft: Rft, served: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    served.models = (401, {"error": {"message": "Incorrect API key provided: sk-wrong"}}, {})
    outcome = rft("eval")
    assert outcome.code == 2
    assert "refused the key (401)" in outcome.err
    assert "sk-wrong" not in outcome.err + outcome.out
    assert served.bodies == []


def test_an_unknown_model_is_named(rft: Rft, served: Endpoint) -> None:
    served.reply = lambda body: (404, ERROR, {})
    outcome = rft("eval", "--model", "no-such")
    assert outcome.code == 2
    assert "knows no model 'no-such'" in outcome.err


def test_an_address_where_nobody_is(rft: Rft, project: Path) -> None:
    point_to(project, "http://127.0.0.1:9/v1")
    outcome = rft("eval", "--limit", "1")
    assert outcome.code == 3
    assert "http://127.0.0.1:9/v1/ cannot be reached" in outcome.err
    assert outcome.err.count("\n") == 1


def test_an_address_that_is_not_an_api(rft: Rft, served: Endpoint) -> None:
    served.reply = lambda body: (200, "<html>Welcome</html>", {"content-type": "text/html"})
    outcome = rft("eval")
    assert outcome.code == 3
    assert outcome.err.count("\n") == 1


def test_the_key_is_sent_and_never_written(
    rft: Rft, project: Path, served: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-SECRET")
    served.reply = lambda body: (400, {"error": {"message": "bad key sk-SECRET"}}, {})
    outcome = rft("eval")
    assert served.keys == {"Bearer sk-SECRET"}
    written = "".join(p.read_text() for p in project.glob("runs/*/*.json*"))
    assert "sk-SECRET" not in written + outcome.out + outcome.err


def test_the_key_may_come_from_dotenv(rft: Rft, project: Path, served: Endpoint) -> None:
    (project / ".env").write_text("OPENAI_API_KEY=sk-dotenv\n")
    try:
        rft("eval", "--limit", "1")
    finally:
        os.environ.pop("OPENAI_API_KEY", None)
    assert served.keys == {"Bearer sk-dotenv"}


def test_broken_rows_stop_before_anything_is_asked(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    path = project / "task/data/validation.jsonl"
    path.write_text(path.read_text() + "{broken\n")
    outcome = rft("eval")
    assert outcome.code == 1
    assert "validation.jsonl:5" in outcome.err
    assert served.bodies == []


@pytest.mark.skipif(os.name == "nt", reason="file size limits are POSIX")
def test_a_full_disk_is_one_sentence_and_loses_nothing(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    import resource

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1200, 1200))

    process = run_apart(project, "eval", preexec_fn=small_files)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 3
    assert "cannot be written" in err
    assert "Traceback" not in err
    assert rft("eval").code == 0
    assert len({(r["item_id"], r["k"]) for r in stored(project)}) == 8
