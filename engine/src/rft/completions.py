"""The one reader of chat completions: any server's reply -> Sample.

Servers differ in where they put the text, the reasoning, the counts and the reason for stopping.
Metadata never costs an answer: a count or name that is not usable is left out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from rft.endpoint import message_in, quoted
from rft.reading import clean, parts_text, read_content, split_reasoning, text_of
from rft.records import Sample, parse_answer
from rft.redaction import redact_keys

MODEL_REASONS = {
    "stop": ("stop", "eos", "eos_token", "eod", "stop_sequence", "stop_token", "stop_str",
             "end_turn", "end_of_turn", "complete", "completed", "finished", "finish", "done"),
    "length": ("length", "max_tokens", "max_length", "model_length", "max_output_tokens",
               "model_context_window_exceeded"),
    "tool_calls": ("tool_calls", "tool_use", "tool_call"),
    "function_call": ("function_call",),
    "content_filter": ("content_filter", "content_filtered", "safety", "recitation", "refusal",
                       "prohibited_content", "blocklist", "spii", "sensitive",
                       "guardrail_intervened"),
}  # fmt: skip
"""The reasons for which a model itself stops, by OpenAI's name. The list is closed: with any other
reason the server failed or is not understood, and the answer is not scored."""
SERVER_REASONS = (
    "error", "network_error", "abort", "aborted", "cancelled", "canceled", "timeout",
    "server_error", "insufficient_system_resource", "insufficient_quota", "load_shedding",
    "preempted",
)  # fmt: skip
"""Reasons that are known to be the server's."""
REASONING_FIELDS = (
    "reasoning_content", "reasoning", "reasoning_text", "reasoning_details", "thinking",
    "thinking_content", "thinking_blocks", "thoughts", "thought",
)  # fmt: skip
_REASON = {word: name for name, words in MODEL_REASONS.items() for word in words}


class AnswerFailedError(Exception):
    """One answer could not be obtained; str(e) is the sentence for the record.

    `again`: another try may bring it. `refused`: the endpoint will not answer this request, however
    often it is sent.
    """

    def __init__(self, message: str, *, again: bool = False, refused: bool = False) -> None:
        super().__init__(redact_keys(message))
        self.again = again
        self.refused = refused


