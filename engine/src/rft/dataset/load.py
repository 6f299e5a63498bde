"""Read a JSONL file into rows, with a finding for everything that is wrong with the file."""

from __future__ import annotations

import gc
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rft.dataset.findings import Finding, Problem, shown_field, shown_path
from rft.dataset.sentences import json_problem, schema_problems

MAX_LINE_BYTES = 1_000_000
"""Longer lines get a warning: no back end's context takes them, and viewers choke on them."""
MAX_DEPTH = 64
"""Deeper JSON is refused: recursive readers further down (graders, exports) would fail on it."""
MAX_SCHEMA_PROBLEMS = 10
"""Per row; what is beyond is counted."""

_HALF_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


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
    raw, problem = _read(path)
    if problem:
        report(problem)
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
        report(_BOM, 1)
    reader = _Reader()
    with _no_garbage_collection():
        for number, content in _lines(raw):
            if not content.strip():
                report(_BLANK, number)
                continue
            count += 1
            row, problems = _read_row(number, content, item_model, reader)
            for problem in problems:
                report(problem, number)
            if row:
                rows.append(row)
                if row.size > MAX_LINE_BYTES:
                    report(_long_line(row.size), number, warn=True)
            if problems and problems[0] is _PRETTY:
                count = 0  # no one knows how many rows; further lines fail for the same reason
                break
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
_DEEP = Problem(
    "too-deep",
    None,
    f"the JSON is nested deeper than {MAX_DEPTH} levels",
    "flatten the row, or store the deep part as a string",
)


def _long_line(size: int) -> Problem:
    message = f"the line has {size:,} bytes (more than {MAX_LINE_BYTES:,})"
    return Problem("long-line", None, message, "shorten the row or leave it out")


def _read(path: Path) -> tuple[bytes, Problem | None]:
    """The file's bytes, empty with a problem if there is no text to be had."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        remedy = "create it, or correct its path in rft.toml"
        return b"", Problem("missing-file", None, "the file does not exist", remedy)
    except OSError as error:
        message = f"the file cannot be read ({error.strerror})"
        return b"", Problem("unreadable-file", None, message, "check the path and its permissions")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:4096]:
        message = "the file is no UTF-8 text (it looks like UTF-16 or a binary file)"
        return b"", Problem("not-text", None, message, "save it as UTF-8 without BOM")
    return raw, None


def _lines(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without line feed; a final line feed opens no further line.

    Only a line feed ends a line: inside JSON strings U+2028 and its like are plain characters.
    """
    lines = raw.split(b"\n")
    if not lines[-1]:
        lines.pop()
    yield from enumerate(lines, 1)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Rows hold no cycles, and looking for some takes longer than reading (2.6 times, measured)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Twice(dict[str, Any]):
    """An object in which `key` stood more than once."""

    key: str


class _Reader:
    """A JSON reader that notes what the standard one hides: repeated keys, numbers beyond float.

    `odd` says that the last text had such a thing; where, `_json_oddities` finds out.
    """

    def __init__(self) -> None:
        self.odd = False
        decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_float=self._float, parse_constant=self._float
        )
        self._decode = decoder.decode

    def read(self, text: str) -> Any:
        self.odd = False
        return self._decode(text)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self.odd = True
        twice = _Twice(found)
        keys = [key for key, _ in pairs]
        twice.key = next(key for key in keys if keys.count(key) > 1)
        return twice

    def _float(self, text: str) -> float:
        number = float(text)
        if not math.isfinite(number):
            self.odd = True
        return number


def _read_row(
    number: int, content: bytes, item_model: type[BaseModel], reader: _Reader
) -> tuple[Row | None, list[Problem]]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start + 1} of the line (0x{content[error.start]:02x})"
        return None, [Problem("not-utf8", None, message, "save the file as UTF-8")]
    try:
        data = reader.read(text)
    except json.JSONDecodeError as error:
        pretty = number == 1 and text.strip() in ("{", "[")
        return None, [_PRETTY if pretty else json_problem(error)]
    except RecursionError:
        return None, [_DEEP]
    except ValueError:  # Python refuses integers of more than some thousand digits
        message = "an integer has too many digits"
        return None, [Problem("bad-number", None, message, "write it as a string")]
    if not isinstance(data, dict):
        message = f"the line is {_kind(data)}, not an object"
        return None, [Problem("not-object", None, message, "write each row as one {...} per line")]
    deep = text.count("{") + text.count("[") > MAX_DEPTH  # or merely many, side by side
    if reader.odd or deep or _HALF_SURROGATE.search(text):
        problems = list(_json_oddities(data))
        if problems:
            return None, problems
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
        return None, problems + _first_few(schema_problems(error, candidate))
    except Exception as error:  # a validator of the team's own schema
        message = f"the schema's own code fails on this row: {type(error).__name__}: {error}"
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


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"an array of {len(value)} elements"
    if value is None:
        return "null"
    return {str: "a string", bool: "true or false"}.get(type(value), "a number")


def _json_oddities(data: dict[str, Any]) -> Iterator[Problem]:
    """What is JSON to Python but not to others, with its place in the row; level by level."""
    level: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    for _ in range(MAX_DEPTH):
        below: list[tuple[tuple[str | int, ...], Any]] = []
        for path, node in level:
            if isinstance(node, _Twice):
                yield Problem(
                    "duplicate-key",
                    shown_field((*path, node.key)),
                    "the key stands more than once in one object",
                    "keep one of them",
                )
            pairs = node.items() if isinstance(node, dict) else enumerate(node)
            for key, value in pairs:
                if isinstance(value, dict | list):
                    below.append(((*path, key), value))
                elif isinstance(value, float) and not math.isfinite(value):
                    yield Problem(
                        "not-finite",
                        shown_field((*path, key)),
                        "is NaN, infinite or beyond 1e308, which JSON does not have",
                        "write a finite number or null",
                    )
                if _half_surrogate(key) or _half_surrogate(value):
                    yield Problem(
                        "half-character",
                        shown_field((*path, key)),
                        "half of a surrogate pair (\\ud800 to \\udfff) is no character",
                        "write the whole character",
                    )
        if not below:
            return
        level = below
    yield _DEEP


def _half_surrogate(value: Any) -> bool:
    try:
        if isinstance(value, str):
            value.encode()
    except UnicodeEncodeError:
        return True
    return False
