"""How values are written for people: on a page, and in a terminal."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from rft.stats import Estimate

COLOURS = {
    **dict.fromkeys(("pass", "GO", "b"), "green"),
    **dict.fromkeys(("warn", "NOT YET", "tied"), "yellow"),
    **dict.fromkeys(("fail", "NO-GO", "a"), "red"),
}
"""Of the verdicts of checks, of all checks together, and of a pair of runs."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


def reveal_control_chars(text: str) -> str:
    """Spell out characters that hide or reorder text or move a cursor, for example U+202E."""
    return _UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def on_page(value: Any) -> Any:
    """What a template puts on the page: in all text but its own markup hidden characters show."""
    return (
        reveal_control_chars(value)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def content(text: str) -> Markup:
    """Text escaped for the inside of an element only: quotes stay, which saves a third of JSON."""
    return Markup(
        str(escape(reveal_control_chars(text))).replace("&#34;", '"').replace("&#39;", "'")
    )


def number(value: float | None) -> str:
    """Two decimals; what is only nearly 0 or 1 is not written as 0.00 or 1.00."""
    if value is None or math.isnan(value):
        return "unknown"
    if 1e-6 < value < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= value < 1 - 1e-6 else f"{value:.2f}"


def figure(value: float) -> str:
    """A figure of any size, for a table: two decimals up to 2, whole numbers above."""
    return "-" if math.isnan(value) else f"{value:,.0f}" if value > 2 else f"{value:.2f}"


def share(estimate: Estimate) -> str:
    """A share with its interval, in per cent: `12% [8%, 17%]`."""
    digits = 0 if estimate.high - estimate.low >= 0.01 else 1
    return _with_interval(estimate, lambda share: f"{100 * share:.{digits}f}%")


def signed(estimate: Estimate) -> str:
    """A difference with its interval: `+0.21 [+0.15, +0.27]`."""
    return _with_interval(estimate, lambda difference: f"{difference:+.2f}")


def money(estimate: Estimate) -> str:
    """An amount with its interval: `1,203.40 [1,100.00, 1,300.00]`."""
    return _with_interval(estimate, lambda amount: f"{amount:,.2f}")


def millions(estimate: Estimate) -> str:
    """A number of tokens with its interval: `1.20 M [1.10, 1.30]`."""
    return _with_interval(estimate, lambda tokens: f"{tokens / 1e6:,.2f}", " M")


def _with_interval(estimate: Estimate, write: Callable[[float], str], unit: str = "") -> str:
    if math.isnan(estimate.value):
        return "unknown"
    value, low, high = map(write, (estimate.value, estimate.low, estimate.high))
    return f"{value}{unit} [{low}, {high}]"


def p_value(value: float) -> str:
    """A p value to three decimals."""
    if math.isnan(value):
        return "unknown"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float) -> str:
    """`50 s`, `3 min` or `2.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def counted(count: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def names(ids: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    more = f" and {len(ids) - most:,} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def shortened(text: str, characters: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


def first_sentences(text: str, count: int = 2) -> str:
    """The beginning of a text, on one line; a list in it is left out."""
    prose = re.split(r"\n\s*[-*] ", text.strip(), maxsplit=1)[0]
    return " ".join(re.split(r"(?<=[.!?:])\s+(?=[A-Z])", " ".join(prose.split()))[:count])


def as_text(write: Callable[[Console], None]) -> str:
    """What `write` prints on a console of 80 columns without colours."""
    from rich.console import Console

    file = io.StringIO()
    write(Console(file=file, width=80, markup=False, highlight=False))
    return file.getvalue().rstrip("\n")


def headline(verdict: str, colour: str, rest: str) -> Text:
    """A verdict in bold and colour, then the rest of the sentence."""
    from rich.text import Text

    return Text(verdict, style=f"bold {colour}").append(f": {rest}", style="not bold default")


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
