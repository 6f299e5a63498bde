"""The one rule by which a model's text becomes the `sample` that a grader sees.

Standard library only: exports carry this file beside the grader, so that every trainer reads an
answer as rft does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_OPEN = re.compile(r"\s*(?:<(?P<tag>think|thinking|thought|reasoning)>|\[THINK\])")
_HEADLESS = re.compile(r"(?P<inside>.*?)(?:</think>|\[/THINK\])\s*", re.DOTALL)
_HARMONY = re.compile(
    r"<\|channel\|>analysis<\|message\|>(?P<inside>.*?)(?:<\|end\|>|$)"
    r"(?:.*?<\|channel\|>final<\|message\|>)?(?P<answer>.*?)(?:<\|return\|>|<\|end\|>|$)",
    re.DOTALL,
)


def read_text(
    content: Any, finish_reason: str | None = None, tool_calls: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """The `sample` of a message's content, reasoning included: text, a list of parts, or None."""
    text, _ = read_content(content)
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


def read_content(content: Any) -> tuple[str, str]:
    """(answer, reasoning) in a message's content, which may be a list of parts."""
    if isinstance(content, str):
        return content, ""
    if isinstance(content, Mapping) and "type" not in content and "text" not in content:
        return json.dumps(content, ensure_ascii=False), ""
    return parts_text(content, "text"), parts_text(content, "reasoning")


def parts_text(content: Any, kind: str) -> str:
    """The text of the parts of one kind: "text", "reasoning" or "refusal"."""
    if isinstance(content, str) or content is None:
        return ""
    texts = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            part_kind = "text"
        else:
            name = str(part.get("type", "text")) if isinstance(part, Mapping) else ""
            thinks = any(word in name for word in ("think", "reason", "thought"))
            part_kind = "reasoning" if thinks else "refusal" if "refusal" in name else "text"
        if part_kind == kind:
            texts.append(text_of(part))
    return "".join(texts)


def text_of(value: Any) -> str:
    """All text in a value of unknown shape."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(text_of, value))
    if isinstance(value, Mapping):
        names = ("text", "thinking", "reasoning", "content", "summary", "refusal", "value")
        return next((text for name in names if (text := text_of(value.get(name)))), "")
    return ""


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
