"""Answers that need no model: what a trained model has to beat."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

_WORD = re.compile(r"[a-z]{4,}")
_COMMON = {"with", "without", "unspecified", "other", "encounter", "initial", "subsequent"}
_TRAIN = Path(__file__).parent / "data" / "train.jsonl"


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Return answer texts by the name of the floor."""
    candidates = item.get("candidates") or []
    return {
        "empty": _answer([]),
        "all candidates": _answer([c["code"] for c in candidates]),
        "top 50": _answer(frequent(50)),
        "top 3": _answer(frequent(3)),
        "word overlap": _answer(word_overlap(item)),
    }


@functools.cache
def frequent(most: int) -> list[str]:
    """Return the `most` most frequent reference codes of the training rows."""
    lines = _TRAIN.read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    counts = Counter(code for row in rows for code in row["reference_answer"]["codes"])
    return sorted(counts, key=lambda code: (-counts[code], code))[:most]


def word_overlap(item: dict[str, Any]) -> list[str]:
    """Return the candidates whose descriptions share the most words with the note.

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
