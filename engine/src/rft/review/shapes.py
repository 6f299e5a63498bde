"""The form of an answer: what a JSON schema asks for, as a tree of fields.

`shape_of` reads the schema of the Answer model once per row, with the comfort that the task's
`review_fields` adds. What it does not know (unions, tuples, any value, recursion) becomes a JSON
field, so that every schema has a form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rft.task import SearchFunction, Widget

SCALARS = frozenset({"text", "suggest", "integer", "number", "boolean", "choice", "search", "code"})
"""suggest: text with values to pick from; choice: one of these values; search: text to look up."""
MONEY, PERCENT, EACH, CODE = "money", "percent", "each", "code"
MAX_DEPTH = 8
"""Levels of nesting with fields of their own; what lies deeper is JSON."""
MAX_TICKS = 12
"""Choices up to which a list of them is a set of boxes to tick."""


@dataclass(frozen=True)
class Shape:
    """One field of the form."""

    kind: str
    """object, list, map, ticks, json, or one of SCALARS."""
    label: str = ""
    hint: str = ""
    path: str = ""
    """Where it stands in an answer, as `review_fields` writes it: `predicted[].name`."""
    required: bool = True
    nullable: bool = False
    unit: str = ""
    """money or percent: an integer of hundredths that is written with two decimals."""
    language: str = ""
    """Of code."""
    options: Mapping[Any, str] = field(default_factory=dict)
    """Value -> what it means."""
    search: SearchFunction | None = None
    fields: Mapping[str, Shape] = field(default_factory=dict)
    """Of an object."""
    item: Shape | None = None
    """Of a list or map: each of its entries."""
    fixed: Mapping[str, Shape] = field(default_factory=dict)
    """Of a list with exactly one entry for each value of its entries' first field, by value."""

    @property
    def scalar(self) -> bool:
        """Whether one input holds it."""
        return self.kind in SCALARS

    @property
    def flat(self) -> bool:
        """Whether it is an object of single inputs, so that a list of it is a table."""
        return (
            self.kind == "object"
            and 0 < len(self.fields) <= 4
            and all(f.scalar for f in self.fields.values())
        )


@dataclass(frozen=True)
class _Source:
    """What shapes are made from."""

    definitions: Mapping[str, Any]
    widgets: Mapping[str, Widget]

    def widget(self, path: str, generic: str) -> Widget | None:
        """The widget of a field: that of this entry of a list, else that of all its entries."""
        return self.widgets.get(path, self.widgets.get(generic))


def shape_of(schema: Mapping[str, Any], widgets: Mapping[str, Widget] | None = None) -> Shape:
    """The form for a JSON schema as pydantic writes it; `widgets`: field path -> comfort."""
    source = _Source(schema.get("$defs", {}), widgets or {})
    return _shape(schema, source, "", "", "", 0)


def search_at(shape: Shape, path: str) -> SearchFunction | None:
    """The search of the field at a path; None when it has none."""
    if shape.path == path and shape.search:
        return shape.search
    below = [*shape.fields.values(), *shape.fixed.values(), *([shape.item] if shape.item else [])]
    return next((search for one in below if (search := search_at(one, path))), None)


def _shape(
    schema: Mapping[str, Any], source: _Source, path: str, generic: str, label: str, depth: int
) -> Shape:
    schema, nullable = _resolved(schema, source)
    hint = str(schema.get("description", "")) if depth else ""
    base = Shape("json", label, " ".join(hint.split()), path, nullable=nullable)
    widget = source.widget(path, generic)
    if depth > MAX_DEPTH:
        return base
    kind = schema.get("type")
    if kind == "object" and not nullable and "properties" in schema:
        return _object(schema, source, base, generic, depth)
    if kind == "object" and not nullable and isinstance(schema.get("additionalProperties"), dict):
        item = _shape(
            schema["additionalProperties"], source, f"{path}{{}}", f"{generic}{{}}", "", depth + 1
        )
        return replace(base, kind="map", item=item)
    if kind == "array" and not nullable and isinstance(schema.get("items"), dict):
        return _list(schema, source, base, generic, depth, widget)
    return _scalar(schema, base, widget)


def _resolved(schema: Mapping[str, Any], source: _Source) -> tuple[Mapping[str, Any], bool]:
    """The schema behind references and `X or null`, and whether null is allowed."""
    nullable = False
    for _ in range(MAX_DEPTH):
        if "$ref" in schema:
            target = source.definitions.get(schema["$ref"].rpartition("/")[2], {})
            schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
            continue
        members = schema.get("anyOf", [])
        others = [m for m in members if m.get("type") != "null"]
        if len(others) == 1 and len(members) <= 2:
            rest = {k: v for k, v in schema.items() if k not in ("anyOf", "default", "title")}
            schema, nullable = {**others[0], **rest}, nullable or len(members) == 2
            continue
        break
    return schema, nullable


def _object(
    schema: Mapping[str, Any], source: _Source, base: Shape, generic: str, depth: int
) -> Shape:
    fields = {}
    for name, inner in schema["properties"].items():
        below = f"{base.path}.{name}" if base.path else name
        of_all = f"{generic}.{name}" if generic else name
        made = _shape(inner, source, below, of_all, name.replace("_", " "), depth + 1)
        fields[name] = replace(made, required=name in schema.get("required", ()))
    return replace(base, kind="object", fields=fields)


def _list(
    schema: Mapping[str, Any],
    source: _Source,
    base: Shape,
    generic: str,
    depth: int,
    widget: Widget | None,
) -> Shape:
    below = f"{generic}[]"

    def entry(path: str) -> Shape:
        return _shape(schema["items"], source, path, below, "", depth + 1)

    item = entry(f"{base.path}[]")
    closed = item.kind in ("choice", "suggest") and not item.nullable
    if closed and len(item.options) <= MAX_TICKS:
        return replace(base, kind="ticks", options=item.options, item=item)
    fixed: dict[str, Shape] = {}
    if widget == EACH and item.kind == "object" and item.fields:
        first = next(iter(item.fields.values()))
        fixed = {str(key): entry(f"{base.path}[{key}]") for key in first.options}
    return replace(base, kind="list", item=item, fixed=fixed)


def _scalar(schema: Mapping[str, Any], base: Shape, widget: Widget | None) -> Shape:
    kind = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}.get(
        str(schema.get("type")), "json"
    )
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if values and all(isinstance(v, str) for v in values):
        return replace(base, kind="choice", options=dict.fromkeys(values, ""))
    if values or kind == "json":
        return base
    if kind == "integer" and widget in (MONEY, PERCENT):
        return replace(base, kind=kind, unit=str(widget))
    if kind != "text" or widget is None:
        return replace(base, kind=kind)
    if isinstance(widget, str):
        name, _, language = widget.partition(":")
        return replace(base, kind="code" if name == CODE else "text", language=language or "python")
    if callable(widget):
        return replace(base, kind="search", search=widget)
    return replace(base, kind="suggest", options=_options(widget))


def _options(widget: Mapping[str, str] | Iterable[str]) -> dict[Any, str]:
    if isinstance(widget, Mapping):
        return {str(value): str(meaning) for value, meaning in widget.items()}
    return {str(value): "" for value in widget}
