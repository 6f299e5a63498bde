"""The shortlist of candidate codes shown with a note: gold, near misses, and codes that lie by.

Deterministic: the same item id and codes always give the same list, in code order, so that the
place of a code tells nothing.
"""

import hashlib
import importlib
from typing import Any

SIZE = 18


def load_code_set() -> Any:
    """The simple-icd-10-cm module (takes 1.7 s and about 180 MB)."""
    return importlib.import_module("simple_icd_10_cm")


def billable(icd: Any, code: str) -> bool:
    """True for a leaf of the code set that is a code (an empty block, 'Y62-Y84', is none)."""
    return bool(icd.is_valid_item(code) and icd.is_leaf(code) and "-" not in code)


def shortlist(
    icd: Any, item_id: str, gold: list[str], near: list[str], size: int = SIZE
) -> list[dict[str, str]]:
    """`size` candidates: all of `gold` and `near`, siblings of each, then strangers.

    Siblings are leaves of the same category, those with the longest common beginning first: a
    seventh character, a side or a type apart. Strangers are billable codes drawn from the whole
    code set by a hash of `item_id`.
    """
    chosen = sorted({*gold, *near})
    strangers = _strangers(icd, item_id)
    # Every seed gets company, strangers too, so that company gives no gold code away.
    seeds = chosen + [next(strangers) for _ in range(2)]
    picks = [_siblings(icd, item_id, code, set(chosen)) for code in seeds]
    chosen += [c for c in seeds if c not in chosen]
    round_number = 0
    while len(chosen) < size and any(picks):
        for pick in picks:
            if round_number < len(pick) and len(chosen) < size and pick[round_number] not in chosen:
                chosen.append(pick[round_number])
        round_number += 1
        if round_number > max(map(len, picks)):
            break
    while len(chosen) < size:
        code = next(strangers)
        if code not in chosen:
            chosen.append(code)
    keep = sorted(chosen[: max(size, len({*gold, *near}))])
    return [{"code": c, "description": icd.get_description(c)} for c in keep]


def _siblings(icd: Any, item_id: str, code: str, taken: set[str]) -> list[str]:
    """Up to 4 leaves of the category of `code`, closest first."""
    leaves = [c for c in icd.get_descendants(code[:3]) if icd.is_leaf(c) and c not in taken]
    return sorted(leaves, key=lambda c: (-_common(c, code), _hash(item_id, c)))[:4]


def _common(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(b))


def _hash(item_id: str, code: str) -> str:
    return hashlib.sha256(f"{item_id}/{code}".encode()).hexdigest()


def _strangers(icd: Any, item_id: str) -> Any:
    every = icd.get_all_codes()
    n = 0
    while True:
        code = every[int(_hash(item_id, str(n)), 16) % len(every)]
        n += 1
        if billable(icd, code):
            yield code
