"""What pydantic says of wrong data, as problems with field and remedy: the one translator."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from rft.findings import Problem, field_path, quoted


def field_problems(error: ValidationError, data: Any = None) -> list[Problem]:
    """One problem per field, in no vocabulary of types and links.

    `data`: what was validated; with it the names that pydantic adds to the path of a union's member
    are left out. A union reports each of its members; they are joined with "or". A field that is
    missing while an unknown one has nearly its name is one problem, a typing error, not two.
    """
    by_field: dict[str, list[Problem]] = {}
    missing: dict[str, Problem] = {}
    unknown: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        kind = detail["type"]
        loc = detail["loc"] if data is None else _real_path(detail["loc"], data, kind)
        field = field_path(loc)
        if kind == "missing":
            missing[field] = Problem("schema", field, "is missing", "add it")
        elif kind == "extra_forbidden":
            remedy = "check its spelling or remove it"
            unknown[field] = Problem("schema", field, "is not a known field", remedy)
        else:
            by_field.setdefault(field, []).append(_value_problem(field, dict(detail)))
    _join_typing_errors(missing, unknown)
    joined = [_join(problems) for problems in by_field.values()]
    return [*missing.values(), *unknown.values(), *joined]


def sentence(error: ValidationError, data: Any = None) -> str:
    """All problems in one sentence, without a full stop: "a.b: is missing; add it; c: ..."."""
    return "; ".join(str(problem) for problem in field_problems(error, data))


def _real_path(loc: tuple[int | str, ...], data: Any, kind: str) -> list[int | str]:
    """The part of pydantic's `loc` that exists in the data."""
    path: list[int | str] = []
    here = data
    for position, part in enumerate(loc):
        if isinstance(here, Mapping) and part in here:
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif not (kind == "missing" and position == len(loc) - 1):
            continue
        path.append(part)
    return path


def _value_problem(field: str, detail: dict[str, Any]) -> Problem:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    text = str(detail["msg"])
    remedy = "correct the value"
    if kind in ("value_error", "assertion_error"):
        text = (text.partition(", ")[2] or text).removesuffix(".")
        message, _, advice = text.rpartition("; ")
        return Problem("schema", field or None, message or text, advice if message else remedy)
    if kind == "union_tag_not_found":
        place = f"{field}.type" if field else "type"
        return Problem("schema", place, "is missing", 'add it, for example "type": "python"')
    if kind == "union_tag_invalid":
        known = context["expected_tags"].replace("'", "")
        place = f"{field}.type" if field else "type"
        message = f"unknown type {quoted(context['tag'])}"
        return Problem("schema", place, message, f"use one of {known}")
    if kind == "literal_error":
        options = context["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        if similar := difflib.get_close_matches(str(value), options, 1, 0.5):
            remedy = f"write {similar[0]!r}"
    if kind in ("model_type", "dict_type"):
        text = "must be an object"
    if kind == "too_short" and not value:
        return Problem("schema", field or None, "is empty", "add an entry")
    text = text.replace("Input should", "must", 1)
    text = text.replace("a valid integer", "an integer").replace("a valid ", "a ")
    if not text.startswith("must"):
        text = text[:1].lower() + text[1:]
    if field.startswith("messages[") and field.endswith(".content"):
        remedy = "write the message as one string: only text is portable, no image or file parts"
    return Problem("schema", field or None, f"{text}, but is {quoted(value)}", remedy)


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
            message = f"is not a known field, and {close[0]!r} is missing"
            unknown[field] = Problem("schema", field, message, f"rename {name!r} to {close[0]!r}")


def repeated_column(header: Sequence[str]) -> str:
    """A sentence on the first column of a header that has a name again; "" when none has."""
    name = next((name for name in header if name and header.count(name) > 1), None)
    return f"two columns are named {quoted(name, 30)}; rename one of them." if name else ""
