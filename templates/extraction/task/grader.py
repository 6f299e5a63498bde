"""The reward: set F1 over ICD-10-CM codes, with a little credit for a near miss.

One file, standard library only: this text is what a hosted python grader runs. `grade` and
`explain` never raise, whatever they are given; `grade` is in [0, 1].
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

NEAR_MISS = 0.05
"""Credit per shared character beyond the second: same category 0.05, all but the last of seven
characters 0.2. Only codes that the row lists as near_misses earn it: they are billable, which this
file cannot look up. Bounded, because paying for categories invites answering only categories."""

MAX_CREDIT = 0.2
MAX_ENTRY_CHARS = 400

_CODE = re.compile(r"([A-Z][0-9A][0-9A-Z])\.?([0-9A-Z]{0,4})")
_DESCRIPTION = re.compile(r"\s+[-\u2013\u2014|]|\s*[:(]|\s+(?=[A-Za-z]{2})")
"""What parts a code from a description that is written behind it."""


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """Reward in [0, 1]: F1 over the set of codes, with a little credit for a near miss.

    An answer that is not {"codes": [...]} gets 0.
    """
    return _score(sample, item)["reward"]


def explain(sample: dict[str, Any], item: dict[str, Any]) -> dict[str, float]:
    """Return the parts of the reward.

    precision, recall and f1 (exact codes only), exact (1 when the sets are equal), over_coding
    (share of the row's must_not_code entries that the answer codes).
    """
    parts = _score(sample, item)
    del parts["reward"]
    return parts


def canonical(code: object) -> str:
    """'e11.9 ' -> 'E119', 'E11.9 - Type 2 diabetes' too; '' for what does not begin like a code."""
    if not isinstance(code, str) or len(code) > MAX_ENTRY_CHARS:
        return ""
    written = _DESCRIPTION.split(code.strip(), maxsplit=1)[0]
    match = _CODE.fullmatch("".join(written.split()).upper())
    return "".join(match.groups()) if match else ""


def answer_codes(sample: object) -> list[object] | None:
    """The list under "codes" of the answer; None when the answer has no such list."""
    codes = (read_answer(sample) or {}).get("codes")
    return codes if isinstance(codes, list) else None


# --- Reading an answer: the same text in the grader of every use case ---------------------------

MAX_ANSWER_CHARS = 200_000
_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)", re.MULTILINE)
_TAG = re.compile(r'`*[ \t]*[^\s{]*(?:[ \t]*\{(?!\s*["}])[^{}\n]*\})?(?:[ \t]+[^\s{].*)?[ \t]*\n?')


def read_answer(sample: object) -> dict[str, Any] | None:
    """The JSON object that a sample answers with; None: the answer is unreadable.

    The object stands alone in the text, or in its only fenced block, with any tag, any line ends
    and any words around the block. No block, or two, with words around them: unreadable. Keys that
    were not asked for do no harm. sample["output_json"], if there is one, is the answer parsed.
    """
    if not isinstance(sample, dict):
        return None
    answer, text = sample.get("output_json"), sample.get("output_text")
    if answer is None and isinstance(text, str) and len(text) <= MAX_ANSWER_CHARS:
        answer = _parse_json(text)
        if answer is None:
            answer = _parse_json(fenced_block(text) or "")
    return answer if isinstance(answer, dict) else None


def fenced_block(text: str) -> str | None:
    """What stands in the only fenced block of a text; None if it has no block or several."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = _FENCE.split(text)
    if len(parts) < 3:  # a fence may stand within a line
        parts = text.split("```")
    return _TAG.sub("", parts[1], count=1) if len(parts) == 3 else None


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text.strip("\ufeff\u200b\u00a0 \t\r\n\f"))
    except (ValueError, RecursionError):
        return None


# --- End of the reading -------------------------------------------------------------------------


def _reference(item: object) -> tuple[set[str] | None, set[str], set[str], set[str]]:
    """Gold (None when the row has none), optional, forbidden and nearly right codes of a row."""
    if not isinstance(item, dict):
        return None, set(), set(), set()
    reference = item.get("reference_answer")
    codes = reference.get("codes") if isinstance(reference, dict) else None
    gold = _code_set(codes) if isinstance(codes, list) else None
    optional = _code_set(item.get("optional")) - (gold or set())
    near = _code_set(item.get("near_misses"))
    return gold, optional, _code_set(item.get("must_not_code")), near


def _code_set(codes: object) -> set[str]:
    named = {canonical(c) for c in codes} if isinstance(codes, list) else set()
    return named - {""}


def _score(sample: object, item: object) -> dict[str, float]:
    zero = dict.fromkeys(("reward", "precision", "recall", "f1", "exact", "over_coding"), 0.0)
    answered = answer_codes(sample)
    gold, optional, forbidden, near = _reference(item)
    if answered is None or gold is None:
        return zero
    predicted = _code_set(answered)
    counted = predicted - optional
    # An entry that is not written like a code counts as a wrong code.
    junk = sum(1 for c in answered if not canonical(c))
    size = len(counted) + junk
    if not size and not gold:
        return {**zero, "reward": 1.0, "precision": 1.0, "recall": 1.0, "f1": 1.0, "exact": 1.0}
    hits = len(counted & gold)
    over = [f for f in sorted(forbidden) if any(c.startswith(f) for c in counted - gold)]
    wrong = {c for c in counted & near - gold if not any(c.startswith(f) for f in forbidden)}
    credit = _near_misses(gold - counted, wrong)
    return {
        "reward": min(1.0, 2 * (hits + credit) / (size + len(gold))),
        "precision": hits / size if size else 0.0,
        "recall": hits / len(gold) if gold else 0.0,
        "f1": 2 * hits / (size + len(gold)),
        "exact": float(size == hits == len(gold)),
        "over_coding": len(over) / len(forbidden) if forbidden else 0.0,
    }


def _near_misses(missed: set[str], wrong: set[str]) -> float:
    """Credit for wrong codes beside missed ones, each code used once, closest pairs first."""
    left, right, total = set(missed), set(wrong), []
    for length in (6, 5, 4, 3):
        by_prefix: dict[str, list[str]] = {}
        for code in sorted(right):
            by_prefix.setdefault(code[:length], []).append(code)
        for code in sorted(left):
            near = by_prefix.get(code[:length], []) if len(code) >= length else []
            if near:
                total.append(min(MAX_CREDIT, NEAR_MISS * (length - 2)))
                right.discard(near.pop(0))
                left.discard(code)
    return math.fsum(total)
