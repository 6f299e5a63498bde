"""`rft eval --batch` against a vendor with a Batch API, and every way a batch can end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rft import batch
from tests.batch_vendor import BatchVendor
from tests.conftest import Outcome
from tests.endpoint import Reply, backwards, completion
from tests.stored import stored
from tests.toy import point_to

Rft = Callable[..., Outcome]


@pytest.fixture
def vendor(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchVendor]:
    """The toy project points to a vendor with a Batch API, who is asked without pauses."""
    monkeypatch.setattr(batch, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(batch, "LONGEST_WAIT_S", 0.0)
    with BatchVendor() as served:
        point_to(project, served.url)
        yield served


def refusing(word: str, status: int, message: str, **error: Any) -> Callable[[Any], Reply]:
    """Refuse the requests about one word."""

    def reply(body: dict[str, Any]) -> Reply:
        if body["messages"][-1]["content"] == word:
            return status, {"error": {"message": message, **error}}, {}
        return backwards(body)

    return reply


def test_answers_come_by_batch_and_are_graded(rft: Rft, project: Path, vendor: BatchVendor) -> None:
    outcome = rft("eval", "--batch")
    assert outcome.code == 0
    assert "mean reward 1.00" in outcome.out
    assert "batch-1: 8 requests sent" in outcome.out
    assert len(stored(project)) == 8
    assert not list(project.glob("runs/*/.batch.jsonl"))


def test_the_requests_are_those_of_rft_eval(rft: Rft, vendor: BatchVendor) -> None:
    rft("eval", "--batch", "--limit", "1")
    assert vendor.bodies[0]["max_completion_tokens"] == 512
    assert vendor.bodies[0]["messages"][0]["role"] == "system"
    assert len({body["seed"] for body in vendor.bodies}) == 2


def test_a_whole_run_sends_nothing(rft: Rft, vendor: BatchVendor) -> None:
    rft("eval", "--batch")
    assert "holds all 8 answers already" in rft("eval", "--batch").out
    assert len(vendor.batches) == 1


def test_several_batches_keep_the_limits(
    rft: Rft, project: Path, vendor: BatchVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_REQUESTS", 3)
    vendor.most_requests = 3
    assert rft("eval", "--batch").code == 0
    assert len(vendor.batches) == 3
    assert len(stored(project)) == 8


def test_a_file_never_exceeds_the_limit_of_bytes(
    rft: Rft, vendor: BatchVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_BYTES", 2000)
    assert rft("eval", "--batch").code == 0
    inputs = [vendor.files[b["input_file_id"]] for b in vendor.batches.values()]
    assert len(inputs) > 1
    assert all(len(content) <= 2000 for content in inputs)


def test_a_command_that_was_stopped_goes_on_with_the_same_batch(
    rft: Rft, project: Path, vendor: BatchVendor
) -> None:
    settings = project / "rft.toml"
    text = settings.read_text()
    settings.write_text(text + "run_timeout_s = 1e-9\n")
    assert rft("eval", "--batch").code == 1
    settings.write_text(text)
    assert rft("eval", "--batch").code == 0
    assert len(vendor.bodies) == 8


def test_a_batch_whose_creation_was_not_confirmed_is_found_again(
    rft: Rft, project: Path, vendor: BatchVendor
) -> None:
    vendor.lose_answer = True
    assert rft("eval", "--batch").code == 3
    vendor.lose_answer = False
    assert rft("eval", "--batch").code == 0
    assert len(vendor.batches) == 1
    assert len(stored(project)) == 8


def test_a_batch_that_was_never_created_is_sent_again(rft: Rft, vendor: BatchVendor) -> None:
    vendor.lose_answer = True
    rft("eval", "--batch")
    vendor.lose_answer = False
    vendor.batches.clear()
    assert rft("eval", "--batch").code == 0
    assert len(vendor.batches) == 1


@pytest.mark.parametrize("ending", ["expired", "cancelled"])
def test_what_a_batch_left_out_is_missing_and_sent_by_the_next_command(
    rft: Rft, vendor: BatchVendor, ending: str
) -> None:
    vendor.ending, vendor.answered = ending, 5
    outcome = rft("eval", "--batch")
    assert outcome.code == 0
    assert "3 answers are missing (not scored): The batch ended without this answer" in outcome.out
    vendor.ending, vendor.answered = "completed", 10**9
    rft("eval", "--batch")
    assert len(vendor.bodies) == 8 + 3


def test_lines_that_are_in_no_file_are_missing(rft: Rft, vendor: BatchVendor) -> None:
    vendor.ending, vendor.answered, vendor.says_why = "cancelled", 5, False
    assert ", 5 answers" in rft("eval", "--batch").out
    vendor.ending, vendor.answered = "completed", 10**9
    assert ", 8 answers" in rft("eval", "--batch").out
    assert len(vendor.bodies) == 8 + 3


def test_one_bad_request_is_refused_like_one_by_one(
    rft: Rft, project: Path, vendor: BatchVendor
) -> None:
    vendor.reply = refusing("coral", 400, "flagged by content policy")
    outcome = rft("eval", "--batch")
    assert "2 answers were refused by the endpoint" in outcome.out
    assert len(vendor.batches) == 1
    assert {r["item_id"] for r in stored(project) if r.get("refused")} == {"coral"}


def test_an_outage_of_some_lines_scores_nothing(rft: Rft, vendor: BatchVendor) -> None:
    vendor.reply = refusing("coral", 500, "overloaded")
    assert "2 answers are missing (not scored): The endpoint answered 500" in (
        rft("eval", "--batch").out
    )


def test_a_generation_that_the_vendor_rejected_scores_zero(
    rft: Rft, project: Path, vendor: BatchVendor
) -> None:
    code = "json_validate_failed"
    vendor.reply = refusing("coral", 400, "it failed", code=code, failed_generation="{")
    assert rft("eval", "--batch").code == 0
    rewards = {r["item_id"]: r["grade"]["reward"] for r in stored(project)}
    assert rewards == {"adobe": 1, "basil": 1, "coral": 0, "denim": 1}


def test_a_field_that_is_refused_line_by_line_is_left_out_in_a_second_batch(
    rft: Rft, project: Path, vendor: BatchVendor
) -> None:
    def no_seed(body: dict[str, Any]) -> Reply:
        if "seed" in body:
            return 400, {"error": {"message": "Unsupported parameter: 'seed'", "param": "seed"}}, {}
        return backwards(body)

    vendor.reply = no_seed
    outcome = rft("eval", "--batch")
    assert outcome.code == 0
    assert "the endpoint refuses seed: it is not sent" in outcome.out
    assert len(vendor.batches) == 2
    assert len(stored(project)) == 8


def test_a_batch_that_fails_its_validation_says_why(rft: Rft, vendor: BatchVendor) -> None:
    vendor.ending = "failed"
    vendor.errors = [{"code": "invalid", "message": "model x has no batches", "line": 1}]
    outcome = rft("eval", "--batch")
    assert outcome.code == 2
    assert "batch-1 was refused (model x has no batches, line 1)" in outcome.err
    assert rft("eval", "--batch").code == 2
    assert len(vendor.batches) == 2


def test_a_queue_that_is_full_is_an_outside_failure(rft: Rft, vendor: BatchVendor) -> None:
    vendor.ending = "failed"
    vendor.errors = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}]
    assert rft("eval", "--batch").code == 3


def test_an_unknown_model_stops_the_run_and_not_for_ever(rft: Rft, vendor: BatchVendor) -> None:
    vendor.reply = lambda body: (404, {"error": {"message": "no such model"}}, {})
    outcome = rft("eval", "--batch")
    assert outcome.code == 2
    assert "knows no model 'toy-model'" in outcome.err
    vendor.reply = backwards
    assert rft("eval", "--batch").code == 0


def test_odd_replies_are_read_as_one_by_one(rft: Rft, project: Path, vendor: BatchVendor) -> None:
    text = "a\u2028b"
    vendor.reply = lambda body: (200, completion(text, "length", reasoning_content="why"), {})
    rft("eval", "--batch", "--limit", "1", "--samples", "1")
    (record,) = stored(project)
    assert record["sample"]["output_text"] == text
    assert record["sample"]["finish_reason"] == "length"
    assert record["sample"]["reasoning"] == "why"


def test_the_cap_is_kept_before_anything_is_sent(
    rft: Rft, project: Path, vendor: BatchVendor
) -> None:
    with (project / "rft.toml").open("a") as file:
        file.write("spending_cap = 9\nprice = 'p'\n[ready.prices.p]\nanswer = 1e6\n")
    outcome = rft("eval", "--batch")
    assert outcome.code == 1
    assert "may cost 4,096" in outcome.err
    assert not vendor.batches


def test_an_endpoint_without_batches_is_named(rft: Rft, project: Path, vendor: BatchVendor) -> None:
    point_to(project, vendor.url.replace("/v1", "/v2"))
    outcome = rft("eval", "--batch")
    assert outcome.code == 2
    assert "leave --batch out where there is no Batch API" in outcome.err


@pytest.mark.parametrize("options", [("--regrade",), ("--profile", "local")])
def test_a_batch_needs_a_vendor(rft: Rft, vendor: BatchVendor, options: tuple[str, ...]) -> None:
    assert rft("eval", "--batch", *options).code == 2


def test_no_key_is_kept(
    rft: Rft, project: Path, vendor: BatchVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret")
    rft("eval", "--batch")
    kept = [path for path in project.rglob("*") if path.is_file()]
    assert json.loads(next(p for p in kept if p.name == batch.FILE).read_text())["batches"]
    assert not any(b"sk-secret" in path.read_bytes() for path in kept)
