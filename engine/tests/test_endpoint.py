"""Keys, refusals and error messages: what an endpoint may do to `rft eval` beside its answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft import runs
from rft.endpoint import async_client, message_in
from rft.errors import OutsideError
from rft.forecast import forecast
from rft.records import Grade, Record, Sample
from rft.redaction import key_fault, redact_keys
from rft.rollouts import check_reachable
from rft.thresholds import Ready
from tests.conftest import Outcome
from tests.endpoint import Endpoint, Reply, backwards, completion
from tests.stored import keep_answers
from tests.toy import point_to

Rft = Callable[..., Outcome]
KEY = "sk-VERYSECRET-0123"


@pytest.fixture
def served(project: Path, endpoint: Endpoint) -> Endpoint:
    """The toy project points to the test's endpoint."""
    point_to(project, endpoint.url)
    return endpoint


@pytest.fixture
def written(project: Path) -> Callable[[Outcome], str]:
    """All that a command printed and all that is on disk below the project."""

    def everything(outcome: Outcome) -> str:
        files = (p for p in project.rglob("*") if p.is_file() and p.name != ".env")
        return outcome.out + outcome.err + "".join(p.read_text(errors="replace") for p in files)

    return everything


def run_info(project: Path) -> dict[str, Any]:
    (path,) = project.glob("runs/*/run.json")
    return dict(json.loads(path.read_text()))


# Keys


@pytest.mark.parametrize(
    ("key", "fault"),
    [("sk-A\nB", "line break"), ("sk-A\x00", "control"), ("schlüssel", "ASCII"), ("a b", "space")],
)
def test_a_key_that_no_header_can_hold_is_refused_by_its_variables_name(
    rft: Rft, served: Endpoint, monkeypatch: pytest.MonkeyPatch, key: str, fault: str
) -> None:
    if "\x00" in key:  # the system refuses it already
        assert fault in key_fault(key)
        return
    monkeypatch.setenv("OPENAI_API_KEY", key)
    outcome = rft("eval")
    assert outcome.code == 2
    assert "OPENAI_API_KEY holds" in outcome.err
    assert fault in outcome.err
    assert (key in outcome.err, served.bodies) == (False, [])


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize(
    "quote",
    [
        "bad key {key}", {"error": {"message": "bad key {key}"}}, {"detail": [{"msg": "{key}"}]},
        {"error": "Authorization: Bearer {key}"}, "<html><title>{key}</title></html>",
        {"Message": "key {key} in https://u:{key}@h/?api_key={key}"},
    ],
    ids=str,
)  # fmt: skip
def test_no_key_is_written_or_printed_whatever_the_vendor_quotes(
    rft: Rft,
    served: Endpoint,
    written: Callable[[Outcome], str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    quote: Any,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    body = json.dumps(quote).replace("{key}", KEY)
    served.reply = lambda sent: (status, json.loads(body), {"retry-after-ms": "1"})
    outcome = rft("--debug", "eval", "--limit", "1", "--samples", "1")
    assert served.bodies
    assert KEY not in written(outcome)


@pytest.mark.parametrize("quoted", [KEY, repr(KEY.encode()), f"x{KEY}y", f"Bearer {KEY}"])
def test_every_message_of_ours_is_redacted(quoted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_GATEWAY_TOKEN", KEY)
    assert KEY not in str(OutsideError(f"it said {quoted}"))


@pytest.mark.parametrize("quoted", ["sk-A\\nB", "sk-A\nB", "sk-A%0AB"])
def test_a_key_is_found_as_a_library_would_quote_it(quoted: str) -> None:
    assert redact_keys(f"Illegal header value b'Bearer {quoted}'", "sk-A\nB").count("***") == 1


def test_words_that_are_not_secret_stay() -> None:
    text = "model ollama/llama3 of https://h/v1?version=2 has no key"
    assert redact_keys(text, "no-key", "ollama", "x") == text


# Runs that cannot go on


@pytest.mark.parametrize(
    "reply",
    [(200, "", {}), (200, "<html>hello</html>", {}), (400, {"error": "no"}, {}), (500, "down", {})],
    ids=str,
)
def test_a_run_without_any_score_ends_with_exit_code_3(
    rft: Rft, served: Endpoint, reply: Reply
) -> None:
    served.reply = lambda body: (*reply[:2], {"retry-after-ms": "1"})
    outcome = rft("eval", "--limit", "1")
    assert outcome.code == 3
    assert "no answer was scored" in outcome.err
    assert "next: rft ready" not in outcome.out


def test_answers_on_their_way_are_kept_when_a_run_stops(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        word = body["messages"][-1]["content"]
        if word == "adobe":
            return 401, {"error": "expired"}, {}
        time.sleep(0.3)
        return backwards(body)

    served.reply = reply
    assert rft("eval", "--samples", "1").code == 2
    (path,) = project.glob("runs/*/records.jsonl")
    assert path.read_text().count('"reward":1.0') == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "[]"), (200, "null"), (200, "3"), (200, '"models"'), (200, "<html></html>"), (200, ""),
     (200, '{"data": [null]}'), (403, "{}"), (404, "not found"), (405, ""), (500, "down")],
)  # fmt: skip
def test_the_list_of_models_is_not_needed(endpoint: Endpoint, status: int, body: str) -> None:
    endpoint.models = (status, body, {"retry-after-ms": "1"})

    async def check() -> None:
        async with async_client(endpoint.url, "k", max_retries=0, timeout_s=5) as client:
            await check_reachable(client)

    asyncio.run(check())


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (402, "x", "has no credit left"),
        (429, "insufficient_quota", "has no credit left"),
        (410, "x", "knows no model"),
        (400, "model_not_found", "knows no model"),
        (403, "x", "does not allow this"),
    ],
)
def test_what_no_later_request_can_change_stops_the_run_at_once(
    rft: Rft, served: Endpoint, status: int, code: str, words: str
) -> None:
    body = {"error": {"message": "no", "code": code}}
    served.reply = lambda sent: (status, body, {"retry-after-ms": "1"})
    outcome = rft("eval")
    assert outcome.code == 2
    assert words in outcome.err


