"""What json and pydantic say of a bad row, turned into a sentence with a remedy for people."""

from __future__ import annotations

import difflib
import json
from typing import Any

from pydantic import ValidationError

from rft.dataset.findings import Problem, shown_field, shown_value

_JSON_REMEDIES = (
    ("Extra data", "put each JSON object on a line of its own"),
    ("Expecting property name", "quote keys with double quotes, no comma after the last one"),
    ("Illegal trailing comma", "remove the comma after the last element"),
    ("Unterminated string", "close the string, and write a line break inside it as \\n"),
    ("Invalid control character", "write tabs and other control characters as \\t, \\u001b"),
    ("Invalid \\", "write a backslash inside a string as \\\\"),
)


def json_problem(error: json.JSONDecodeError) -> Problem:
    """Why a line is no JSON, with the column (1 is the first character)."""
    remedy = "write the row with a JSON library, one object on the line"
    for start, advice in _JSON_REMEDIES:
        if error.msg.startswith(start):
            remedy = advice
    reason = error.msg[:1].lower() + error.msg[1:].removesuffix(" at").removesuffix(" starting")
    return Problem("bad-json", None, f"no valid JSON at column {error.colno}: {reason}", remedy)


def schema_problems(error: ValidationError, data: dict[str, Any]) -> list[Problem]:
    """One problem per field that does not fit the Item model.

    A union reports each of its members; they are joined with "or". A field that is missing while
    an unknown one has nearly its name is one problem, a typing error, not two.
    """
    by_field: dict[str, list[Problem]] = {}
    missing: dict[str, Problem] = {}
    unknown: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        kind = detail["type"]
        field = shown_field(_real_path(detail["loc"], data, kind))
        if kind == "missing":
            missing[field] = Problem("schema", field, "is missing", "add it to this row")
        elif kind == "extra_forbidden":
            unknown[field] = Problem(
                "schema",
                field,
                "is no field of Item in the schema",
                "remove it, or add it to Item",
            )
        else:
            by_field.setdefault(field, []).append(_value_problem(field, dict(detail)))
    _join_typing_errors(missing, unknown)
    joined = [_join(problems) for problems in by_field.values()]
    return [*missing.values(), *unknown.values(), *joined]


def _real_path(loc: tuple[int | str, ...], data: Any, kind: str) -> list[int | str]:
    """The part of pydantic's `loc` that exists in the row: names of union members are left out."""
    path: list[int | str] = []
    here = data
    for position, part in enumerate(loc):
        if isinstance(here, dict) and part in here:
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif not (kind == "missing" and position == len(loc) - 1):
            continue
        path.append(part)
    return path


def _value_problem(field: str, detail: dict[str, Any]) -> Problem:
    kind, value = detail["type"], detail["input"]
    text = str(detail["msg"])
    if kind in ("value_error", "assertion_error"):
        text = text.partition(", ")[2] or text
    else:
        text = text.replace("Input should", "must", 1)
        text = text.replace("a valid integer", "an integer").replace("a valid ", "a ")
        if not text.startswith("must"):
            text = text[:1].lower() + text[1:]
        text += f", but is {shown_value(value)}"
    remedy = "correct the value, or the field's type in the schema"
    if field.startswith("messages[") and field.endswith(".content"):
        remedy = "write the message as one string: only text is portable, no image or file parts"
    return Problem("schema", field or None, text, remedy)


def _join(problems: list[Problem]) -> Problem:
    first, *others = problems
    for other in others:
        extra = other.message.partition(", but is ")[0].removeprefix("must be ")
        head, but, tail = first.message.partition(", but is ")
        if extra not in head:
            first = first._replace(message=f"{head} or {extra}{but}{tail}")
    return first


def _join_typing_errors(missing: dict[str, Problem], unknown: dict[str, Problem]) -> None:
    for field in list(unknown):
        parent, _, name = field.rpartition(".")
        siblings = {m.rpartition(".")[2]: m for m in missing if m.rpartition(".")[0] == parent}
        close = difflib.get_close_matches(name, siblings, n=1, cutoff=0.75)
        if close:
            del missing[siblings[close[0]]]
            unknown[field] = Problem(
                "schema",
                field,
                f"is no field of Item in the schema, and {close[0]!r} is missing",
                f"rename {name!r} to {close[0]!r}",
            )
