"""Text files of the team's: how they are read, and every fault with file and line.

A line ends at a line feed only: inside a JSON string or a CSV cell U+2028, U+0085 and form feeds
are plain characters.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rft.errors import UserError
from rft.findings import Finding, Problem, field_path, quoted, shown_path
from rft.validation import field_problems

MAX_DEPTH = 64
"""Deeper JSON is refused: recursive readers further down (graders, exports) would fail on it."""
BOM = b"\xef\xbb\xbf"
_HALF_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_JSON_REMEDIES = (
    ("Extra data", "put each JSON object on a line of its own"),
    ("Expecting property name", "quote keys with double quotes, no comma after the last one"),
    ("Illegal trailing comma", "remove the comma after the last element"),
    ("Unterminated string", "close the string, and write a line break inside it as \\n"),
    ("Invalid control character", "write tabs and other control characters as \\t, \\u001b"),
    ("Invalid \\", "write a backslash inside a string as \\\\"),
)
_DEEP = Problem(
    "too-deep",
    None,
    f"the JSON is nested deeper than {MAX_DEPTH} levels",
    "flatten it, or store the deep part as a string",
)


class ProblemError(Exception):
    """A text or line that cannot be read; `problems` say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class TextError(UserError):
    """A file that is not readable text: `message` is a sentence, `line` None for the whole file."""

    def __init__(self, file: str, line: int | None, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}" if line else f"{file}: {message}")
        self.file, self.line, self.message = file, line, message


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises ProblemError when it cannot be read or is not UTF-8-like text."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        remedy = "create it, or correct its path"
        problem = Problem("missing-file", None, "the file does not exist", remedy)
        raise ProblemError(problem) from None
    except OSError as error:
        message = f"the file cannot be read ({error.strerror})"
        problem = Problem("unreadable-file", None, message, "check the path and its permissions")
        raise ProblemError(problem) from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:4096]:
        message = "the file is not UTF-8 text (it looks like UTF-16 or a binary file)"
        raise ProblemError(Problem("not-text", None, message, "save it as UTF-8 without BOM"))
    return raw


def decode(line: bytes) -> str:
    """One line as text. Raises ProblemError that names the byte and what it probably is."""
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        byte = line[error.start]
        meant = bytes([byte]).decode("cp1252", "replace")
        guess = f", {meant!r} in Windows-1252" if meant.isprintable() and meant != "\ufffd" else ""
        message = f"not valid UTF-8 at byte {error.start + 1} of the line (0x{byte:02x}{guess})"
        raise ProblemError(Problem("not-utf8", None, message, "save the file as UTF-8")) from None