# Errors in their envelopes


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "too hot"}}, {"error": "too hot"}, {"detail": "too hot"},
        {"Message": "too hot"}, {"message": "too hot"}, {"message": {"detail": "too hot"}},
        {"detail": [{"msg": "too hot", "loc": ["body", "x"]}]}, [{"error": {"message": "too hot"}}],
        "too hot", "<html><head><title>too hot</title></head><body>x</body></html>",
        {"errors": ["too hot"]}, {"error": {"metadata": {"raw": "too hot"}, "message": "Provider"}},
        {"error": {"error": {"message": "too hot"}}}, {"title": "too hot", "status": 400},
    ],
    ids=str,
)  # fmt: skip
def test_an_error_is_shown_whatever_its_envelope(rft: Rft, served: Endpoint, body: Any) -> None:
    served.reply = lambda sent: (400, body, {})
    outcome = rft("eval", "--limit", "1", "--samples", "1")
    assert "too hot" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_long_error_is_shortened_and_control_characters_are_visible(
    rft: Rft, served: Endpoint
) -> None:
    served.reply = lambda sent: (400, {"error": "\x1b[31mred " + "x" * 9_000}, {})
    outcome = rft("eval", "--limit", "1", "--samples", "1")
    assert "\x1b" not in outcome.err
    assert "U+001B" in outcome.err
    assert len(outcome.err) < 600


@pytest.mark.parametrize("body", [None, [], {}, 3, True, [[[]]], {"error": None}, {"detail": [{}]}])
def test_any_body_has_a_message(body: object) -> None:
    assert isinstance(message_in(body), str)


# Parameters that an endpoint refuses


def refusing(test: Callable[[dict[str, Any]], Any], message: Any, status: int = 400) -> Any:
    """An endpoint that refuses the requests for which `test` is true."""
    body = message if isinstance(message, dict) else {"error": {"message": message}}
    return lambda sent: (status, body, {"retry-after-ms": "1"}) if test(sent) else backwards(sent)