def read_reply(content: bytes, *keys: str) -> Any:
    """The JSON value of a reply's body. Raises AnswerFailedError, quoting its start."""
    text = content.decode("utf-8-sig", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        start = f"it starts with {quoted(text, *keys)[:80]!r}" if text.strip() else "it is empty"
        raise AnswerFailedError(
            f"The endpoint's reply is not valid JSON ({start}); is endpoint.base_url an API "
            "address?",
            again=True,
        ) from None


def to_sample(
    reply: Any, latency_s: float, normal_ends: Collection[str] = (), keys: Collection[str] = ()
) -> Sample:
    """The Sample in a completion's JSON; reasoning is kept apart from the answer.

    `normal_ends`: further finish reasons with which a model itself stops. Raises AnswerFailedError
    for a reply that is not a completion, and for an answer that the server broke off.
    """
    if isinstance(reply, list) and len(reply) == 1:
        reply = reply[0]
    choice = _choice(reply, keys)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        message = {}
    known = {"content", "tool_calls", "refusal", *REASONING_FIELDS} & message.keys()
    if not known and "text" not in choice and not (message and choice.get("finish_reason")):
        raise AnswerFailedError("The endpoint's reply holds no message.", again=True)
    content = message.get("content", choice.get("text"))
    if not isinstance(content, str | list | Mapping | None):
        raise AnswerFailedError(
            f"The endpoint's message has {type(content).__name__} content, not text.", again=True
        )
    reason = _finish_reason(choice, normal_ends)
    text, thoughts = read_content(content)
    text, tagged = split_reasoning(clean(text))
    field = next((name for name in REASONING_FIELDS if text_of(message.get(name))), "")
    reasoning = tagged or clean(thoughts or text_of(message.get(field))) or None
    tools = _dicts(message.get("tool_calls"))
    refusal = text_of(message.get("refusal")) or parts_text(content, "refusal") or None
    if not text.strip() and reasoning and field and not tools and not refusal and reason == "stop":
        _require_text(reasoning, field)
    if not (text.strip() or reasoning or tools or refusal) and (other := _other_text(message)):
        raise AnswerFailedError(
            f"The endpoint's message has no content; its text stands in '{other}'. Change how the "
            "server parses answers, so that they are in content.",
            again=True,
        )
    return Sample(
        output_text=text,
        reasoning=reasoning,
        tool_calls=tools,
        finish_reason=reason,
        refusal=clean(refusal) if refusal else None,
        usage=_counts(reply.get("usage")),
        latency_s=round(latency_s, 3),
        model=model if isinstance(model := reply.get("model"), str) else "",
    )


def _choice(reply: Any, keys: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(reply, Mapping):
        start = quoted(json.dumps(reply), *keys)[:80]
        raise AnswerFailedError(
            f"The endpoint's reply is not a completion but {start}; is endpoint.base_url an API "
            "address?",
            again=True,
        )
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    for part in (reply, choice, message):
        if isinstance(part, Mapping) and _is_error(part.get("error")):
            words = quoted(message_in(part["error"]), *keys)
            raise AnswerFailedError(f"The endpoint sent an error: {words}", again=True)
    if isinstance(choice, Mapping):
        return choice
    if choices is None or choices == []:
        words = quoted(message_in(reply), *keys) if "choices" not in reply else "no choice"
        raise AnswerFailedError(f"The endpoint's reply is not a completion: {words}", again=True)
    raise AnswerFailedError("The endpoint's reply is not a completion.", again=True)


def _other_text(message: Mapping[str, Any]) -> str:
    """The field of a message that holds text in place of `content`, if there is one."""
    usual = {"content", "role", "name", "id", "type", "object", "status", "refusal"}
    for name, value in message.items():
        if name not in usual and isinstance(value, str | list | Mapping) and text_of(value).strip():
            return name
    return ""


def _is_error(value: Any) -> bool:
    """Whether an `error` field says anything: {"code": 0, "message": ""} is a success."""
    return any(value.values()) if isinstance(value, Mapping) else bool(value)


def _finish_reason(choice: Mapping[str, Any], normal_ends: Collection[str]) -> str | None:
    given = choice.get("finish_reason") or None
    if isinstance(given, Mapping):  # {"type": "stop"}
        given = given.get("type")
    if given is None:
        return None
    word = str(given).strip().lower()
    word = word.removeprefix("finish_reason_")
    if word in _REASON:
        return _REASON[word]
    if word in normal_ends or str(given) in normal_ends:
        return "stop"
    if word in SERVER_REASONS:
        raise AnswerFailedError(
            f"The server broke the answer off (finish_reason '{quoted(word)}').", again=True
        )
    raise AnswerFailedError(
        f"The answer ended with finish_reason '{quoted(given)[:40]}', which rft does not know; if "
        "that is a normal end there, add it to sampling.finish_reasons."
    )


def _require_text(reasoning: str, field: str) -> None:
    """An answer under the reasoning's name is the server's mistake: it must not score 0."""
    if isinstance(parse_answer(reasoning), dict):
        raise AnswerFailedError(
            f"The answer is in '{field}' and `content` is empty: the server's reasoning parser "
            "takes it for reasoning; turn that parser off for this model."
        )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [dict(e) for e in value if isinstance(e, Mapping)] if isinstance(value, list) else []


def _counts(usage: Any) -> dict[str, int]:
    """Whole numbers of tokens; what is null, negative or a fraction is left out."""
    counts = {}
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    for name, other in names.items():
        value = usage.get(name, usage.get(other)) if isinstance(usage, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if 0 <= value < 2**53 and value == int(value):
            counts[name] = int(value)
    return counts
