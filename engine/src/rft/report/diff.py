"""What an answer has and lacks beside the reference, entry by entry, compared literally."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Diff:
    """Number of entries that agree, and the others as text, in the order of their side."""

    same: int
    differs: list[tuple[str, str]]
    """(reference, answer) of two entries for one thing: their first field is the same."""
    missing: list[str]
    extra: list[str]


@dataclass(frozen=True)
class _Entry:
    canon: str
    label: str = field(compare=False)
    ident: str = field(compare=False)
    """What the entry is about; "" when that is unknown."""


def diff_answers(reference: Any, answer: Any) -> Diff | None:
    """The differences between two lists or two objects; None for anything else.

    A bare reference list is compared with the list that stands alone in an answer's object.
    """
    if isinstance(reference, list) and isinstance(answer, dict) and len(answer) == 1:
        (answer,) = answer.values()
    if type(reference) is not type(answer) or not isinstance(reference, list | dict):
        return None
    try:
        want, have = Counter(_entries(reference)), Counter(_entries(answer))
    except RecursionError:
        return None
    missing, extra = list((want - have).elements()), list((have - want).elements())
    differs = []
    for entry in missing.copy():
        twin = next((e for e in extra if entry.ident and e.ident == entry.ident), None)
        if twin:
            differs.append((entry.label, twin.label))
            missing.remove(entry)
            extra.remove(twin)
    same = (want & have).total()
    return Diff(same, differs, [e.label for e in missing], [e.label for e in extra])


def _entries(value: Any) -> list[_Entry]:
    if isinstance(value, list):
        return [_entry(v) for v in value]
    entries = []
    for key, inner in value.items():
        if isinstance(inner, list):
            entries += [_entry(v, f"{key}: ") for v in inner]
        else:
            entries.append(_Entry(f"{key}={_canon(inner)}", f"{key}: {_plain(inner)}", f"{key}="))
    return entries


def _entry(value: Any, prefix: str = "") -> _Entry:
    label, ident = _plain(value), ""
    if isinstance(value, dict) and value:
        key, first = next(iter(value.items()))
        ident = f"{prefix}{key}={_canon(first)}"
        rest = [f"{k}: {_plain(v)}" if len(value) > 2 else _plain(v) for k, v in value.items()]
        label = ", ".join(rest) if len(value) > 2 else ": ".join(rest)
    return _Entry(prefix + _canon(value), prefix + label, ident)


def _canon(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