def has(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda sent: name in sent


def schema(sent: dict[str, Any]) -> bool:
    return bool(sent.get("response_format", {}).get("type") == "json_schema")


def extra(name: str) -> dict[str, Any]:
    return {"detail": [{"type": "extra_forbidden", "loc": ["body", name],
                        "msg": "Extra inputs are not permitted", "input": 7}]}  # fmt: skip


REFUSALS = {
    "OpenAI's cap": (
        has("max_completion_tokens"),
        {"error": {"message": "Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens'.",
                   "param": "max_completion_tokens", "code": "unsupported_parameter"}},
        "max_completion_tokens"),
    "an unknown cap": (has("max_completion_tokens"), extra("max_completion_tokens"),
                       "max_completion_tokens"),
    "Mistral's seed": (has("seed"), {"object": "error", "message": extra("seed")}, "seed"),
    "LiteLLM's seed": (
        has("seed"), "litellm.UnsupportedParamsError: bedrock does not support parameters: "
        "['seed'], for model=x. To drop these, set `litellm.drop_params=True`", "seed"),
    "an unknown seed": (has("seed"), {"error": "Unrecognized request argument supplied: seed"},
                        "seed"),
    "a fixed temperature": (
        has("temperature"),
        {"error": {"message": "Unsupported value: 'temperature' does not support 0.3 with this "
                   "model. Only the default (1) value is supported.", "param": "temperature",
                   "code": "unsupported_value"}}, "temperature"),
    "no schema": (schema, "'response_format.type' json_schema is not supported", "json_schema"),
    "no schema at DeepSeek": (schema, "This response_format type is unavailable now",
                              "json_schema"),
    "no structured output": (schema, "structured outputs are not supported by this model",
                             "json_schema"),
    "no format": (has("response_format"), extra("response_format"), "json_schema"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_parameter_is_learned_reported_and_kept_for_the_run(
    rft: Rft, project: Path, served: Endpoint, name: str, status: int
) -> None:
    test, message, parameter = REFUSALS[name]
    toml = project / "rft.toml"
    toml.write_text(toml.read_text() + "temperature = 0.3\n")
    served.reply = refusing(test, message, status)
    outcome = rft("eval")
    assert outcome.code == 0
    assert "mean reward 1.00" in outcome.out
    assert outcome.out.count(f"the endpoint refuses {parameter}: ") == 1
    assert parameter in run_info(project)["refused_fields"]
    served.bodies.clear()
    rft("eval", "--samples", "2")
    assert served.bodies == []  # still the same run


def test_a_resumed_run_does_not_try_again_what_was_refused(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    served.reply = refusing(has("seed"), extra("seed"))
    rft("eval")
    keep_answers(runs.latest(project / "runs"), 7)
    served.bodies.clear()
    assert rft("eval").code == 0
    assert ["seed" in body for body in served.bodies] == [False]


def test_other_refusals_are_not_taken_for_a_refused_parameter(rft: Rft, served: Endpoint) -> None:
    served.reply = lambda sent: (400, {"error": "max_completion_tokens is too large: 512"}, {})
    outcome = rft("eval", "--limit", "1", "--samples", "1")
    assert len(served.bodies) == 1
    assert "max_completion_tokens is too large: 512" in outcome.err


def test_a_refused_schema_is_the_users_to_fix(rft: Rft, served: Endpoint) -> None:
    words = "Invalid schema for response_format 'answer': 'minimum' is not permitted."
    served.reply = lambda sent: (400, {"error": {"message": words}}, {})
    assert words in rft("eval", "--limit", "1", "--samples", "1").err
    assert schema(served.bodies[-1])


@pytest.mark.parametrize(
    "message",
    [
        "messages[0].role: unknown variant `developer`, expected one of `system`, `user`",
        {"detail": [{"loc": ["body", "messages", 0, "role"], "type": "literal_error",
                     "msg": "Input should be 'system', 'user', 'assistant' or 'tool'"}]},
        {"error": {"message": "Invalid value: 'developer'. Role is not supported.",
                   "param": "messages.[0].role"}},
        "Unexpected role 'developer'",
    ],
)  # fmt: skip
def test_the_role_of_instructions_is_learned(
    rft: Rft, project: Path, served: Endpoint, message: Any
) -> None:
    toml = project / "rft.toml"
    toml.write_text(toml.read_text() + 'instruction_role = "developer"\n')
    served.reply = refusing(lambda sent: sent["messages"][0]["role"] == "developer", message)
    outcome = rft("eval")
    assert outcome.code == 0
    assert "instructions are sent as role system" in outcome.out


def test_a_model_without_a_system_role_gets_instructions_from_the_user(
    rft: Rft, served: Endpoint
) -> None:
    served.reply = refusing(
        lambda sent: sent["messages"][0]["role"] == "system", "System role not supported"
    )
    rft("eval", "--limit", "1", "--samples", "1")
    (message,) = served.bodies[-1]["messages"]
    assert message["role"] == "user"
    assert message["content"].startswith("Spell the word backwards, as JSON.\n\n")


def test_the_fields_can_be_set(rft: Rft, project: Path, served: Endpoint) -> None:
    toml = project / "rft.toml"
    lines = 'max_tokens_field = "max_tokens"\nsend_seed = false\ninstruction_role = "user"\n'
    toml.write_text(toml.read_text() + lines + 'response_format = "json_object"\n')
    rft("eval", "--limit", "1", "--samples", "1")
    body = served.bodies[0]
    assert (body["max_tokens"], body["response_format"]) == (512, {"type": "json_object"})
    assert not {"seed", "max_completion_tokens"} & body.keys()
    assert [message["role"] for message in body["messages"]] == ["user"]


def test_an_endpoint_that_ignores_the_token_limit_is_reported(rft: Rft, served: Endpoint) -> None:
    def long(body: dict[str, Any]) -> Reply:
        word = body["messages"][-1]["content"]
        reply = completion(json.dumps({"backwards": word[::-1]}))
        reply["usage"]["completion_tokens"] = 5_000
        return 200, reply, {}

    served.reply = long
    assert "8 answers are longer than sampling.max_tokens = 512, the longest 5,000" in (
        rft("eval").out
    )


def test_a_forecast_never_expects_more_than_it_calls_the_most() -> None:
    sample = Sample(output_text="x", usage={"completion_tokens": 5_000})
    records = [Record(item_id=i, k=0, sample=sample, grade=Grade(reward=1.0)) for i in "abcd"]
    made = forecast(records, Ready(), rows=10, max_tokens=1_024)
    assert made.answer_tokens.value <= made.most_answer_tokens == made.answers * 5_000
