"""What a cell of a table means: a value inside its JSON, and the reading that a field takes."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from rft.findings import Problem, quoted
from rft.jsonl import ProblemError

_INDEX = re.compile(r"\[?(\d{1,9})\]?(?=[.\[]|\Z)")


def split_column(name: str, columns: Iterable[str]) -> tuple[str, str] | None:
    """The column that a name begins with, the longest there is, and the path into its cells.

    `items[0].code` and `items.0.code` lead into the column `items`, unless a column has a longer
    part of that name. None when there is no such column.
    """
    for column in sorted(columns, key=len, reverse=True):
        rest = name[len(column) :]
        if column and name.startswith(column) and rest[:1] in ("", ".", "["):
            return column, rest.removeprefix(".")
    return None


def cell_of(cells: Mapping[str, Any], name: str) -> Any:
    """The value of a column, or of a path into the JSON of its cell; None where there is none.

    Raises ProblemError where the cell has another shape than the path: text, a number, a list
    where a name is asked for, an object where an index is.
    """
    if name in cells:
        return cells[name]
    value: Any = cells
    path = name
    while path:
        step = None if value is None else _step(value, path)
        if step is None:
            return None
        value, path = step[0], step[1].removeprefix(".")
        if path:
            value = _parsed(value)
            _require_shape(value, path, name.removesuffix(path).rstrip(".["))
    return value


def _step(value: Any, path: str) -> tuple[Any, str] | None:
    """The value under the first part of the path, and the rest of the path."""
    if isinstance(value, list):
        index = _INDEX.match(path)
        if index is None or int(index[1]) >= len(value):
            return None
        return value[int(index[1])], path[index.end() :]
    parts = split_column(path, value)
    return (value[parts[0]], parts[1]) if parts else None


def _require_shape(value: Any, path: str, place: str) -> None:
    if value in (None, ""):
        return
    if isinstance(value, dict) and not path.startswith("["):
        return
    if isinstance(value, list) and _INDEX.match(path):
        return
    kind = "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else ""
    wanted = "list" if path.startswith("[") else "JSON object"
    message = f"is {kind or quoted(value, 30)}, not a {wanted} with {quoted(path, 30)}"
    raise ProblemError(Problem("cell", place, message, "correct the cell or the --map"))


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """The models that a type is or may be."""
    union = get_origin(annotation) in (Union, types.UnionType)
    inner = get_args(annotation) if union else (annotation,)
    return [t for t in inner if isinstance(t, type) and issubclass(t, BaseModel)]


def fitted(value: Any, info: FieldInfo) -> Any:
    """The value as the field takes it: as it is, as JSON, as a list, or inside its one field.

    What fits in no way is returned as JSON where it is JSON, else as it is; the schema says why.
    """
    if info.annotation is None:
        return value
    adapter: TypeAdapter[Any] = TypeAdapter(info.annotation)
    for candidate in readings(value, info.annotation):
        try:
            adapter.validate_python(candidate)
        except ValidationError:
            continue
        return candidate
    parsed = _parsed(value)
    return parsed if isinstance(parsed, dict | list) else value


def readings(value: Any, annotation: Any = None) -> Iterator[Any]:
    """What the value may mean, the plainest first; `annotation`: the type of the field."""
    yield value
    parsed = _parsed(value)
    readings = [parsed]
    if isinstance(parsed, dict) and len(parsed) == 1:
        readings += parsed.values()
    if isinstance(value, str):
        readings.append([part.strip() for part in re.split(r"[;\n]", value) if part.strip()])
        readings.append([part.strip() for part in value.split(",") if part.strip()])
    yield from readings
    for model in models_of(annotation):
        if len(model.model_fields) == 1:
            (name,) = model.model_fields
            yield from ({name: reading} for reading in [value, *readings])


def _parsed(value: Any) -> Any:
    """The JSON in a text, or the value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
