"""Which column of a table becomes which field of a row: named by people, else proposed by names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rapidfuzz import fuzz

from rft.display import names, reveal_control_chars
from rft.errors import UserError
from rft.findings import shorten
from rft.project.cells import models_of, split_column

REFERENCE = "reference_answer"
DEEPEST = 4
"""Levels below a field of the row that a column can be led to."""
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
        pairs = [(_shown(column), field) for column, field in self.fields.items()]
        pairs += [(_shown(column), "(left out)") for column in self.unused]
        width = max((len(column) for column, _ in pairs), default=0)
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
                f"{_listed([*self.fields, *self.unused])})."
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
    taken = set()
    for column, field in chosen.items():
        place = split_column(column, columns)
        if place is None:
            raise UserError(f"--map {_shown(column)}={field}: no such column; name one of: "
                            f"{_listed(columns)}.")  # fmt: skip
        taken.add(place[0])
        if field and field not in fields:
            raise UserError(f"--map {_shown(column)}={field}: no such field of a row; name one of: "
                            f"{_listed(list(fields))}.")  # fmt: skip
    filled = [*given, *filter(None, chosen.values())]
    for n, field in enumerate(filled):
        if clash := next((f for f in filled[:n] if _overlap(f, field)), None):
            raise UserError(f"{clash} and {field} would fill the same field twice; name one of "
                            "them in --map and --set.")  # fmt: skip
    free = [name for name in fields if not any(_overlap(name, field) for field in filled)]
    left = [name for name in columns if name not in taken]
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
    """The fields that a column can become: those of the row and, with dots, those inside them."""
    fields = {name: info for name, info in item.model_fields.items() if name != "messages"}
    inner = fields
    for _ in range(DEEPEST):
        inner = {
            f"{name}.{part}": info
            for name, field in inner.items()
            for model in models_of(field.annotation)
            for part, info in model.model_fields.items()
        }
        fields = fields | inner
    return fields


def _proposed(
    left: Sequence[str], free: Sequence[str], fields: Mapping[str, FieldInfo]
) -> Iterator[tuple[str, str]]:
    """Pairs of a column and a field: the same name, a synonym, nearly the same name, the text."""
    columns, open_fields = list(left), list(free)

    def score(column: str, field: str) -> float:
        one, other = _bare(column), _bare(field.rpartition(".")[2])
        if one in (other, _bare(field)):
            return 101.0
        return 100.0 if one in SYNONYMS.get(field, ()) else fuzz.ratio(one, other)

    pairs = [(score(column, field), column, field) for column in left for field in free]
    for likeness, column, field in sorted(pairs, key=lambda pair: -pair[0]):
        if likeness >= ALIKE and column in columns and field in open_fields:
            columns.remove(column)
            yield column, field
            open_fields = [f for f in open_fields if not _overlap(f, field)]
    texts = [f for f in open_fields if fields[f].is_required() and fields[f].annotation is str]
    texts = [field for field in texts if "." not in field and field not in ("id", REFERENCE)]
    asked = [column for column in columns if _bare(column) in QUESTION]
    if len(texts) == 1 and asked:
        yield asked[0], texts[0]


def _overlap(one: str, other: str) -> bool:
    """Whether two fields are the same, or one is a part of the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _shown(column: str) -> str:
    return shorten(reveal_control_chars(column), 40)


def _listed(columns: Sequence[str]) -> str:
    return names([_shown(column) for column in columns], 12)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
