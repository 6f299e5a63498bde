"""Checks that look at one row at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from rft.dataset.load import Row
from rft.findings import Problem, quoted
from rft.hooks import failure

ROLES = ("developer", "user", "assistant", "tool")
MIN_LEAK_CHARS = 20
"""A reference answer this long in the prompt is hardly a coincidence; a shorter one may be."""

MISSING = object()
_ODD_ID = re.compile(r"[^\w.:/@+#=-]")
_STEP = re.compile(r"[^.\[\]]+")


def lookup(data: Any, path: str) -> Any:
    """The value at `reference_answer.codes[0]`, or MISSING."""
    for step in _STEP.findall(path):
        if isinstance(data, dict) and step in data:
            data = data[step]
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return MISSING
    return data


def canonical(value: Any) -> str:
    """Equal values, equal text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def prompt_text(row: Row) -> str:
    """All text of the row's messages, with a mark between them."""
    messages = row.data.get("messages")
    return "\x1e".join(
        f"{m.get('role')}\x1f{m.get('content')}"
        for m in (messages if isinstance(messages, list) else ())
        if isinstance(m, dict)
    )


def id_problems(row: Row) -> Iterator[Problem]:
    """An id has to survive file names, shells and tables."""
    if not row.id:
        yield Problem("empty-id", "id", "is empty", "give every row an id of its own")
    elif len(row.id) > 128 or _ODD_ID.search(row.id):
        yield Problem(
            "odd-id",
            "id",
            f"{quoted(row.id)} has odd characters or more than 128 of them",
            "use letters, digits and . : / @ + # = _ - only",
        )


def message_problems(row: Row, messages_fn: Callable[[Any], list[dict[str, str]]]) -> list[Problem]:
    """What a back end would refuse in `messages`; if nothing, whether they are out of date."""
    messages = row.data.get("messages", MISSING)
    if messages is MISSING:
        return []  # reported by load
    if not isinstance(messages, list) or not messages:
        remedy = "run `rft check --write-messages`"
        return [Problem("no-messages", "messages", "is empty", remedy)]
    problems = [p for i, m in enumerate(messages) for p in _one_message(f"messages[{i}]", m)]
    if problems:
        return problems
    if (last := messages[-1]["role"]) != "user":
        message = f"the last message has the role {last!r}, not 'user'"
        place = f"messages[{len(messages) - 1}].role"
        return [Problem("last-role", place, message, "end the prompt with the user's message")]
    try:
        fresh = messages_fn(row.item)
    except Exception as error:
        return [team_code_problem("messages", error)]
    if fresh != messages:
        message = "is not what messages() of the schema builds for this row"
        remedy = "run `rft check --write-messages`"
        return [Problem("stale-messages", "messages", message, remedy)]
    return []


def _one_message(place: str, message: Any) -> Iterator[Problem]:
    if not isinstance(message, dict) or "role" not in message:
        yield Problem("bad-message", place, "has no role", 'write {"role": ..., "content": ...}')
        return
    role, content = message["role"], message.get("content")
    if role == "system":
        remedy = "use developer; exports convert it to system where a back end wants that"
        yield Problem("role", f"{place}.role", "'system' is not portable", remedy)
    elif role not in ROLES:
        remedy = f"use one of {', '.join(ROLES)}"
        yield Problem("role", f"{place}.role", f"unknown role {quoted(role)}", remedy)
    if content is None and message.get("tool_calls"):
        return
    if content is not None and not isinstance(content, str):
        remedy = "write one string: image, audio and file parts are not portable"
        yield Problem("not-text", f"{place}.content", "is not plain text", remedy)
    elif not content or not content.strip():
        remedy = "write the text, or leave the message out"
        yield Problem("empty-content", f"{place}.content", "is empty", remedy)


def reference_problems(row: Row, fields: set[str]) -> Iterator[Problem]:
    """Fields the grader reads and the row does not have (each path of `fields` in the row)."""
    for field in sorted(fields):
        value = lookup(row.data, field)
        null = value is None and field.split(".")[0] == "reference_answer"
        if value is MISSING or null:
            yield Problem(
                "missing-reference",
                field,
                f"{'is null' if null else 'is missing'}, but the grader reads it",
                "add it to the row, or correct the grader",
            )


def leak_problems(row: Row) -> Iterator[Problem]:
    """A reference answer that stands in its own prompt."""
    gold = row.data.get("reference_answer")
    if isinstance(gold, str) and len(gold) >= MIN_LEAK_CHARS and gold in prompt_text(row):
        message = "the whole reference answer stands word for word in the prompt"
        remedy = "take it out of the fields that messages() reads, unless the task is to copy it"
        yield Problem("gold-in-prompt", "reference_answer", message, remedy)


def domain_problems(row: Row, check_item: Callable[[Any], list[str]]) -> Iterator[Problem]:
    """The sentences of the team's check_item; what follows the last semicolon is the remedy."""
    try:
        sentences = list(check_item(row.item))
    except Exception as error:
        yield team_code_problem("check_item", error)
        return
    for sentence in sentences:
        message, _, remedy = sentence.strip().rpartition(";")
        first_word = re.split(r"[\s.:\[]", sentence.strip(), maxsplit=1)[0]
        field = first_word if first_word in row.data else None
        if not message:
            message, remedy = sentence.strip(), "correct the row"
        yield Problem("item", field, message, remedy.strip().rstrip("."))


def team_code_problem(name: str, error: Exception) -> Problem:
    """A function of the team's own schema raised."""
    message = f"{name}() of the schema fails on this row with {failure(error)}"
    return Problem("schema-code", None, message, "correct the function or the row")
