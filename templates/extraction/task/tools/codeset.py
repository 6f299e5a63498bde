"""Local grader `codeset`: checks the answered codes against the code set itself.

It needs the whole code set, which a hosted grader cannot load, so it runs on this machine only, in
a worker process of its own, and is reported beside the reward. It never changes the reward: good
coders' charts have such findings too, and people should look at them.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import re
from typing import Any

from task.grader import answer_codes, canonical

_REFERENCE = re.compile(r"\(([A-Z][0-9][^()]*)\)")
_RANGE = re.compile(r"([A-Z][0-9][0-9A-Z.]*)-(?:([A-Z][0-9][0-9A-Z.]*))?")
_CONDITIONAL = re.compile(r"\bany\b|\bif\b|\bwhen\b|complicating|adverse effect", re.IGNORECASE)


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """Return the share of distinct answered codes that are billable.

    1.0 for an empty list, 0.0 for an answer without a list of codes.

    The code set is that of the installed simple-icd-10-cm; `item` is not used.
    """
    codes = _codes(sample)
    if codes is None:
        return 0.0
    return sum(map(billable, codes)) / len(codes) if codes else 1.0


def explain(sample: dict[str, Any], item: dict[str, Any]) -> dict[str, float]:
    """Return the lints.

    Shares of the distinct answered codes: invalid (not in the code set), not_billable (in it, but
    incomplete), seventh (7th character missing or wrong). 1.0 if the answer has a case, else 0.0:
    excludes1 (two codes of which one excludes the other), code_first (a code whose notes want
    another code before it, and none of those is in the answer).
    """
    codes = _codes(sample) or []
    count = max(len(codes), 1)
    good = [code for code in codes if billable(code)]
    return {
        "invalid": sum(not _known(c) for c in codes) / count,
        "not_billable": sum(_known(c) and not billable(c) for c in codes) / count,
        "seventh": sum(map(bad_seventh, codes)) / count,
        "excludes1": float(any(excluded(a, b) for a, b in itertools.permutations(good, 2))),
        "code_first": float(any(lacks_first(code, good) for code in good)),
    }


def billable(code: str) -> bool:
    """True for a leaf of the code set, written as in it ('E11.9')."""
    return _known(code) and bool(code_set().is_leaf(code))


def bad_seventh(code: str) -> bool:
    """True for a code that needs a 7th character and has none, or has one that does not exist."""
    icd = code_set()
    if billable(code):
        return False
    bare = code.replace(".", "")
    stem = next((s for n in range(min(len(bare), 6), 2, -1) if _known(s := _dotted(bare[:n]))), "")
    between = bare[len(stem.replace(".", "")) : -1]
    wants = bool(stem) and any(map(icd.is_extended_subcategory, icd.get_children(stem)))
    return wants and not between.strip("X")


def excluded(code: str, other: str) -> bool:
    """True when an Excludes1 note of `code`, or of what stands above it, names `other`."""
    return any(_covers(reference, other) for reference in _excludes1(code))


def lacks_first(code: str, codes: list[str]) -> bool:
    """True when a 'code first' note of `code` names codes and none of them is among `codes`.

    Notes that say 'if applicable' or 'any', and notes that name no code, require nothing for
    certain; examples ('such as') do so only for manifestations ('in diseases classified
    elsewhere').
    """
    wanted = _code_first(code)
    return bool(wanted) and not any(_covers(reference, c) for reference in wanted for c in codes)


@functools.cache
def code_set() -> Any:
    """The simple-icd-10-cm module (seconds, about 180 MB: loaded at the first call, then kept)."""
    return importlib.import_module("simple_icd_10_cm")


@functools.cache
def _excludes1(code: str) -> tuple[str, ...]:
    icd = code_set()
    # A category that is a block of its own would be its own ancestor: each once.
    nodes = dict.fromkeys([code, *icd.get_ancestors(code)])
    notes = [text for node in nodes for text in icd.get_excludes1(node)]
    return tuple(_references("\n".join(notes)))


@functools.cache
def _code_first(code: str) -> tuple[str, ...]:
    icd = code_set()
    text = icd.get_code_first(code, True)
    examples = "such as" in text and "classified elsewhere" not in icd.get_description(code)
    return () if examples or _CONDITIONAL.search(text) else tuple(_references(text))


def _references(text: str) -> list[str]:
    """The codes in brackets after the phrases of a note: 'E08.-', 'O10-O11', 'Z79.4'."""
    return [part.strip() for found in _REFERENCE.findall(text) for part in found.split(",")]


def _covers(reference: str, code: str) -> bool:
    """True when a note's reference means the code: itself, what is below it, or a range."""
    bare = code.replace(".", "")
    if not (match := _RANGE.fullmatch(reference)):
        return bare.startswith(reference.replace(".", ""))
    low, high = match[1].replace(".", ""), (match[2] or match[1]).replace(".", "")
    return low <= bare[: len(low)] and bare[: len(high)] <= high


def _known(code: str) -> bool:
    """True for a code of the code set, complete or not; False for a block such as 'Y62-Y84'."""
    icd = code_set()
    return bool(code.isascii() and icd.is_valid_item(code) and icd.is_category_or_subcategory(code))


def _codes(sample: object) -> list[str] | None:
    """The distinct answered codes as the code set writes them; each other entry stays as one."""
    answered = answer_codes(sample)
    if answered is None:
        return None
    named = (_dotted(canonical(c)) or f"\0{n}" for n, c in enumerate(answered))
    return list(dict.fromkeys(named))


def _dotted(bare: str) -> str:
    return f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare
