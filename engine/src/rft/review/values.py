"""Between an answer and its form: what each input shows, and what a posted form says.

Inputs are named by their place, `answer.predicted.0.name`. An answer that a form cannot carry
unchanged (control characters, types that the schema does not have) is shown as JSON, so that saving
without a change never changes anything.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from rft.display import reveal_control_chars
from rft.review.shapes import Shape

ROOT = "answer"
AS_JSON = "!json"
"""Ends the name of an input that holds JSON."""
NEW = "__n__"
"""Stands for the number of an entry that is yet to be added."""
MISSING: Any = object()
"""No value yet: the form is empty."""
Form = Mapping[str, Sequence[str]]
"""Name of an input -> what was posted under it."""
_UNREADABLE = "\0unreadable"
"""Equal to no value that a form shows."""
_AMOUNT = re.compile(r"[+-]?\d+(\.\d{1,2})?")


@dataclass(frozen=True)
class Node:
    """One field as it is drawn."""

    shape: Shape
    name: str
    values: tuple[str, ...] = ()
    """What its inputs hold: one, or of ticks those that are ticked."""
    children: tuple[Node, ...] = ()
    """Fields of an object, entries of a list or map."""
    key: str = ""
    """Of an entry of a map: its key; of a list with fixed entries: what it is about."""
    blank: Node | None = None
    """Of a list or map: what an added entry looks like."""
    as_json: bool = False

    @property
    def value(self) -> str:
        """What its one input holds."""
        return self.values[0] if self.values else ""

    @property
    def choices(self) -> tuple[str, ...]:
        """Of ticks: what can be ticked; what is comes first, since its order is the answer's."""
        return self.values + tuple(v for v in self.shape.options if v not in self.values)


@dataclass
class Reading:
    """What a form says; `errors` are by the name of the input."""

    value: Any = None
    errors: dict[str, str] = field(default_factory=dict)


def fill(shape: Shape, value: Any = MISSING, name: str = ROOT) -> Node:
    """The form for a value, empty for MISSING."""
    node = _filled(shape, value, name)
    if value is MISSING or shape.kind == "json" or (node and same(_read(node), value)):
        return node or _json_node(shape, value, name)
    return _json_node(shape, value, name)


def read(shape: Shape, form: Form, name: str = ROOT) -> Reading:
    """The value that a posted form holds, and what is wrong with it."""
    reading = Reading()
    reading.value = _read_value(shape, form, name, reading.errors)
    return reading


def refill(shape: Shape, form: Form, name: str = ROOT) -> Node:
    """The form as it was posted, with its mistakes."""
    if name + AS_JSON in form or shape.kind == "json":
        posted = tuple(form.get(name + AS_JSON, ("",)))
        return Node(shape, name, posted, as_json=True)
    if shape.kind == "object":
        parts = [refill(s, form, f"{name}.{key}") for key, s in shape.fields.items()]
        return Node(shape, name, children=tuple(parts))
    if shape.kind in ("list", "map") and shape.item:
        entries = [
            replace(refill(one, form, f"{place}.value" if shape.kind == "map" else place), key=key)
            for place, one, key in _entries(shape, form, name)
        ]
        return Node(shape, name, children=tuple(entries), blank=_blank(shape, name))
    return Node(shape, name, tuple(form.get(name, ())))


