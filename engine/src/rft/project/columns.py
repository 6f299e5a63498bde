"""Which column of a table becomes which field of a row: named by people, else proposed by names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from rapidfuzz import fuzz

from rft.display import names
from rft.errors import UserError

REFERENCE = "reference_answer"
ALIKE = 85.0
"""Names that are as similar as this, of 100, are taken for the same."""
SYNONYMS = {
    "id": ("key", "uuid", "caseid", "rowid", "itemid", "customid", "number", "nr"),
    REFERENCE: (
        *("assistant", "answer", "label", "target", "expected", "expectedoutput", "expectedanswer"),
        *("gold", "goldanswer", "groundtruth", "reference", "completion", "response", "output"),
        "solution",
    ),
}
QUESTION = ("user", "prompt", "question", "input", "text", "instruction", "query", "message")
"""Names of the column that holds what is asked, where just one field of text is left for it."""


@dataclass(frozen=True)
class Columns:
    """Columns beside the fields they become."""

    fields: Mapping[str, str]
    """Column -> field."""
    unused: Sequence[str]
    """Columns that are left out."""
    missing: Sequence[str]
    """Required fields that no column gives; id, prompt and reference are not counted."""

    def lines(self) -> list[str]:
        """A line for each column, as people are shown it."""
        width = max(map(len, [*self.fields, *self.unused]), default=0)
        pairs = [*self.fields.items(), *((name, "(left out)") for name in self.unused)]
        lines = [f"{column:<{width}}  ->  {field}" for column, field in pairs]
        if "id" not in self.fields.values():
            lines.append("id: made from the content of each row")
        return lines

    def require(self) -> None:
        """Raises UserError when a required field has no column."""
        if self.missing:
            first = self.missing[0]
            raise UserError(
                f"no column for {names(list(self.missing))}; add --map COLUMN={first}, or --set "
                f"{first}=VALUE for the same value in every row (columns: "
                f"{names([*self.fields, *self.unused], 12)})."
            )


def choose(
    columns: Sequence[str],
    item: type[BaseModel],
    named: Mapping[str, str] | None = None,
    given: Sequence[str] = (),
) -> Columns:
    """Match the columns of a table with the fields of a row.

    `named`: column -> field, as people gave it; a column with dots names a value inside a cell. An
    empty field leaves the column out. `given`: fields that get a value in another way. Raises
    UserError for a name that does not exist.
    """
    fields = fields_of(item)
    chosen = dict(named or {})
    for column, field in chosen.items():
        if column.partition(".")[0] not in columns:
            raise UserError(f"--map {column}={field}: no such column; name one of: "
                            f"{names(list(columns), 12)}.")  # fmt: skip
        if field and field not in fields:
            raise UserError(f"--map {column}={field}: no such field of a row; name one of: "
                            f"{names(list(fields), 12)}.")  # fmt: skip
    free = [name for name in fields if name not in {*chosen.values(), *given}]
    left = [name for name in columns if name not in {c.partition(".")[0] for c in chosen}]
    for column, field in _proposed(left, free, fields):
        chosen[column] = field
    used = {field.partition(".")[0] for field in chosen.values()}
    required = [n for n, info in fields.items() if info.is_required() and "." not in n]
    return Columns(
        {column: field for column, field in chosen.items() if field},
        [name for name in left if name not in chosen] + [c for c, f in chosen.items() if not f],
        [name for name in required if name not in {*used, *given, "id", REFERENCE}],
    )


def fields_of(item: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields that a column can become: those of the row, and those inside its reference."""
    fields = {name: info for name, info in item.model_fields.items() if name != "messages"}
    if REFERENCE in fields:
        for model in _models(fields[REFERENCE].annotation):
            fields |= {f"{REFERENCE}.{name}": info for name, info in model.model_fields.items()}
    return fields


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models that a type is or may be."""
    inner = (annotation, *getattr(annotation, "__args__", ()))
    return [t for t in inner if isinstance(t, type) and issubclass(t, BaseModel)]


def _proposed(
    left: Sequence[str], free: Sequence[str], fields: Mapping[str, FieldInfo]
) -> Iterator[tuple[str, str]]:
    """Pairs of a column and a field: the same name, a synonym, nearly the same name, the text."""
    columns, open_fields = list(left), list(free)

    def score(column: str, field: str) -> float:
        one, other = _bare(column), _bare(field.rpartition(".")[2])
        if one == other:
            return 101.0
        return 100.0 if one in SYNONYMS.get(field, ()) else fuzz.ratio(one, other)

    pairs = [(score(column, field), column, field) for column in left for field in free]
    for likeness, column, field in sorted(pairs, key=lambda pair: -pair[0]):
        if likeness >= ALIKE and column in columns and field in open_fields:
            columns.remove(column)
            yield column, field
            open_fields = [f for f in open_fields if f != field and not _other_way(f, field)]
    texts = [f for f in open_fields if fields[f].is_required() and fields[f].annotation is str]
    texts = [field for field in texts if field not in ("id", REFERENCE)]
    asked = [column for column in columns if _bare(column) in QUESTION]
    if len(texts) == 1 and asked:
        yield asked[0], texts[0]


def _other_way(one: str, other: str) -> bool:
    """Whether one is the whole of the reference and the other a part of it."""
    return one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def cell_of(cells: Mapping[str, Any], column: str) -> Any:
    """The value of a column; `assistant.codes` is the field `codes` of the JSON in `assistant`."""
    name, *path = column.split(".") if column not in cells else [column]
    value = cells.get(name)
    for part in path:
        value = _parsed(value)
        value = value.get(part) if isinstance(value, dict) else None
    return value


def fitted(value: Any, info: FieldInfo) -> Any:
    """The value as the field takes it: as it is, as JSON, as a list, or inside its one field.

    What fits in no way is returned as it is, and the schema then says why.
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
    return value


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
    for model in _models(annotation):
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
