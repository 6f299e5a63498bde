"""The words of the product, one sentence each: docs/GLOSSARY.md of a project and the report's."""

from __future__ import annotations

import re
from importlib import resources

_ENTRY = re.compile(r"^- \*\*(?P<word>[^*]+)\*\*: (?P<sentence>.+?)$", re.MULTILINE)


def words() -> dict[str, str]:
    """Word -> what it means, in the order of glossary.md."""
    text = resources.files("rft").joinpath("glossary.md").read_text(encoding="utf-8")
    return {entry["word"]: entry["sentence"] for entry in _ENTRY.finditer(text)}
