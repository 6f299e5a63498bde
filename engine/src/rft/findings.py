"""A finding: one fault of the team's files, in one line that says where it is and what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

MAX_CHARS = 400
"""A validator's message may quote a whole document; a line on the terminal must not."""

SHOWN = 5
"""Findings of one kind in one file that are printed."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. An error keeps the file from being used, a warning is for people to judge."""

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
        """`task/data/train.jsonl:17: reference_answer: is missing; add it.`"""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        text = shorten(f"{place}: {_with_field(self.field, self.message)}", MAX_CHARS)
        text += f"; {self.remedy}." if self.remedy else "."
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

    @classmethod
    def of_sentence(cls, code: str, sentence: str, field: str | None = None) -> Problem:
        """The problem in a sentence "what is wrong; what to do."."""
        message, _, remedy = sentence.strip().removesuffix(".").rpartition("; ")
        return cls(code, field, message or remedy, remedy if message else "")

    def __str__(self) -> str:
        """`reference_answer: is missing; add it`, without a full stop."""
        text = _with_field(self.field, self.message)
        return f"{text}; {self.remedy}" if self.remedy else text


def _with_field(field: str | None, message: str) -> str:
    # A domain check's sentence may begin with the field's name already.
    return f"{field}: {message}" if field and not message.startswith(f"{field} ") else message


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by file, then line; those about a whole file come first."""
    return sorted(findings, key=lambda f: (f.file, f.line or 0, f.field or "", f.code))


def fold(findings: Iterable[Finding], shown: int = SHOWN) -> list[tuple[Severity, str]]:
    """The findings as (severity, line) pairs, errors first, `shown` of each kind.

    Of one kind are findings with the same code on the same field of the same file. The others are
    counted in one more line, so that a fault that every row has does not hide the rest.
    """
    ordered = sorted(findings, key=lambda f: f.severity != "error")
    totals = Counter(map(_kind, ordered))
    lines: list[tuple[Severity, str]] = []
    printed: Counter[tuple[str, ...]] = Counter()
    for finding in ordered:
        kind = _kind(finding)
        printed[kind] += 1
        if printed[kind] <= shown:
            lines.append((finding.severity, f"{finding.severity}: {finding}"))
        elif printed[kind] == shown + 1:
            more = f"  ... and {totals[kind] - shown:,} more of this kind in {finding.file} (--all)"
            lines.append((finding.severity, more))
    return lines


def _kind(finding: Finding) -> tuple[str, ...]:
    field = re.sub(r"\[\d+\]", "[]", finding.field or "")
    return (finding.severity, finding.file, finding.code, field)


def shown_path(path: Path) -> str:
    """A path as findings print it: seen from the current folder when below it, with slashes."""
    return (path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path).as_posix()


def quoted(value: Any, width: int = 60) -> str:
    """A value for a sentence: `repr`, so control characters are escaped, cut to `width`."""
    # A long string is cut first: its repr could be megabytes.
    return shorten(repr(value[: width + 1]) if isinstance(value, str) else repr(value), width)


def shorten(text: str, width: int = 60) -> str:
    """A text of at most `width` characters, with dots where something is left out."""
    return text if len(text) <= width else text[: width - 3] + "..."


def field_path(parts: Iterable[str | int]) -> str:
    """`("messages", 0, "role")` as `messages[0].role`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