def posted(node: Node) -> Iterator[tuple[str, str]]:
    """What a browser posts for a form that nobody touched."""
    if node.as_json:
        yield node.name + AS_JSON, node.value
    elif node.shape.kind == "map":
        for child in node.children:
            yield child.name.removesuffix(".value") + ".key", child.key
            yield from posted(child)
    elif node.children or node.shape.kind in ("object", "list"):
        for child in node.children:
            yield from posted(child)
    else:
        yield from ((node.name, value) for value in node.values)


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal, true and 1 being different."""
    return canonical(a) == canonical(b)


def canonical(value: Any) -> str:
    """JSON text that is equal for equal values."""
    return json.dumps(value, sort_keys=True)


def _read(node: Node) -> Any:
    form: dict[str, list[str]] = {}
    for name, value in posted(node):
        form.setdefault(name, []).append(value)
    reading = read(node.shape, form, node.name)
    return _UNREADABLE if reading.errors else reading.value


def _json_node(shape: Shape, value: Any, name: str) -> Node:
    text = "" if value is MISSING else json.dumps(value, indent=2, ensure_ascii=False)
    if reveal_control_chars(text) != text:
        text = json.dumps(value, indent=2)
    return Node(shape, name, (text,), as_json=True)


def _filled(shape: Shape, value: Any, name: str) -> Node | None:
    """None where the value does not have the type that the shape shows."""
    if shape.kind == "json":
        return _json_node(shape, value, name)
    if shape.kind == "object":
        if value is not MISSING and not isinstance(value, dict):
            return None
        known = {} if value is MISSING else value
        parts = [
            fill(s, known.get(key, MISSING), f"{name}.{key}") for key, s in shape.fields.items()
        ]
        return Node(shape, name, children=tuple(parts))
    if shape.kind == "list":
        return _filled_list(shape, value, name)
    if shape.kind == "map" and shape.item:
        if value is not MISSING and not isinstance(value, dict):
            return None
        pairs = [] if value is MISSING else value.items()
        entries = [
            replace(fill(shape.item, one, f"{name}.{n}.value"), key=key)
            for n, (key, one) in enumerate(pairs)
        ]
        return Node(shape, name, children=tuple(entries), blank=_blank(shape, name))
    if shape.kind == "ticks":
        ticked = () if value is MISSING else value
        if not isinstance(ticked, list | tuple) or any(v not in shape.options for v in ticked):
            return None
        if len(set(ticked)) < len(ticked):
            return None
        return Node(shape, name, tuple(ticked))
    text = "" if value is MISSING or value is None else _shown(shape, value)
    return None if text is None else Node(shape, name, (text,))


def _filled_list(shape: Shape, value: Any, name: str) -> Node | None:
    assert shape.item
    if value is not MISSING and not isinstance(value, list):
        return None
    if shape.fixed:
        first = next(iter(shape.item.fields))
        known = {} if value is MISSING else {e.get(first): e for e in value if isinstance(e, dict)}
        entries = [
            replace(fill(one, known.get(key, MISSING), f"{name}.{n}"), key=key)
            for n, (key, one) in enumerate(shape.fixed.items())
        ]
        return Node(shape, name, children=tuple(entries))
    values = [] if value is MISSING else value
    entries = [fill(shape.item, one, f"{name}.{n}") for n, one in enumerate(values)]
    if value is MISSING:
        entries = [fill(shape.item, MISSING, f"{name}.0")]
    return Node(shape, name, children=tuple(entries), blank=_blank(shape, name))


def _blank(shape: Shape, name: str) -> Node | None:
    if shape.item is None or shape.fixed:
        return None
    place = f"{name}.{NEW}.value" if shape.kind == "map" else f"{name}.{NEW}"
    return fill(shape.item, MISSING, place)


def _shown(shape: Shape, value: Any) -> str | None:
    """A value as its input shows it; None where the types differ."""
    if shape.kind == "boolean":
        return {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else None
    if shape.kind in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if shape.unit and isinstance(value, int):
            return f"{Decimal(value) / 100:,.2f}"
        return json.dumps(value)
    if not isinstance(value, str) or reveal_control_chars(value) != value or "\r" in value:
        return None
    return value


def _read_value(shape: Shape, form: Form, name: str, errors: dict[str, str]) -> Any:
    if name + AS_JSON in form or shape.kind == "json":
        return _read_json(form.get(name + AS_JSON, ("",))[0], name, shape, errors)
    if shape.kind == "object":
        values = {
            key: _read_value(s, form, f"{name}.{key}", errors) for key, s in shape.fields.items()
        }
        return {
            key: value
            for key, value in values.items()
            if value is not MISSING or shape.fields[key].required
        }
    if shape.kind in ("list", "map"):
        return _read_entries(shape, form, name, errors)
    if shape.kind == "ticks":
        return list(form.get(name, ()))
    text = form.get(name, ("",))[0].replace("\r\n", "\n")
    return _read_scalar(shape, text, name, errors)


def _read_entries(shape: Shape, form: Form, name: str, errors: dict[str, str]) -> Any:
    if shape.kind == "map":
        pairs: dict[str, Any] = {}
        for place, one, key in _entries(shape, form, name):
            if key in pairs:
                errors[f"{place}.key"] = f"The name '{key}' stands twice; change one of them."
            if key or any(_texts(form, f"{place}.value")):
                pairs[key] = _read_value(one, form, f"{place}.value", errors)
        return pairs
    values = []
    for place, one, key in _entries(shape, form, name):
        if key or any(_texts(form, place)):
            value = _read_value(one, form, place, errors)
            if key and isinstance(value, dict):
                about = {next(iter(one.fields)): key}
                value = about | value | about  # first, and not to be changed
            values.append(value)
    return values


def _entries(shape: Shape, form: Form, name: str) -> list[tuple[str, Shape, str]]:
    """(place, shape, key) of each entry that was posted, in the order of the page."""
    assert shape.item
    if shape.fixed:
        return [(f"{name}.{n}", one, key) for n, (key, one) in enumerate(shape.fixed.items())]
    numbers: dict[str, None] = {}
    for posted_name in form:
        if posted_name.startswith(f"{name}."):
            part = posted_name[len(name) + 1 :].partition(".")[0].removesuffix(AS_JSON)
            if part.isdecimal():
                numbers[part] = None
    places = [f"{name}.{part}" for part in numbers]
    if shape.kind == "map":
        return [(place, shape.item, form.get(f"{place}.key", ("",))[0]) for place in places]
    return [(place, shape.item, "") for place in places]


def _texts(form: Form, place: str) -> Iterator[str]:
    """What stands in the inputs of an entry."""
    for name, values in form.items():
        if name in (place, place + AS_JSON) or name.startswith(f"{place}."):
            yield from values


def _read_json(text: str, name: str, shape: Shape, errors: dict[str, str]) -> Any:
    if not text.strip():
        if shape.nullable or not shape.required:
            return None if shape.nullable else MISSING
        errors[name] = "This field is empty; write a JSON value."
        return None
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        errors[name] = f"This is not valid JSON ({str(error)[:80]}); correct it."
        return None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _read_scalar(shape: Shape, text: str, name: str, errors: dict[str, str]) -> Any:
    bare = text.strip()
    if shape.kind in ("text", "suggest", "search", "code"):
        value = text if shape.kind in ("text", "code") else bare
        return None if not value and shape.nullable else value
    if not bare:
        if shape.nullable:
            return None
        if not shape.required:
            return MISSING
        errors[name] = "This field is empty."
        return None
    if shape.kind == "choice":
        if bare not in shape.options:
            errors[name] = "Choose one of the values."
        return bare
    if shape.kind == "boolean":
        return bare == "yes"
    return _read_number(shape, bare, name, errors)


def _read_number(shape: Shape, text: str, name: str, errors: dict[str, str]) -> Any:
    bare = re.sub(r"[$%\s,_]", "", text)
    if shape.unit:
        if bare.startswith("(") and bare.endswith(")"):  # as accountants write it
            bare = f"-{bare[1:-1]}"
        if _AMOUNT.fullmatch(bare):
            return int(Decimal(bare) * 100)
        errors[name] = "Write an amount such as 1,234.56."
        return None
    try:
        number = int(bare) if re.fullmatch(r"[+-]?\d{1,400}", bare) else float(Decimal(bare))
    except (InvalidOperation, ValueError, OverflowError):
        errors[name] = "This is not a number."
        return None
    if shape.kind == "integer" and not isinstance(number, int):
        errors[name] = "Write a whole number."
    elif isinstance(number, float) and not math.isfinite(number):
        errors[name] = "This number is too large."
    return number
