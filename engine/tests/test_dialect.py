"""What vendors say when they refuse a field, or what a model generated: collected refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rft.config import Sampling
from rft.dialect import Dialect, instructed_by
from rft.endpoint import Fault, message_in
from rft.rollouts import rejected_answer

SENT = {
    "model": "m",
    "messages": [{"role": "developer", "content": "x"}, {"role": "user", "content": "y"}],
    "max_completion_tokens": 512,
    "seed": 1,
    "temperature": 0.3,
    "response_format": {"type": "json_schema", "json_schema": {}},
}
REFUSALS = [
    json.loads(line)
    for line in Path(__file__).with_name("refusals.jsonl").read_text(encoding="utf-8").split("\n")
    if line
]
FIELDS = [(case["refused"], case["reply"]) for case in REFUSALS if "refused" in case]
GENERATIONS = [
    (case["rejected_generation"], case["reply"])
    for case in REFUSALS
    if "rejected_generation" in case
]


def refusal(body: Any) -> Fault:
    body = {"error": {"message": body}} if isinstance(body, str) else body
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code", "") if isinstance(error, dict) else ""
    return Fault("refused", "http://h", message_in(body), 400, str(code), body)


@pytest.mark.parametrize(("name", "body"), FIELDS)
def test_a_refusal_names_what_can_be_left_out(name: str, body: Any) -> None:
    dialect = Dialect(Sampling(), "openai")
    assert dialect.learn(refusal(body), SENT) is bool(name)
    assert dialect.refused == [name] * bool(name)


@pytest.mark.parametrize(("rejected", "body"), GENERATIONS)
def test_a_rejected_generation_is_told_from_a_rejected_request(rejected: bool, body: Any) -> None:
    assert (rejected_answer(refusal(body), ()) is not None) is rejected


@pytest.mark.parametrize(
    ("refused", "kind"),
    [([], "json_schema"), (["json_schema"], "json_object"), (["json_schema", "json_object"], None)],
)
def test_a_refused_format_gives_way_to_a_weaker_one(refused: list[str], kind: str | None) -> None:
    body = Dialect(Sampling(), "openai", refused).body(SENT)
    assert body.get("response_format", {}).get("type") == kind


def test_a_refused_limit_gives_way_to_the_other_and_then_to_none() -> None:
    for refused, names in (
        ([], {"max_completion_tokens"}),
        (["max_completion_tokens"], {"max_tokens"}),
    ):
        body = Dialect(Sampling(), "openai", refused).body(SENT)
        assert {"max_tokens", "max_completion_tokens"} & body.keys() == names
    dialect = Dialect(Sampling(), "openai", ["max_completion_tokens", "max_tokens"])
    assert "no token limit is sent" in dialect.notes()[0]


def test_instructions_of_the_user_come_first_in_one_message() -> None:
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert instructed_by(messages, "user") == [{"role": "user", "content": "a\n\nb"}]
