"""How values are written for people: on a page, and in a terminal."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from markupsafe import Markup, escape

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


def seen(text: str) -> str:
    """Spell out characters that hide or reorder text or move a cursor, for example U+202E."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def plain(value: Any) -> Any:
    """What a template puts on the page: all text but its own markup is `seen`."""
    return seen(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def content(text: str) -> Markup:
    """Text escaped for the inside of an element only: quotes stay, which saves a third of JSON."""
    return Markup(str(escape(seen(text))).replace("&#34;", '"').replace("&#39;", "'"))


def number(value: float | None) -> str:
    """Two decimals; what is only nearly 0 or 1 is not told as 0.00 or 1.00."""
    if value is None or math.isnan(value):
        return "unknown"
    if 1e-6 < value < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= value < 1 - 1e-6 else f"{value:.2f}"


def pretty(value: Any) -> str:
    """A value as text for people: lists and objects one entry a line, a string as it is."""
    if isinstance(value, str):
        return value
    try:
        if isinstance(value, list) and value:
            lines = [json.dumps(v, ensure_ascii=False, default=str) for v in value]
            return "[\n  " + ",\n  ".join(lines) + "\n]"
        return json.dumps(value, ensure_ascii=False, indent=2, default=str)
    except RecursionError:
        return "(nested too deep to show)"
