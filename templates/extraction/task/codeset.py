"""Local grader `billable`: the share of the answered codes that exist and are billable.

It needs the whole code set, which a hosted grader cannot load: it runs on this machine only, in a
worker process of its own, and is reported beside the reward. It does not change the reward.
"""

import functools
import importlib
import json
import re
from typing import Any

_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL | re.IGNORECASE)


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """Share of distinct answered codes that are billable; 1.0 for an empty list, 0.0 for no list.

    `item` is not looked at: the code set is that of the installed simple-icd-10-cm.
    """
    codes = _codes(sample)
    if codes is None:
        return 0.0
    seen = {c.strip().upper() if isinstance(c, str) else f"\0{i}" for i, c in enumerate(codes)}
    return sum(billable(c) for c in seen) / len(seen) if seen else 1.0


def billable(code: str) -> bool:
    """True for a leaf of the code set, written with or without its dot.

    The code set also holds chapters and blocks, some of them empty: 'Y62-Y84' is no code. 'B20'
    and 'Z66' name a block and the one code in it: they are codes.
    """
    icd = code_set()
    known = code.isascii() and icd.is_valid_item(code)
    return bool(known and icd.is_leaf(code) and "-" not in code)


@functools.cache
def code_set() -> Any:
    """The simple-icd-10-cm module (1.7 s, about 180 MB: loaded at the first call, then kept)."""
    return importlib.import_module("simple_icd_10_cm")


def _codes(sample: object) -> list[object] | None:
    if not isinstance(sample, dict):
        return None
    answer = sample.get("output_json")
    text = sample.get("output_text")
    if answer is None and isinstance(text, str):
        fenced = _FENCE.fullmatch(text)
        try:
            answer = json.loads(fenced.group(1) if fenced else text)
        except (ValueError, RecursionError):
            return None
    codes = answer.get("codes") if isinstance(answer, dict) else None
    return codes if isinstance(codes, list) else None
