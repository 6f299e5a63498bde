"""The reward of an answer. One file, standard library only: it also runs where training runs."""

import json
import re
from typing import Any

_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)", re.MULTILINE)
_TAG = re.compile(r'`*[ \t]*[^\s{]*(?:[ \t]*\{(?!\s*["}])[^{}\n]*\})?(?:[ \t]+[^\s{].*)?[ \t]*\n?')


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """The reward in [0, 1]: 0.7 for the right team, and 0.3 more if `urgent` is right too."""
    parts = explain(sample, item)
    return 0.7 * parts["team"] + 0.3 * parts["team"] * parts["urgent"]


def explain(sample: dict[str, Any], item: dict[str, Any]) -> dict[str, float]:
    """Whether each field is right, 1.0 or 0.0; in an answer that cannot be read, none is."""
    answer, reference = read_answer(sample), isinstance(item, dict) and item.get("reference_answer")
    if not answer or not isinstance(reference, dict) or not {"team", "urgent"} <= set(reference):
        return {"team": 0.0, "urgent": 0.0}
    return {
        "team": float(answer.get("team") == reference["team"]),
        "urgent": float(answer.get("urgent") is reference["urgent"]),
    }


def read_answer(sample: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON object that is the whole text, or its only fenced block with words around it."""
    text = str(sample.get("output_text")).replace("\r\n", "\n").replace("\r", "\n")
    parts = _FENCE.split(text)
    parts = parts if len(parts) > 2 else text.split("```")  # a fence may stand within a line
    for candidate in (text, _TAG.sub("", parts[1], count=1) if len(parts) == 3 else ""):
        try:
            answer = json.loads(candidate.strip("\ufeff\u200b\u00a0 \t\r\n\f"))
        except (ValueError, RecursionError):
            continue
        return answer if isinstance(answer, dict) else None
    return None