def numbered_lines(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without line feed; a final line feed opens no further line."""
    lines = raw.split(b"\n")
    if not lines[-1]:
        lines.pop()
    yield from enumerate(lines, 1)


def read_text(path: Path, name: str = "") -> str:
    """A file's text, with or without a byte order mark, line ends as in the file.

    `name`: how messages call the file. Raises TextError with file, line and remedy when it is
    missing or is not UTF-8; UTF-16 and Windows-1252 are named.
    """
    name = name or shown_path(path)
    try:
        raw = read_bytes(path)
    except ProblemError as error:
        raise TextError(name, None, f"{error}.") from None
    raw = raw.removeprefix(BOM)
    try:
        return raw.decode()
    except UnicodeDecodeError as failure:
        number = raw.count(b"\n", 0, failure.start) + 1
        try:
            decode(raw.split(b"\n")[number - 1])
        except ProblemError as error:
            raise TextError(name, number, f"{error}.") from None
        raise


class JsonReader:
    """A JSON reader that sees what the standard one hides: repeated keys, numbers beyond float."""

    def __init__(self) -> None:
        self._odd = False
        self._decode = json.JSONDecoder(
            object_pairs_hook=self._object, parse_float=self._float, parse_constant=self._float
        ).decode

    def read_object(self, line: bytes) -> dict[str, Any]:
        """The JSON object on a line. Raises ProblemError."""
        text = decode(line)
        self._odd = False
        try:
            data = self._decode(text)
        except json.JSONDecodeError as error:
            raise ProblemError(_json_problem(error)) from None
        except RecursionError:
            raise ProblemError(_DEEP) from None
        except ValueError:  # Python refuses integers of more than some thousand digits
            message = "an integer has too many digits"
            problem = Problem("bad-number", None, message, "write it as a string")
            raise ProblemError(problem) from None
        if not isinstance(data, dict):
            message = f"the line is {_kind(data)}, not an object"
            remedy = "write each row as one {...} per line"
            raise ProblemError(Problem("not-object", None, message, remedy))
        deep = text.count("{") + text.count("[") > MAX_DEPTH  # or merely many, side by side
        if self._odd or deep or _HALF_SURROGATE.search(text):
            problems = list(_json_oddities(data))
            if problems:
                raise ProblemError(*problems)
        return data

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data = dict(pairs)
        if len(data) == len(pairs):
            return data
        self._odd = True
        keys = [key for key, _ in pairs]
        return _RepeatedKey(data, next(key for key in keys if keys.count(key) > 1))

    def _float(self, text: str) -> float:
        number = float(text)
        self._odd |= not math.isfinite(number)
        return number


class _RepeatedKey(dict[str, Any]):
    """An object in which `key` stood more than once."""

    def __init__(self, data: dict[str, Any], key: str) -> None:
        super().__init__(data)
        self.key = key


class Line(BaseModel):
    """What the model of each line of a file beside the data adds its fields to."""

    model_config = ConfigDict(extra="forbid")

    item_id: str
    place: str = Field(default="", exclude=True)
    """File and line, for messages."""

    def finding(self, code: str, field: str | None, message: str, remedy: str) -> Finding:
        """An error on this line."""
        file, _, number = self.place.rpartition(":")
        return Problem(code, field, message, remedy).at(file, int(number))


L = TypeVar("L", bound=Line)


def read_lines(
    path: Path, model: type[L], item_ids: Collection[str]
) -> tuple[list[L], list[Finding]]:
    """The usable lines of a JSONL file, and a finding for each line that is not usable.

    `item_ids`: the rows that a line may name.
    """
    file = f"{path.parent.name}/{path.name}"
    lines: list[L] = []
    findings: list[Finding] = []
    reader = JsonReader()
    try:
        raw = read_bytes(path).removeprefix(BOM)
    except ProblemError as error:
        return [], [problem.at(file) for problem in error.problems]
    for number, content in numbered_lines(raw):
        if not content.strip():
            continue
        try:
            data = reader.read_object(content)
            line = model.model_validate(data | {"place": f"{file}:{number}"})
        except ProblemError as error:
            findings += [problem.at(file, number) for problem in error.problems]
        except ValidationError as error:
            findings += [p.at(file, number) for p in field_problems(error, data)]
        else:
            if line.item_id in item_ids:
                lines.append(line)
                continue
            message = f"{quoted(line.item_id)} is the id of no row"
            remedy = "name a row of any split, or remove the line"
            findings.append(Problem("unknown-row", "item_id", message, remedy).at(file, number))
    return lines, findings


def _json_problem(error: json.JSONDecodeError) -> Problem:
    """Why a line is not JSON, with the column (1 is the first character)."""
    remedy = "write the row with a JSON library, one object on the line"
    for start, advice in _JSON_REMEDIES:
        if error.msg.startswith(start):
            remedy = advice
    reason = error.msg[:1].lower() + error.msg[1:].removesuffix(" at").removesuffix(" starting")
    return Problem("bad-json", None, f"not valid JSON at column {error.colno}: {reason}", remedy)


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
            if isinstance(node, _RepeatedKey):
                yield Problem(
                    "duplicate-key",
                    field_path((*path, node.key)),
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
                        field_path((*path, key)),
                        "is NaN, infinite or beyond 1e308, which JSON does not have",
                        "write a finite number or null",
                    )
                if _half_surrogate(key) or _half_surrogate(value):
                    yield Problem(
                        "half-character",
                        field_path((*path, key)),
                        "half of a surrogate pair (\\ud800 to \\udfff) is not a character",
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
