"""Rows of uploaded files: JSONL of chats, checked before anything is trained on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from rft.errors import UserError
from rft.jobs.hyper import Method
from rft.jsonl import JsonReader, ProblemError
from rft.validation import field_problems

LIMITS = {"train": 50_000, "validation": 1_000}
"""Most rows of a reinforcement job, by split, as in the contract."""
_ROLES: dict[Method, tuple[str, ...]] = {
    "supervised": ("developer", "system", "user", "assistant", "tool"),
    "reinforcement": ("developer", "user", "assistant", "tool"),
}
_LAST: dict[Method, tuple[str, str]] = {
    "supervised": ("assistant", "add the answer to learn as a last message with role assistant"),
    "reinforcement": ("user", "leave the answer out of the messages and keep it in its own field"),
}


class _Message(BaseModel):
    role: str
    content: str


class _Chat(BaseModel):
    messages: Annotated[list[_Message], Field(min_length=1)]


def read_chats(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, row) of each row of a JSONL file; every row has messages with role and text.

    Raises UserError at the first line that is anything else, and when there is none.
    """
    reader, count = JsonReader(), 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = reader.read_object(line)
                _Chat.model_validate(row)
            except ProblemError as error:
                raise UserError(f"line {number}: {error}") from None
            except ValidationError as error:
                raise UserError(f"line {number}: {field_problems(error, row)[0]}") from None
            count += 1
            yield number, row
    if not count:
        raise UserError("the file has no rows; write one JSON object per line")


def load_rows(path: Path, method: Method) -> list[dict[str, Any]]:
    """The rows of a job's file, named after its split.

    Raises UserError when the method cannot train on a row, or not on so many.
    """
    rows, most = [], LIMITS[path.stem]
    for number, row in read_chats(path):
        roles = [message["role"] for message in row["messages"]]
        for place, role in enumerate(roles):
            if role not in _ROLES[method]:
                raise UserError(
                    f"line {number}: messages[{place}].role: {role!r} is not allowed in {method} "
                    f"rows; use one of {', '.join(_ROLES[method])}"
                )
        last, remedy = _LAST[method]
        if roles[-1] != last:
            raise UserError(
                f"line {number}: the last message of a {method} row must be the {last}'s, but is "
                f"the {roles[-1]}'s; {remedy}"
            )
        rows.append(row)
    if method == "reinforcement" and len(rows) > most:
        raise UserError(f"the file has {len(rows):,} rows; keep {most:,} at most")
    return rows
