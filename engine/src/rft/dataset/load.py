"""Read a JSONL file into rows, with a finding for everything that is wrong with the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rft import jsonl
from rft.findings import Finding, Problem, shown_path
from rft.garbage import no_garbage_collection
from rft.hooks import failure
from rft.jsonl import BOM, JsonReader, ProblemError, numbered_lines
from rft.validation import field_problems

MAX_LINE_BYTES = 1_000_000
"""Longer lines get a warning: no back end's context takes them, and viewers choke on them."""
MAX_SCHEMA_PROBLEMS = 10
"""Per row; what is beyond is counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file that fits the schema."""

    line: int
    data: dict[str, Any]
    """The row as it stands in the file; graders get this."""
    item: BaseModel
    size: int
    """Length of the line in bytes."""

    @property
    def id(self) -> str:
        """The row's id as text."""
        return str(self.data.get("id", ""))


@dataclass(frozen=True, slots=True)
class Split:
    """One data file: `rows` are those that could be read, `lines` counts all that should be."""

    name: str
    path: Path
    rows: Sequence[Row]
    lines: int
    sha256: str

    @property
    def file(self) -> str:
        """The path as findings print it."""
        return shown_path(self.path)


def load_split(name: str, path: Path, item_model: type[BaseModel]) -> tuple[Split, list[Finding]]:
    """Read every row of `path` (UTF-8, one JSON object per line) and check it against the schema.

    Rows with an error are left out of the split, except rows that only lack `messages`, which
    `write_messages` can add. Never raises for the file's content: every fault is a finding.
    """
    findings: list[Finding] = []
    file = shown_path(path)

    def report(problem: Problem, line: int | None = None, *, warn: bool = False) -> None:
        findings.append(problem.at(file, line, warn=warn))

    rows: list[Row] = []
    count = 0
    raw = b""
    try:
        raw = jsonl.read_bytes(path)
    except ProblemError as error:
        findings += [problem.at(file) for problem in error.problems]
    if raw.startswith(BOM):
        raw = raw.removeprefix(BOM)
        report(_BOM, 1)
    reader = JsonReader()
    with no_garbage_collection():
        for number, content in numbered_lines(raw):
            if not content.strip():
                report(_BLANK, number)
                continue
            if number == 1 and content.strip() in (b"{", b"["):
                report(_PRETTY, number)  # no one knows how many rows; further lines fail alike
                break
            count += 1
            row, problems = _read_row(number, content, item_model, reader)
            for problem in problems:
                report(problem, number)
            if row:
                rows.append(row)
                if row.size > MAX_LINE_BYTES:
                    report(_long_line(row.size), number, warn=True)
    if not count and not findings:
        report(_NO_ROWS)
    return Split(name, path, rows, count, dataset_hash(rows)), findings


def dataset_hash(rows: Iterable[Row]) -> str:
    """SHA-256 over the rows in their order, as hexadecimal; spacing and key order do not count."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row.data, sort_keys=True, separators=(",", ":")).encode())
        digest.update(b"\n")
    return digest.hexdigest()


_BOM = Problem(
    "byte-order-mark",
    None,
    "the file begins with a byte order mark, which JSON readers refuse",
    "save it as UTF-8 without BOM",
)
_BLANK = Problem("blank-line", None, "the line is blank", "remove it")
_NO_ROWS = Problem("empty-file", None, "the file holds no rows", "write one JSON object per line")
_PRETTY = Problem(
    "not-jsonl",
    None,
    "one JSON value is spread over several lines",
    "write each row as one JSON object on one line (JSONL)",
)


def _long_line(size: int) -> Problem:
    message = f"the line has {size:,} bytes (more than {MAX_LINE_BYTES:,})"
    return Problem("long-line", None, message, "shorten the row or leave it out")


def _read_row(
    number: int, content: bytes, item_model: type[BaseModel], reader: JsonReader
) -> tuple[Row | None, list[Problem]]:
    try:
        data = reader.read_object(content)
    except ProblemError as error:
        return None, list(error.problems)
    return _validated(number, data, item_model, len(content))


def _validated(
    number: int, data: dict[str, Any], item_model: type[BaseModel], size: int
) -> tuple[Row | None, list[Problem]]:
    problems: list[Problem] = []
    candidate = data
    if "messages" not in data and "messages" in item_model.model_fields:
        remedy = "run `rft check --write-messages`"
        problems.append(Problem("messages-missing", "messages", "is missing", remedy))
        candidate = {**data, "messages": []}
    try:
        return Row(number, data, item_model.model_validate(candidate), size), problems
    except ValidationError as error:
        return None, problems + _first_few(field_problems(error, candidate))
    except Exception as error:  # a validator of the team's own schema
        message = f"the schema's own code fails on this row: {failure(error)}"
        remedy = "correct the validator in the schema (raise ValueError for bad rows)"
        return None, [*problems, Problem("schema-code", None, message, remedy)]


def _first_few(problems: list[Problem]) -> list[Problem]:
    """A list with a thousand wrong elements is one fault, not a thousand lines to read."""
    if len(problems) <= MAX_SCHEMA_PROBLEMS:
        return problems
    rest = len(problems) - MAX_SCHEMA_PROBLEMS
    message = f"{rest} more fields of this row do not fit the schema"
    more = Problem("schema", None, message, "correct those above, then check again")
    return [*problems[:MAX_SCHEMA_PROBLEMS], more]
