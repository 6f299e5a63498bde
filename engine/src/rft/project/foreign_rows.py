"""Read files that a team already has: tables and chat datasets become records of named cells.

CSV and TSV, Excel, Parquet, JSONL and JSON. A chat dataset (RFT or SFT of OpenAI, Foundry, Bedrock)
gives the cells `system`, `user` and `assistant` beside the fields of its own. Nothing is evaluated:
a formula of a CSV file is text, and of an Excel file its stored result is read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from rft.errors import UserError, install_hint
from rft.findings import Problem, shown_path
from rft.jsonl import JsonReader, ProblemError, TextError, read_bytes
from rft.task import csv_rows
from rft.validation import repeated_column

TABLES = (".csv", ".tsv", ".xlsx", ".parquet")
OBJECTS = (".jsonl", ".json")
GUARDED = ("=", "+", "-", "@", "\t", "\r")
"""Begin a cell that a spreadsheet would take for a formula; `rft export-rows` puts ' before it."""
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
REMEDY = "correct it, or leave the row out"

Cells = dict[str, Any]


@dataclass(frozen=True)
class Foreign:
    """One row of a file as it stands there."""

    file: str
    line: int
    cells: Cells


@dataclass(frozen=True)
class LeftOut:
    """What could not be used: its place and the reason, a sentence with a remedy."""

    file: str
    line: int | None
    """None when the whole file is meant."""
    field: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.field}: {self.reason}" if self.field else f"{place}: {self.reason}"


def is_foreign(path: Path) -> bool:
    """Whether no importer of a task would read the file: a workbook, Parquet, a chat dataset."""
    suffix = path.suffix.lower()
    if suffix in OBJECTS:
        first = next(_objects(path), None)
        return isinstance(first, Foreign) and {"user", "assistant"} & set(first.cells) != set()
    return suffix in (".xlsx", ".parquet")


def read(path: Path) -> Iterator[Foreign | LeftOut]:
    """The rows of a file, and what is wrong with the rest. Raises UserError for other files."""
    suffix = path.suffix.lower()
    if suffix in OBJECTS:
        yield from _objects(path)
    elif suffix in (".csv", ".tsv"):
        yield from _csv(path, "\t" if suffix == ".tsv" else "")
    elif suffix == ".xlsx":
        yield from _excel(path)
    elif suffix == ".parquet":
        yield from _parquet(path)
    else:
        raise UserError(f"{path}: name a file that ends in {', '.join((*TABLES, *OBJECTS))}.")


def _csv(path: Path, delimiter: str) -> Iterator[Foreign | LeftOut]:
    try:
        rows = csv_rows(path, delimiter)
    except TextError as error:
        yield LeftOut(error.file, error.line, "", error.message)
        return
    file = shown_path(path)
    for line, cells in rows:
        if None in cells:
            yield LeftOut(file, line, "", "more cells than the header; quote cells with commas.")
        elif any((text or "").strip() for text in cells.values()):
            named = {str(name): _unguarded(text) for name, text in cells.items()}
            yield Foreign(file, line, named)


def _unguarded(text: Any) -> Any:
    """Undo the ' that `rft export-rows` puts before what a spreadsheet would evaluate."""
    guarded = isinstance(text, str) and text.startswith("'") and text[1:].startswith(GUARDED)
    return text[1:] if guarded else text


