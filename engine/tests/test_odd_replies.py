"""A table of odd replies of endpoints, and what must come of each in `rft eval`.

One row of the toy task gets the odd reply, the other three get right answers. Replies are those of
servers people use: vLLM, SGLang, Ollama, llama.cpp, LiteLLM, OpenRouter, Azure, Groq, Together,
DeepSeek, Mistral, Gemini and gateways to Bedrock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rft.completions import AnswerFailedError, read_reply, to_sample
from rft.records import Sample
from tests.conftest import Outcome
from tests.endpoint import Endpoint, Reply, backwards, completion
from tests.stored import stored
from tests.toy import point_to

Rft = Callable[..., Outcome]
RIGHT = json.dumps({"backwards": "laroc"})
CUT = RIGHT[:12]


def changed(text: Any = RIGHT, **fields: Any) -> dict[str, Any]:
    """A completion with other fields at its top level or, prefixed, in its choice or message."""
    body = completion(text)
    choice = body["choices"][0]
    for name, value in fields.items():
        where, _, inner = name.partition("__")
        if where == "choice":
            choice[inner] = value
        elif where == "message":
            choice["message"][inner] = value
        elif value is ...:
            del body[name]
        else:
            body[name] = value
    return body


def error(message: Any, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


@dataclass(frozen=True)
class Case:
    """What came of an odd reply to the row "coral"."""

    outcome: Outcome
    record: dict[str, Any]
    requests: int

    @property
    def reward(self) -> float | None:
        grade = self.record.get("grade")
        return grade["reward"] if grade else None

    @property
    def sample(self) -> dict[str, Any]:
        return dict(self.record["sample"])


@pytest.fixture
def odd(rft: Rft, project: Path, endpoint: Endpoint) -> Callable[..., Case]:
    """Run `rft eval` once with this reply to "coral" and right answers to the others."""
    point_to(project, endpoint.url)

    def run(status: int, body: Any, headers: dict[str, str] | None = None) -> Case:
        requests = 0

        def reply(sent: dict[str, Any]) -> Reply:
            nonlocal requests
            if sent["messages"][-1]["content"] != "coral":
                return backwards(sent)
            requests += 1
            return status, body, {"retry-after-ms": "1", **(headers or {})}

        endpoint.reply = reply
        outcome = rft("eval", "--samples", "1")
        coral = next(r for r in stored(project) if r["item_id"] == "coral")
        return Case(outcome, coral, requests)

    return run


COUNTS = {"prompt_tokens": 7, "completion_tokens": 3}
ODD_METADATA = {
    "usage empty": changed(usage={}),
    "usage null": changed(usage=None),
    "usage absent": changed(usage=...),
    "usage a list": changed(usage=[]),
    "counts null": changed(usage={"prompt_tokens": None, "completion_tokens": None}),
    "counts fractional": changed(usage={"prompt_tokens": 7.5, "completion_tokens": 2.25}),
    "counts negative": changed(usage={"prompt_tokens": -1, "completion_tokens": -1}),
    "counts as text": changed(usage={"prompt_tokens": "7", "completion_tokens": "3"}),
    "counts true": changed(usage={"prompt_tokens": True, "completion_tokens": False}),
}
ODD_SHAPES = {
    "model null": changed(model=None),
    "model absent": changed(model=...),
    "id absent": changed(id=...),
    "created as text": changed(created="yesterday"),
    "no index": changed(choice__index=None),
    "a list of parts": changed([{"type": "text", "text": RIGHT}]),
    "two parts": changed([{"type": "text", "text": CUT}, {"type": "text", "text": RIGHT[12:]}]),
    "thinking part": changed(
        [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
         {"type": "text", "text": RIGHT}]
    ),
    "reasoning part": changed(
        [{"type": "reasoning", "reasoning": "hm"}, {"type": "output_text", "text": RIGHT}]
    ),
    "plain parts": changed([CUT, RIGHT[12:]]),
    "parsed content": changed({"backwards": "laroc"}),
    "text of the old API": changed(choice__message=None, choice__text=RIGHT),
    "empty refusal": changed(message__refusal=""),
    "empty reasoning": changed(message__reasoning_content=""),
    "empty tool calls": changed(message__tool_calls=[]),
    "null tool calls": changed(message__tool_calls=None),
    "role absent": changed(message__role=None),
    "no error": changed(error=None),
    "error 0": changed(error={"code": 0, "message": ""}),
    "text with a value": changed([{"type": "text", "text": {"value": RIGHT}}]),
    "no error in the choice": changed(choice__error=None),
    "in a list": [changed()],
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(changed()).encode(),
    "keep-alive lines first": b"\n\n   " + json.dumps(changed()).encode(),
    "think tags": changed(f"<think>hm</think>\n{RIGHT}"),
    "thinking tags": changed(f"<thinking>hm</thinking>{RIGHT}"),
    "Magistral's tags": changed(f"[THINK]hm[/THINK]{RIGHT}"),
    "gpt-oss's channels": changed(
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>"
        + RIGHT
    ),
    "finish null": changed(choice__finish_reason=None),
    "finish empty": changed(choice__finish_reason=""),
}  # fmt: skip


def read(body: Any) -> Sample:
    """What the reader makes of a reply."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return to_sample(read_reply(raw), 0.0)


