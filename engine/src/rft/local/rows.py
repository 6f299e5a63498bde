"""Rows of uploaded files: JSONL of chats, checked before anything is trained on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rft.records import parse_json

MAX_TRAIN, MAX_VALIDATION = 50_000, 1_000
"""The contract's limits of a reinforcement job."""
_ROLES = {
    "supervised": ("developer", "system", "user", "assistant", "tool"),
    "reinforcement": ("developer", "user", "assistant", "tool"),
}
_LAST = {"supervised": "assistant", "reinforcement": "user"}


class RowError(ValueError):
    """What is wrong with a file, naming the line and the remedy."""


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file; raises RowError at the first line that is not a JSON object."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            try:
                row = parse_json(raw.decode())
            except UnicodeDecodeError:
                raise RowError(
                    f"line {number} is not valid UTF-8; save the file as UTF-8"
                ) from None
            if not isinstance(row, dict):
                start = raw[:40].decode(errors="replace").strip()
                raise RowError(
                    f"line {number} is not a JSON object (it starts with {start!r}); write one "
                    "JSON object per line"
                )
            yield row


def check_chats(path: Path) -> None:
    """Whether every row of an uploaded file has messages; RowError if not."""
    count = 0
    for count, row in enumerate(read_rows(path), start=1):
        _check_messages(row, f"row {count}")
    if not count:
        raise RowError("the file has no rows; write one JSON object per line")


def load_for(method: str, path: Path, *, most: int) -> list[dict[str, Any]]:
    """The rows of a job's file; RowError for what the method cannot train on."""
    rows = list(read_rows(path))
    if not rows:
        raise RowError("the file has no rows; write one JSON object per line")
    if method == "reinforcement" and len(rows) > most:
        raise RowError(f"the file has {len(rows)} rows; at most {most} are allowed, take some out")
    for number, row in enumerate(rows, start=1):
        where = f"row {number}"
        _check_messages(row, where)
        for place, message in enumerate(row["messages"]):
            role = message["role"]
            if role not in _ROLES[method]:
                raise RowError(
                    f"{where}: messages[{place}].role: {role!r} is not allowed in {method} rows; "
                    f"use one of {', '.join(_ROLES[method])}"
                )
        last = row["messages"][-1]["role"]
        if last != _LAST[method]:
            raise RowError(
                f"{where}: the last message of a {method} row is the {_LAST[method]}'s, here it is "
                f"the {last}'s; {_REMEDY[method]}"
            )
    return rows


_REMEDY = {
    "supervised": "add the answer to learn as a last message with role assistant",
    "reinforcement": "leave the answer out of the messages and keep it in a field of its own",
}


def _check_messages(row: dict[str, Any], where: str) -> None:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RowError(f"{where}: messages is not a list with entries; add the chat")
    for place, message in enumerate(messages):
        at = f"{where}: messages[{place}]"
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise RowError(f"{at} is not an object with a role; write role and content")
        if not isinstance(message.get("content"), str):
            raise RowError(f"{at}.content is not text; only text is understood here")
