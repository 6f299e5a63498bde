"""Answers that need no model: what a trained model has to beat."""

import json
import re
from typing import Any

_WORD = re.compile(r"[a-z]{4,}")
_COMMON = {"with", "without", "unspecified", "other", "encounter", "initial", "subsequent"}


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Answer texts by name: no code, every candidate, best word overlap with the note."""
    candidates = item.get("candidates") or []
    return {
        "empty": _answer([]),
        "all_candidates": _answer([c["code"] for c in candidates]),
        "word_overlap": _answer(word_overlap(item)),
    }


def word_overlap(item: dict[str, Any]) -> list[str]:
    """Candidates whose descriptions share the most words with the note.

    One code per category, each with at least 60 % of its words in the note; at least one code.
    """
    words = {w[:6] for w in _WORD.findall(item["note"].lower())}
    scored = []
    for candidate in item.get("candidates") or []:
        own = {w[:6] for w in _WORD.findall(candidate["description"].lower()) if w not in _COMMON}
        if own:
            scored.append((-len(own & words) / len(own), candidate["code"]))
    chosen: dict[str, str] = {}
    for i, (score, code) in enumerate(sorted(scored)):
        if i == 0 or score <= -0.6:
            chosen.setdefault(code[:3], code)
    return sorted(chosen.values())


def _answer(codes: list[str]) -> str:
    return json.dumps({"codes": codes})