@pytest.mark.parametrize("name", ODD_METADATA)
def test_metadata_never_costs_an_answer_and_a_bad_count_is_left_out(name: str) -> None:
    sample = read(ODD_METADATA[name])
    assert (sample.output_text, sample.usage) == (RIGHT, {})


@pytest.mark.parametrize("name", ODD_SHAPES)
def test_an_answer_in_another_shape_is_read(name: str) -> None:
    sample = read(ODD_SHAPES[name])
    assert sample.output_json == json.loads(RIGHT)
    assert (sample.refusal, sample.tool_calls) == (None, [])


def test_an_odd_answer_passes_through_a_whole_evaluation(odd: Callable[..., Case]) -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": RIGHT}]
    case = odd(200, changed(parts, usage={"prompt_tokens": 2.5}, model=None))
    assert (case.outcome.code, case.reward, case.requests) == (0, 1.0, 1)


def test_input_and_output_tokens_are_the_same_counts() -> None:
    assert read(changed(usage={"input_tokens": 7, "output_tokens": 3.0})).usage == COUNTS


@pytest.mark.parametrize(
    "field",
    [
        {"reasoning_content": "why"}, {"reasoning": "why"}, {"thinking": "why"},
        {"reasoning_text": "why"}, {"thought": "why"}, {"reasoning": {"content": "why"}},
        {"reasoning_details": [{"type": "reasoning.text", "text": "why"}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "why"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "why", "signature": "x"}]},
    ],
)  # fmt: skip
def test_reasoning_is_kept_apart_under_any_name(field: dict[str, Any]) -> None:
    sample = read(completion(RIGHT, **field))
    assert (sample.output_text, sample.reasoning) == (RIGHT, "why")


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("STOP", "stop"), ("eos", "stop"), ("end_turn", "stop"), ("stop_sequence", "stop"),
        ("MAX_TOKENS", "length"), ("model_length", "length"), ("tool_use", "tool_calls"),
        ("FINISH_REASON_STOP", "stop"), ("content_filter", "content_filter"),
    ],
)  # fmt: skip
def test_the_models_own_reasons_are_known_by_any_name(reason: str, kept: str) -> None:
    assert read(changed(CUT, choice__finish_reason=reason)).finish_reason == kept


SERVER_FAILED = {
    "error": changed(CUT, choice__finish_reason="error"),
    "network_error": changed(CUT, choice__finish_reason="network_error"),
    "abort": changed(CUT, choice__finish_reason="abort"),
    "no resources": changed(CUT, choice__finish_reason="insufficient_system_resource"),
    "cancelled": changed("", choice__finish_reason="cancelled"),
    "error in the choice": changed("", choice__error={"code": 502, "message": "upstream died"}),
    "error in the choice as text": changed(CUT, choice__error="upstream died"),
    "error object": error("overloaded", code=503),
    "error as text": {"error": "overloaded"},
    "error beside a choice": changed(error={"message": "overloaded"}),
    "error in a list": [error("overloaded")],
    "detail": {"detail": "overloaded"},
    "Message": {"Message": "overloaded"},
    "empty": "",
    "spaces": "   \n",
    "cut off": json.dumps(changed())[:60],
    "HTML": "<html><title>Bad gateway</title><body>nginx</body></html>",
    "text": "upstream connect error",
    "a stream": 'data: {"choices": []}\n\ndata: [DONE]\n',
    "too deep": "[" * 100_000,
    "null": "null",
    "number": "3",
    "string": '"x"',
    "list": "[]",
    "object": "{}",
    "choices a number": '{"choices": 7}',
    "choices null": '{"choices": null}',
    "no choice": '{"choices": []}',
    "choice null": '{"choices": [null]}',
    "empty choice": '{"choices": [{}]}',
    "message null": '{"choices": [{"message": null}]}',
    "content a number": changed(3),
    "content true": changed(True),
}


@pytest.mark.parametrize("name", SERVER_FAILED)
def test_a_reply_that_is_not_an_answer_is_retried_once_and_never_scored(
    odd: Callable[..., Case], name: str
) -> None:
    case = odd(200, SERVER_FAILED[name])
    assert (case.outcome.code, case.reward, case.requests) == (0, None, 2)
    assert "mean reward 1.00" in case.outcome.out
    assert "1 answers are missing (not scored)" in case.outcome.out
    assert "between 0.75 and 1.00" in case.outcome.out


def test_a_body_cut_off_under_way_is_retried_and_costs_only_itself(
    odd: Callable[..., Case],
) -> None:
    case = odd(200, "{}", {"content-length": "500"})
    assert (case.outcome.code, case.reward) == (0, None)


