"""Reads your own encounters: a CSV, or a folder of notes with a TSV of codes.

    rft import encounters.csv
    rft import notes/ codes.tsv --set type=DIAGNOSTICO

A CSV has the columns id, note, codes (codes separated by ; or |) and, if you have them, setting
and encounter_date. A folder holds one <id>.txt per encounter; the TSV has no header and either
the columns id, code or the columns id, type, code (further columns are not looked at).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from task.schema import CODE, Item, check_item, dotted
from task.shortlist import SIZE, Index, load_index, near_misses, shortlist

OPTIONS = {
    "setting": "outpatient or inpatient, where the source does not say (default outpatient)",
    "encounter_date": "date of the encounters, where the source does not say (default 2026-04-01)",
    "release": "release of the code set (default FY2026-April)",
    "type": "rows of the TSV to keep by their second column, as DIAGNOSTICO (default: all)",
    "bad_codes": "what a code that is not billable costs: row (default) or code",
    "candidates": f"length of the shortlist in the prompt, 0 for none (default {SIZE})",
    "add_gold": "yes: gold codes that the search missed join the candidates (for training rows)",
}

_DEFAULTS = {"setting": "outpatient", "encounter_date": "2026-04-01", "release": "FY2026-April"}
_DEFAULTS |= {"type": "", "bad_codes": "row", "candidates": str(SIZE), "add_gold": "no"}


@dataclass(frozen=True)
class Problem:
    """One bad input; `line` is None when the whole file is meant."""

    file: str
    line: int | None
    message: str


@dataclass
class _Source:
    """An encounter as found, before any check."""

    id: str
    note: str
    codes: list[tuple[str, str, int]]
    """(code, file, line)"""
    file: str
    line: int | None
    fields: dict[str, str]


def load(paths: list[Path], options: dict[str, str]) -> Iterator[dict[str, Any] | Problem]:
    """Rows (without messages) and problems, in the order of the input."""
    wrong = sorted(set(options) - set(OPTIONS))
    if wrong:
        known = ", ".join(OPTIONS)
        yield Problem("", None, f"There is no option '{wrong[0]}'; the options are {known}.")
        return
    settings = {**_DEFAULTS, **options}
    if not settings["candidates"].isdigit():
        said = settings["candidates"]
        yield Problem("", None, f"Option candidates is '{said}'; give a whole number, 0 for none.")
        return
    index = load_index()
    for found in _sources(paths, settings):
        if isinstance(found, Problem):
            yield found
        else:
            yield from _row(found, settings, index)


def _sources(paths: list[Path], settings: dict[str, str]) -> Iterator[_Source | Problem]:
    folders = [p for p in paths if p.is_dir()]
    tables = [p for p in paths if p.suffix.lower() == ".tsv" and p.is_file()]
    for folder in folders:
        tables += sorted(folder.glob("*.tsv"))
    for path in paths:
        if path.is_dir() or path in tables:
            continue
        if path.suffix.lower() == ".csv" and path.is_file():
            yield from _csv(path)
        else:
            yield Problem(str(path), None, "Give a .csv file, or a folder of notes and a .tsv.")
    if folders or tables:
        yield from _folder(folders, tables, settings["type"])


def _csv(path: Path) -> Iterator[_Source | Problem]:
    text, problem = _read(path)
    if problem:
        yield problem
        return
    reader = csv.DictReader(text.splitlines(keepends=True))
    missing = {"id", "note", "codes"} - set(reader.fieldnames or ())
    if missing:
        wanted = ", ".join(sorted(missing))
        yield Problem(str(path), 1, f"The header lacks {wanted}; it needs id, note and codes.")
        return
    last = reader.line_num
    for row in reader:
        # A note may span lines: a problem points at the first line of its row.
        line, last = last + 1, reader.line_num
        if None in row or None in row.values():
            yield Problem(str(path), line, "This row has more or fewer cells than the header.")
            continue
        codes = [(c, str(path), line) for c in re.split(r"[;|]", row["codes"]) if c.strip()]
        fields = {k: row[k] for k in ("setting", "encounter_date") if row.get(k)}
        yield _Source(row["id"].strip(), row["note"].strip(), codes, str(path), line, fields)


def _folder(folders: list[Path], tables: list[Path], kind: str) -> Iterator[_Source | Problem]:
    notes = {p.stem: p for folder in folders for p in sorted(folder.glob("*.txt"))}
    codes: dict[str, list[tuple[str, str, int]]] = {name: [] for name in notes}
    if not notes or not tables:
        what = "no .txt note" if tables else "no .tsv of codes"
        place = str((folders or tables)[0])
        yield Problem(place, None, f"There is {what}; give the folder of notes and the .tsv.")
        return
    for table in tables:
        text, problem = _read(table)
        if problem:
            yield problem
        for number, line in enumerate(text.splitlines(), 1):
            cells = [cell.strip() for cell in line.split("\t")]
            if not line.strip() or (kind and len(cells) > 2 and cells[1] != kind):
                continue
            if len(cells) < 2:
                yield Problem(str(table), number, "Give the columns id, code or id, type, code.")
            elif cells[0] not in codes:
                yield Problem(str(table), number, f"There is no note {cells[0]}.txt.")
            else:
                code = cells[2] if len(cells) > 2 else cells[1]
                codes[cells[0]].append((code, str(table), number))
    for name, path in notes.items():
        text, problem = _read(path)
        yield problem or _Source(name, text.strip(), codes[name], str(path), None, {})


def _read(path: Path) -> tuple[str, Problem | None]:
    try:
        return path.read_text(encoding="utf-8-sig"), None
    except UnicodeDecodeError as error:
        return "", Problem(str(path), None, f"Not UTF-8 (byte {error.start}); save it as UTF-8.")
    except OSError as error:
        return "", Problem(str(path), None, f"Cannot be read: {error.strerror}.")


def _row(
    source: _Source, settings: dict[str, str], index: Index
) -> Iterator[dict[str, Any] | Problem]:
    gold: list[str] = []
    bad = 0
    for written, file, line in source.codes:
        code = dotted(written)
        if not CODE.fullmatch(code):
            bad += 1
            yield Problem(file, line, f"'{written.strip()}' is not written like a code.")
        elif not index.is_billable(code):
            bad += 1
            reason = "not billable, code to the end" if code in index.place else "unknown"
            message = f"'{code}' of '{source.id}' is {reason} in the installed code set."
            yield Problem(file, line, message)
        elif code not in gold:
            gold.append(code)
    if bad and (settings["bad_codes"] != "code" or not gold):
        yield Problem(source.file, source.line, f"'{source.id}' is left out: {bad} bad code(s).")
        return
    size = int(settings["candidates"])
    must = gold if settings["add_gold"] == "yes" else []
    row: dict[str, Any] = {
        "id": source.id,
        "encounter_date": source.fields.get("encounter_date", settings["encounter_date"]),
        "setting": source.fields.get("setting", settings["setting"]),
        "release": settings["release"],
        "note": source.note,
        "candidates": shortlist(index, source.note, size, must) if size else [],
        "reference_answer": {"codes": gold} if source.codes else None,
        "near_misses": near_misses(index, gold),
        "optional": [],
        "must_not_code": [],
        "provenance": f"imported from {Path(source.file).name}",
    }
    yield from _checked(row, source)


def _checked(row: dict[str, Any], source: _Source) -> Iterator[dict[str, Any] | Problem]:
    try:
        item = Item.model_validate({**row, "reference_answer": row["reference_answer"] or _NONE})
    except ValidationError as error:
        for e in error.errors():
            field = ".".join(map(str, e["loc"]))
            yield Problem(source.file, source.line, f"Field {field} of '{row['id']}': {e['msg']}.")
        return
    found = check_item(item)
    for message in found:
        yield Problem(source.file, source.line, f"'{row['id']}': {message}")
    if not found:
        yield row


_NONE: dict[str, list[str]] = {"codes": []}
