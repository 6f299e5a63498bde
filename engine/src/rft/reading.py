"""The one rule by which a model's text becomes the `sample` that a grader sees.

Standard library only: exports carry this file beside the grader, so that every trainer reads an
answer as rft does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

_OPEN = re.compile(r"\s*(?:<(?P<tag>think|thinking|thought|reasoning)>|\[THINK\])")
_HEADLESS = re.compile(r"(?P<inside>.*?)(?:</think>|\[/THINK\])\s*", re.DOTALL)
_HARMONY = re.compile(
    r"<\|channel\|>analysis<\|message\|>(?P<inside>.*?)(?:<\|end\|>|$)"
    r"(?:.*?<\|channel\|>final<\|message\|>)?(?P<answer>.*?)(?:<\|return\|>|<\|end\|>|$)",
    re.DOTALL,
)


def read_text(
    text: str, finish_reason: str | None = None, tool_calls: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """The `sample` of a model's whole text, reasoning included."""
    return grader_sample(split_reasoning(clean(text))[0], finish_reason, tool_calls)


def grader_sample(
    text: str, finish_reason: str | None = None, tool_calls: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """The `sample` namespace of the hosted grader contract (output_json only if `text` parses)."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if tool_calls:
        message["tool_calls"] = list(tool_calls)
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    sample: dict[str, Any] = {"output_text": text, "choices": [choice]}
    if (parsed := parse_json(text)) is not None:
        sample["output_json"] = parsed
    if tool_calls:
        sample["output_tools"] = list(tool_calls)
    return sample


def parse_json(text: str) -> Any:
    """The JSON value in `text`; None for what is not strict JSON (NaN, 10,000 brackets, prose)."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def split_reasoning(text: str) -> tuple[str, str | None]:
    """(answer, reasoning) of an open model's text with a leading block of reasoning.

    Blocks are <think>, <thinking>, [THINK] and gpt-oss's analysis channel. A block that was never
    closed (cut off) is all reasoning: the answer is empty.
    """
    if opened := _OPEN.match(text):
        close = f"</{opened['tag']}>" if opened["tag"] else "[/THINK]"
        inside, _, answer = text[opened.end() :].partition(close)
        return answer.lstrip(), inside.strip()
    if headless := _HEADLESS.match(text):  # a chat template may have written the opening tag
        return text[headless.end() :], headless["inside"].strip()
    if "<|channel|>" in text and (match := _HARMONY.search(text)):
        return match["answer"], match["inside"].strip()
    return text, None


def clean(text: str) -> str:
    """Lone surrogates cannot be written as UTF-8; they become '?'."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _refuse(constant: str) -> None:
    raise ValueError(constant)
