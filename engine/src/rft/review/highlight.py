"""Code with its words coloured, as HTML that holds nothing but escaped text and class names."""

from __future__ import annotations

from markupsafe import Markup, escape

from rft.display import reveal_control_chars

MAX_CHARS = 20_000
"""Longer code is shown plain."""


def highlight(code: str, language: str) -> Markup:
    """Code for the inside of <pre>; plain where Pygments or the language is unknown."""
    text = reveal_control_chars(code)
    if len(text) > MAX_CHARS:
        return escape(text)
    try:
        from pygments import highlight as by_pygments
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import get_lexer_by_name
        from pygments.util import ClassNotFound
    except ImportError:
        return escape(text)
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(text)
    return Markup(by_pygments(text, lexer, HtmlFormatter(nowrap=True)))