def test_one_bad_reply_leaves_no_trace(rft: Rft, project: Path, endpoint: Endpoint) -> None:
    point_to(project, endpoint.url)
    replies: Iterator[Reply] = iter([(200, "", {}), (200, "<html>", {})])
    endpoint.reply = lambda body: next(replies, None) or backwards(body)
    outcome = rft("eval")
    assert outcome.code == 0
    assert "missing" not in outcome.out


def test_an_unknown_finish_reason_is_named_and_not_scored(odd: Callable[..., Case]) -> None:
    case = odd(200, changed(CUT, choice__finish_reason="banana"))
    assert (case.reward, case.requests) == (None, 1)
    assert "finish_reason 'banana'" in case.outcome.out
    assert "sampling.finish_reasons" in case.outcome.out


def test_a_finish_reason_can_be_declared_normal(
    odd: Callable[..., Case], project: Path, endpoint: Endpoint
) -> None:
    toml = project / "rft.toml"
    toml.write_text(toml.read_text() + 'finish_reasons = ["banana"]\n')
    assert odd(200, changed(choice__finish_reason="banana")).reward == 1.0


def test_an_answer_that_the_server_took_for_reasoning_is_not_scored_zero(
    odd: Callable[..., Case],
) -> None:
    case = odd(200, changed(None, message__reasoning_content=RIGHT))
    assert case.reward is None
    assert "'reasoning_content'" in case.outcome.out
    assert "reasoning parser" in case.outcome.out


def test_reasoning_without_an_answer_scores_zero_and_is_reported(odd: Callable[..., Case]) -> None:
    case = odd(200, changed("", message__reasoning="hm, let me think"))
    assert case.reward == 0.0
    assert "1 answers hold reasoning and no answer" in case.outcome.out


REJECTED = {
    "Groq": error("Failed to generate JSON. Please adjust your prompt. See 'failed_generation'.",
                  type="invalid_request_error", code="json_validate_failed", failed_generation=CUT),
    "Groq's schema": error("Generated JSON does not match the expected schema.", code="x"),
    "a tool call": error("Tool call failed", code="tool_use_failed", failed_generation=CUT),
    "a gateway": error("The model's output failed validation against the JSON schema."),
    "LiteLLM": error("litellm.JSONSchemaValidationError: model=m, returned an invalid response"),
    "detail": {"detail": "generated text is not valid JSON"},
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
@pytest.mark.parametrize("status", [400, 422])
def test_what_the_endpoint_generated_and_refused_scores_zero_and_is_flagged(
    odd: Callable[..., Case], name: str, status: int
) -> None:
    case = odd(status, REJECTED[name])
    assert (case.outcome.code, case.reward) == (0, 0.0)
    assert "mean reward 0.75" in case.outcome.out
    assert "sample_parse_error 1" in case.outcome.out


REFUSED = {
    "moderated by OpenRouter": (403, error(
        "Input was flagged", code=403, metadata={"reasons": ["violence"], "flagged_input": "x"})),
    "filtered by Azure": (400, error("The response was filtered", code="content_filter")),
    "guardrail": (403, {"message": "Blocked by guardrail"}),
    "DashScope": (400, error("Input data may contain inappropriate content",
                             code="data_inspection_failed")),
    "too long": (400, error("This model's maximum context length is 4096 tokens, you sent 5000")),
    "unprocessable": (422, {"detail": [{"loc": ["body", "messages"], "msg": "too many"}]}),
    "no access to one": (403, error("not for this prompt")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_prompt_fails_alone_and_is_not_offered_for_another_try(
    rft: Rft, project: Path, endpoint: Endpoint, name: str
) -> None:
    point_to(project, endpoint.url)
    status, body = REFUSED[name]
    served: list[str] = []

    def reply(sent: dict[str, Any]) -> Reply:
        word = sent["messages"][-1]["content"]
        served.append(word)
        return (status, body, {}) if word == "denim" else backwards(sent)

    endpoint.reply = reply
    outcome = rft("eval")
    assert outcome.code == 0
    assert served.count("denim") == 2  # once for each of its two answers
    assert "2 answers were refused by the endpoint (not scored)" in outcome.out
    assert "them again." not in outcome.out


@pytest.mark.parametrize("calls", [5, True, 1e300, "call", {"id": "x"}, None])
def test_tool_calls_of_any_shape_cost_no_answer(calls: Any) -> None:
    message = {"role": "assistant", "content": "fine", "tool_calls": calls}
    reply = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    assert to_sample(reply, 0.0).output_text == "fine"


@pytest.mark.parametrize("field", ["output_text", "text", "parsed_text"])
def test_text_in_a_field_of_its_own_is_reported_with_its_name(field: str) -> None:
    message = {"role": "assistant", "content": None, field: '{"a": 1}'}
    reply = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    with pytest.raises(AnswerFailedError, match=f"its text stands in '{field}'"):
        to_sample(reply, 0.0)


def test_an_error_inside_the_message_is_an_outage() -> None:
    message = {"role": "assistant", "content": "", "error": {"message": "overloaded"}}
    reply = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    with pytest.raises(AnswerFailedError, match="overloaded"):
        to_sample(reply, 0.0)