def _excel(path: Path) -> Iterator[Foreign | LeftOut]:
    try:
        import openpyxl
    except ImportError:
        raise lacks_tables(path) from None
    file = shown_path(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheets = book.worksheets
        rows = [list(row) for row in sheets[0].iter_rows(values_only=True)]
        book.close()
    except Exception as error:  # a damaged file: openpyxl lets many kinds through
        reason = f"not a readable workbook ({type(error).__name__}); save it again as .xlsx."
        yield LeftOut(file, None, "", reason)
        return
    if len(sheets) > 1:
        reason = f"only the first of {len(sheets)} sheets is read; save the others by themselves."
        yield LeftOut(file, None, "", reason)
    header = [str(cell).strip() if cell is not None else "" for cell in rows[0]] if rows else []
    if twice := repeated_column(header):
        yield LeftOut(file, 1, "", twice)
        return
    for line, row in enumerate(rows[1:], 2):
        cells = {name: plain(cell) for name, cell in zip(header, row, strict=False) if name}
        if any(cell not in (None, "") for cell in cells.values()):
            yield Foreign(file, line, cells)


def _parquet(path: Path) -> Iterator[Foreign | LeftOut]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise lacks_tables(path) from None
    file = shown_path(path)
    try:
        batches = parquet.ParquetFile(path).iter_batches()
        rows = [row for batch in batches for row in batch.to_pylist()]
    except (ArrowException, OSError) as error:
        reason = f"not a readable Parquet file ({type(error).__name__}); write it again."
        yield LeftOut(file, None, "", reason)
        return
    for number, row in enumerate(rows, 1):
        yield from _record(file, number, {name: plain(cell) for name, cell in row.items()})


def lacks_tables(path: Path) -> UserError:
    """What to raise when the packages for such a file are not installed."""
    return UserError(
        f"{path}: {path.suffix} files need the 'tables' extra; {install_hint('tables')}."
    )


def plain(cell: Any) -> Any:
    """A cell as JSON data: dates as ISO text, whole numbers without .0, infinity and NaN null."""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        cell = float(cell)
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return None
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, bytes):
        return cell.decode(errors="replace")
    if isinstance(cell, Mapping):
        return {str(name): plain(inner) for name, inner in cell.items()}
    if isinstance(cell, list | tuple):
        return [plain(inner) for inner in cell]
    return cell


def _objects(path: Path) -> Iterator[Foreign | LeftOut]:
    """The objects of a JSONL file, a line each, or of a JSON array."""
    file, reader = shown_path(path), JsonReader()
    try:
        raw = read_bytes(path).removeprefix(b"\xef\xbb\xbf")
    except ProblemError as error:
        yield LeftOut(file, None, "", f"{error}.")
        return
    lines: Iterable[tuple[int, bytes]] = enumerate(raw.split(b"\n"), 1)
    if path.suffix.lower() == ".json":
        try:
            values = json.loads(raw)
            values = values if isinstance(values, list) else [values]
            lines = [(n, json.dumps(value).encode()) for n, value in enumerate(values, 1)]
        except (ValueError, RecursionError):
            yield LeftOut(file, None, "", "not valid JSON; write an array of objects, or JSONL.")
            return
    for number, line in lines:
        if not line.strip():
            continue
        try:
            cells = reader.read_object(line)
        except ProblemError as error:
            yield from (left_out(file, number, problem) for problem in error.problems)
            continue
        yield from _record(file, number, cells)


def _record(file: str, number: int, cells: Cells) -> Iterator[Foreign | LeftOut]:
    inner = cells.get("item")
    if isinstance(inner, dict) and set(cells) <= {"item", "sample"}:  # of an OpenAI eval
        cells = inner
    try:
        yield Foreign(file, number, _of_chat(cells) if "messages" in cells else cells)
    except ProblemError as error:
        yield from (left_out(file, number, problem) for problem in error.problems)


def left_out(file: str, line: int, problem: Problem) -> LeftOut:
    """What is wrong with a row, as an entry of the list of those left out."""
    return LeftOut(file, line, problem.field or "", f"{problem.message}; {problem.remedy}.")


def _of_chat(cells: Cells) -> Cells:
    """The row with `system`, `user` and `assistant` in place of its messages."""
    messages = cells["messages"]
    if not isinstance(messages, list):
        raise ProblemError(Problem("chat", "messages", "is not a list", REMEDY))
    system = cells.get("system")  # Bedrock keeps it beside the messages
    turns: dict[str, list[str]] = {"system": [_text(system, "system")] if system else []}
    for n, message in enumerate(messages):
        field = f"messages[{n}]"
        role = ROLES.get(message.get("role", "")) if isinstance(message, dict) else None
        if role is None:
            raise ProblemError(Problem("chat", field, "has no role that rows can hold", REMEDY))
        turns.setdefault(role, []).append(_text(message.get("content"), f"{field}.content"))
    if len(turns.get("user", [])) != 1 or len(turns.get("assistant", [])) > 1:
        reason = "is a conversation of several turns; a row holds one question and one answer"
        raise ProblemError(Problem("chat", "messages", reason, REMEDY))
    texts = {role: "\n\n".join(parts) for role, parts in turns.items() if parts}
    others = {k: v for k, v in cells.items() if k not in ("messages", "system", "schemaVersion")}
    return texts | others


def _text(content: Any, field: str) -> str:
    """A message's text: a string, or a list of text parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    if len(texts) != len(parts) or not all(isinstance(text, str) for text in texts):
        raise ProblemError(Problem("chat", field, "is not text", REMEDY))
    return "\n".join(map(str, texts))
