"""Write rows back into their file: `messages` as the schema builds them, or one corrected row."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rft.dataset.load import Row, Split, load_split
from rft.dataset.row_checks import team_code_problem
from rft.errors import UserError
from rft.files import write_bytes

MessagesFn = Callable[[Any], list[dict[str, str]]]


def write_messages(split: Split, messages_fn: MessagesFn) -> int:
    """Bring `messages` of every row up to date in the file; return how many rows changed.

    Other rows keep their bytes, changed rows their order of keys. The file is replaced in one
    step. Raises UserError when the file has errors or `messages_fn` fails, OutsideError when it
    cannot be written.
    """
    if not split.rows:
        raise UserError(f"{split.file} has no readable rows; run `rft check` and correct it first.")
    fresh, findings = load_split(split.name, split.path, type(split.rows[0].item))
    faults = [f for f in findings if f.severity == "error" and f.code != "messages-missing"]
    if faults:
        raise UserError(f"{split.file} was left as it is, because it has errors: {faults[0]}")
    lines = split.path.read_bytes().split(b"\n")
    changed = 0
    for row in fresh.rows:
        try:
            messages = messages_fn(row.item)
        except Exception as error:
            problem = team_code_problem("messages", error)
            raise UserError(f"{split.file}:{row.line}: {problem}.") from error
        if row.data.get("messages") != messages:
            lines[row.line - 1] = _in_style(
                lines[row.line - 1], row.data, {**row.data, "messages": messages}
            )
            changed += 1
    if changed:
        write_bytes(split.path, b"\n".join(lines))
    return changed


def replace_row(split: Split, row: Row, data: dict[str, Any]) -> None:
    """Write `data` in place of a row that was just read; all other lines keep their bytes.

    The file is replaced in one step. Raises OutsideError when it cannot be written.
    """
    lines = split.path.read_bytes().split(b"\n")
    lines[row.line - 1] = _in_style(lines[row.line - 1], row.data, data)
    write_bytes(split.path, b"\n".join(lines))


def _in_style(line: bytes, data: dict[str, Any], new: dict[str, Any]) -> bytes:
    """A row in place of another, spaced and escaped like the old line where possible."""
    old = line.strip().decode()
    end = b"\r" if line.endswith(b"\r") else b""
    ascii_only, separators = False, (", ", ": ")
    for ascii_try in (False, True):
        for separators_try in ((", ", ": "), (",", ":")):
            if json.dumps(data, ensure_ascii=ascii_try, separators=separators_try) == old:
                ascii_only, separators = ascii_try, separators_try
    return json.dumps(new, ensure_ascii=ascii_only, separators=separators).encode() + end
