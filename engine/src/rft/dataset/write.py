"""Keep the stored `messages` of a file equal to what the schema's messages() builds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rft.dataset.load import Split, load_split
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
            line = lines[row.line - 1]
            end = b"\r" if line.endswith(b"\r") else b""
            lines[row.line - 1] = _in_style(line, row.data, messages) + end
            changed += 1
    if changed:
        write_bytes(split.path, b"\n".join(lines))
    return changed


def _in_style(line: bytes, data: dict[str, Any], messages: list[dict[str, str]]) -> bytes:
    """The row with new messages, spaced and escaped like the old line where possible."""
    old = line.strip().decode()
    ascii_only, separators = False, (", ", ": ")
    for ascii_try in (False, True):
        for separators_try in ((", ", ": "), (",", ":")):
            if json.dumps(data, ensure_ascii=ascii_try, separators=separators_try) == old:
                ascii_only, separators = ascii_try, separators_try
    new = {**data, "messages": messages}
    return json.dumps(new, ensure_ascii=ascii_only, separators=separators).encode()
