"""A finding: one fault of the data, told in one line that says where it is and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

MAX_CHARS = 400
"""A validator's message may quote a whole document; a line on the terminal must not."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. An error keeps the data from being used, a warning is for people to judge."""

    severity: Severity
    code: str
    """Short and stable, for tests and machines: `duplicate-id`, `bad-json`, ..."""
    file: str
    line: int | None
    """1 is the first line of the file; None when the whole file is meant."""
    field: str | None
    """Where in the row, for example `reference_answer[0].name`."""
    message: str
    remedy: str

    def __str__(self) -> str:
        """`task/data/train.jsonl:17: reference_answer: is missing -> add it to this row`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        # A domain check's sentence may begin with the field's name already.
        named = self.field and not self.message.startswith(f"{self.field} ")
        what = f"{self.field}: {self.message}" if named else self.message
        text = f"{place}: {cut(what, MAX_CHARS)}" + (f" -> {self.remedy}" if self.remedy else "")
        return "".join(c if c.isprintable() else " " for c in text)


class Problem(NamedTuple):
    """A fault before it is known where it stands."""

    code: str
    field: str | None
    message: str
    remedy: str

    def at(self, file: str, line: int | None = None, *, warn: bool = False) -> Finding:
        """The finding at this place."""
        return Finding("warning" if warn else "error", self.code, file, line, *self[1:])


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by file, then line; those about a whole file come first."""
    return sorted(findings, key=lambda f: (f.file, f.line or 0, f.field or "", f.code))


def has_errors(findings: Iterable[Finding]) -> bool:
    """True if at least one finding is an error."""
    return any(f.severity == "error" for f in findings)


def shown_path(path: Path) -> str:
    """A path as findings print it: as it was handed in, with forward slashes."""
    return path.as_posix()


def shown_value(value: Any, width: int = 60) -> str:
    """A value for a sentence: `repr`, so control characters are escaped, cut to `width`."""
    # A long string is cut first: its repr could be megabytes.
    return cut(repr(value[: width + 1]) if isinstance(value, str) else repr(value), width)


def cut(text: str, width: int = 60) -> str:
    """A text of at most `width` characters, with dots where something is left out."""
    return text if len(text) <= width else text[: width - 3] + "..."


def shown_field(parts: Iterable[str | int]) -> str:
    """`("messages", 0, "role")` as `messages[0].role`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
