"""Write records as a table for people: CSV that no spreadsheet evaluates, or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rft.files import write_bytes, write_text
from rft.project.foreign_rows import GUARDED, lacks_tables

Record = Mapping[str, Any]


def write_csv(path: Path, records: Sequence[Record]) -> None:
    """Write UTF-8 with a byte order mark, for Excel, one line a record.

    A text that begins with = + - @, a tab or a carriage return gets a ' before it: a spreadsheet
    then shows it as text instead of evaluating it (OWASP, CSV injection). Numbers stay numbers;
    lists and objects are JSON.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    columns = _columns(records)
    writer.writerow([_guarded(name) for name in columns])
    for record in records:
        writer.writerow([_guarded(_flat(record.get(name))) for name in columns])
    write_text(path, "\ufeff" + file.getvalue())


def write_parquet(path: Path, records: Sequence[Record]) -> None:
    """Write one row a record, unchanged but for lists and objects, which are JSON texts.

    Raises UserError without the extra `tables`.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise lacks_tables(path) from None
    columns = {name: [_flat(r.get(name)) for r in records] for name in _columns(records)}
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({n: _one_type(v) for n, v in columns.items()}), file)
    write_bytes(path, file.getvalue())


def _columns(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record))


def _flat(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(GUARDED) else value


def _one_type(values: Sequence[Any]) -> list[Any]:
    """The values as texts where a column mixes texts with others, which Parquet does not hold."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) < 2 or kinds <= {int, float}:
        return list(values)
    return [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
