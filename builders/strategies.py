"""Strategies for property tests of a grader: any JSON, and any spelling of an answer.

Importing this configures hypothesis: the same examples on every run, no deadline, and no files
beside the project's.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "rft-hypothesis")
settings.register_profile(
    "rft",
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("rft")

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


def any_json(*keys: str) -> st.SearchStrategy[Any]:
    """Any JSON value; objects often have these keys."""
    names = st.sampled_from(keys) | st.text(max_size=3) if keys else st.text(max_size=3)
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=15,
    )


def samples(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    """What a grader may be given: text of any kind, or a parsed answer of any shape."""
    value = any_json(*keys)
    text = st.text(max_size=200) | value.map(json.dumps)
    return (
        text.map(lambda said: {"output_text": said})
        | value.map(lambda parsed: {"output_text": "", "output_json": parsed})
        | value.map(lambda anything: {"output_text": anything})
        | st.dictionaries(st.sampled_from(["output_text", "output_json", "choices"]), value)
    )


@st.composite
def broken(draw: st.DrawFn, row: dict[str, Any]) -> dict[str, Any]:
    """A row in which some fields, or fields of those, are missing or replaced by any value."""
    row = dict(row)
    for field in draw(st.lists(st.sampled_from(sorted(row)), max_size=3, unique=True)):
        inner = row[field]
        if isinstance(inner, list) and inner and draw(st.booleans()):
            at = draw(st.integers(0, len(inner) - 1))
            row[field] = [*inner[:at], draw(any_json(*row)), *inner[at + 1 :]]
        elif isinstance(inner, dict) and draw(st.booleans()):
            row[field] = inner | {draw(st.sampled_from(sorted(inner))): draw(any_json())}
        elif draw(st.booleans()):
            row[field] = draw(any_json(*row))
        else:
            del row[field]
    return row


@st.composite
def spellings(draw: st.DrawFn, value: Any) -> dict[str, Any]:
    """A sample that holds `value` in any JSON spelling: white space, escapes, key order,
    a fence around it, or already parsed."""
    if draw(st.booleans()):
        value = _turned(value)
    text = json.dumps(
        value,
        indent=draw(st.sampled_from([None, 0, 2, "\t"])),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", " : ")])),
    )
    around = [
        ("", ""),
        ("\n ", "\n"),
        ("```json\n", "\n```"),
        ("So:\r\n~~~\r\n", "\r\n~~~\r\nDone."),
    ]
    before, after = draw(st.sampled_from(around))
    sample = {"output_text": before + text + after}
    return sample | ({"output_json": value} if draw(st.booleans()) else {})


def _turned(value: Any) -> Any:
    """The same value with the keys of every object in reverse."""
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return [_turned(entry) for entry in value] if isinstance(value, list) else value
