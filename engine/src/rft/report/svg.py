"""A matplotlib figure -> an `<svg>` element that a strict page takes in and a style sheet colours.

matplotlib writes colours and fonts into style attributes, which the page's policy forbids and no
dark mode could change. Figures are drawn in the names of INKS, each a colour nobody would choose;
here a colour becomes a class ("fill-one"), the rest of a style plain attributes, and what a page
does not need (ids, clip paths, metadata, a font family) goes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from xml.etree import ElementTree

import matplotlib.style
from markupsafe import Markup
from matplotlib.figure import Figure

from rft.display import reveal_control_chars

INK, SOFT, LINE = "#010101", "#010102", "#010103"
SERIES = ("#010104", "#010105", "#010106", "#010107")
"""A colour for each run beside others; more runs than that share the last."""
INKS = {INK: "ink", SOFT: "soft", LINE: "line"} | dict(
    zip(SERIES, ("one", "two", "three", "four"), strict=True)
)
FONT = 11.0
"""Points; a figure of 400 points stands on the page about 400 pixels wide."""

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+")
_KEPT = {
    "fill", "fill-opacity", "font-size", "font-weight", "opacity", "stroke", "stroke-dasharray",
    "stroke-linecap", "stroke-opacity", "stroke-width", "text-anchor",
}  # fmt: skip


@contextmanager
def style() -> Iterator[None]:
    """matplotlib as it is shipped, whatever the user's settings, and text taken literally."""
    settings = {
        "svg.fonttype": "none",  # text as text: it can be searched, copied and read aloud
        "svg.hashsalt": "rft",  # the same figure gives the same bytes
        "text.parse_math": False,  # a "$" in the name of a slice is a dollar sign
        "font.size": FONT,
        "text.color": INK,
        "axes.labelcolor": SOFT,
        "axes.edgecolor": SOFT,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelsize": FONT,
        "ytick.labelsize": FONT,
        "grid.color": LINE,
        "lines.linewidth": 1.5,
    }
    with matplotlib.style.context(["default", settings]):
        yield


def markup(figure: Figure, label: str, tips: Mapping[str, Sequence[str]] | None = None) -> Markup:
    """The figure as an element of a page.

    `label` says what it shows to those who cannot see it. `tips` maps the gid of an artist to the
    texts that its parts show under the pointer, in the order they were drawn.
    """
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with warnings.catch_warnings():
        # The letters that matplotlib's own font lacks are drawn by the reader's fonts.
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(file, format="svg", metadata=nothing, transparent=True)
    drawn = ElementTree.fromstring(file.getvalue())
    markers = {e.get("id"): e for e in drawn.iter(f"{_SVG}path") if e.get("id")}
    svg = ElementTree.Element("svg", role="img", viewBox=drawn.get("viewBox", ""))
    svg.set("aria-label", reveal_control_chars(label))
    _copy(drawn, svg, markers, {gid: iter(texts) for gid, texts in (tips or {}).items()}, iter(()))
    return Markup(ElementTree.tostring(svg, encoding="unicode"))


def _copy(
    source: ElementTree.Element,
    target: ElementTree.Element,
    markers: Mapping[str | None, ElementTree.Element],
    tips: Mapping[str, Iterator[str]],
    texts: Iterator[str],
) -> None:
    """Put what is drawn in `source` into `target`; `texts` are the tips of the group around it."""
    for child in source:
        tag = child.tag.removeprefix(_SVG)
        if tag == "g":
            _copy(child, target, markers, tips, tips.get(child.get("id", ""), texts))
        if tag not in ("path", "use", "text"):
            continue
        attributes = _attributes(child)
        if tag == "use":
            attributes["d"] = _short(markers[child.get(_HREF, "")[1:]].get("d", ""))
            where = f"{child.get('x', '0')} {child.get('y', '0')}"
            attributes["transform"] = f"translate({_short(where)})"
        if attributes.get("fill") == "none" and not _visible(attributes):
            continue
        made = ElementTree.SubElement(target, "text" if tag == "text" else "path", attributes)
        made.text = child.text
        if (tip := next(texts, None) if tag != "text" else None) is not None:
            ElementTree.SubElement(made, "title").text = tip


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    made: dict[str, str] = {}
    classes: list[str] = []
    for name in ("d", "x", "y", "transform"):
        if name in element.attrib and not (element.tag == f"{_SVG}use" and name in "xy"):
            made[name] = _short(element.attrib[name])
    for part in element.get("style", "").split(";"):
        name, _, value = (text.strip() for text in part.partition(":"))
        if value in INKS:
            classes.append(f"{name}-{INKS[value]}")
        elif name in _KEPT:
            made[name] = value.removesuffix("px")
    if made.get("transform", "").startswith("rotate(-0 "):
        del made["transform"]
    return made | ({"class": " ".join(classes)} if classes else {})


def _visible(attributes: Mapping[str, str]) -> bool:
    return "stroke-" in attributes.get("class", "") or "stroke" in attributes


def _short(text: str) -> str:
    """Numbers to two decimals and words apart by one space: a third of matplotlib's size."""
    return _NUMBER.sub(
        lambda n: f"{float(n[0]):.2f}".rstrip("0").rstrip("."), " ".join(text.split())
    )
