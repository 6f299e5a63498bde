"""Read your own encounters: a CSV, a folder of notes with a TSV of codes, or encounters by hand.

    rft import encounters.csv
    rft import notes/ codes.tsv --set type=DIAGNOSTICO
    rft import my_encounters.txt

A CSV has the columns id, note, codes (codes separated by ; or |) and, if you have them, setting
and encounter_date. A folder holds one <id>.txt per encounter; the TSV has no header and either
the columns id, code or the columns id, type, code (further columns are ignored). A .txt file holds
encounters as an author writes them, with codes, evidence and reasons:

    == id | outpatient or inpatient | YYYY-MM-DD
    The note, as many lines as it takes. It never states a code.
    code: E11.9 | words of the note | why this code is right
    optional: Z79.84
    never: I26.99 E11.4
    near: E11.65 E11.8
    traps: negation z-code
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rft.task import Problem, TextError, csv_rows, field_problems, read_text
from task.schema import CODE, Item, check_item, dotted
from task.tools.shortlist import SIZE, Index, load_index, near_misses, shortlist

OPTIONS = {
    "setting": "outpatient or inpatient, where the source does not say (default outpatient)",
    "encounter_date": "date of the encounters, where the source does not say (default 2026-04-01)",
    "release": "release of the code set (default FY2026-April)",
    "type": "rows of the TSV to keep by their second column, as DIAGNOSTICO (default: all)",
    "bad_codes": "what a code that is not billable costs: row (default) or code",
    "candidates": f"length of the shortlist in the prompt, 0 for none (default {SIZE})",
    "add_gold": "yes: gold, optional and near codes join the candidates (for training rows)",
}

_DEFAULTS = {"setting": "outpatient", "encounter_date": "2026-04-01", "release": "FY2026-April"}
_DEFAULTS |= {"type": "", "bad_codes": "row", "candidates": str(SIZE), "add_gold": "no"}

_LISTS = {"optional": "optional", "never": "must_not_code", "near": "near"}
"""First word of a line of an encounter file -> the kind of its codes."""
_HEADER = "'== id | outpatient or inpatient | YYYY-MM-DD'"


@dataclass(frozen=True)
class _Code:
    """A code as written, its place in the input, and its kind."""

    text: str
    file: str
    line: int
    use: str = "gold"
    """gold, optional, must_not_code (with all codes below it) or near (a plausible wrong one)"""
    span: str = ""
    why: str = ""


@dataclass
class _Source:
    """An encounter as it was read, before any check."""

    id: str
    note: str
    codes: list[_Code]
    file: str
    line: int | None
    fields: dict[str, str]
    traps: list[str] = field(default_factory=list)


def load(paths: list[Path], options: dict[str, str]) -> Iterator[dict[str, Any] | Problem]:
    """Yield rows (without messages) and problems, in the order of the input."""
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        known = ", ".join(OPTIONS)
        yield Problem("", None, f"There is no option '{unknown[0]}'; the options are {known}.")
        return
    settings = {**_DEFAULTS, **options}
    if not settings["candidates"].isdigit():
        size = settings["candidates"]
        yield Problem("", None, f"Option candidates is '{size}'; give a whole number, 0 for none.")
        return
    index = load_index()
    for source in _sources(paths, settings):
        if isinstance(source, Problem):
            yield source
        else:
            yield from _row(source, settings, index)


def _sources(paths: list[Path], settings: dict[str, str]) -> Iterator[_Source | Problem]:
    folders = [p for p in paths if p.is_dir()]
    tables = [p for p in paths if p.suffix.lower() == ".tsv" and p.is_file()]
    for folder in folders:
        tables += sorted(folder.glob("*.tsv"))
    readers = {".csv": _csv, ".txt": _encounters}
    for path in paths:
        if path.is_dir() or path in tables:
            continue
        if path.suffix.lower() in readers and path.is_file():
            yield from readers[path.suffix.lower()](path)
        else:
            message = "Give a .csv, a .txt of encounters, or a folder of notes and a .tsv."
            yield Problem(str(path), None, message)
    if folders or tables:
        yield from _folder(folders, tables, settings["type"])


def _csv(path: Path) -> Iterator[_Source | Problem]:
    try:
        rows = csv_rows(path)
    except TextError as error:
        yield Problem.of(error)
        return
    missing = {"id", "note", "codes"} - (rows[0][1].keys() if rows else set())
    if missing:
        wanted = ", ".join(sorted(missing))
        yield Problem(str(path), 1, f"The header lacks {wanted}; it needs id, note and codes.")
        return
    for line, row in rows:
        if None in row or None in row.values():
            yield Problem(str(path), line, "This row has more or fewer cells than the header.")
            continue
        codes = [_Code(c, str(path), line) for c in re.split(r"[;|]", row["codes"]) if c.strip()]
        fields = {k: row[k] for k in ("setting", "encounter_date") if row.get(k)}
        yield _Source(row["id"].strip(), row["note"].strip(), codes, str(path), line, fields)


def _folder(folders: list[Path], tables: list[Path], kind: str) -> Iterator[_Source | Problem]:
    notes = {p.stem: p for folder in folders for p in sorted(folder.glob("*.txt"))}
    codes: dict[str, list[_Code]] = {name: [] for name in notes}
    if not notes or not tables:
        what = "no .txt note" if tables else "no .tsv of codes"
        place = str((folders or tables)[0])
        yield Problem(place, None, f"There is {what}; give the folder of notes and the .tsv.")
        return
    for table in tables:
        text, problem = _read(table)
        if problem:
            yield problem
        for number, line in enumerate(text.split("\n"), 1):
            cells = [cell.strip() for cell in line.split("\t")]
            if not line.strip() or (kind and len(cells) > 2 and cells[1] != kind):
                continue
            if len(cells) < 2:
                yield Problem(str(table), number, "Give the columns id, code or id, type, code.")
            elif cells[0] not in codes:
                yield Problem(str(table), number, f"There is no note {cells[0]}.txt.")
            else:
                code = cells[2] if len(cells) > 2 else cells[1]
                codes[cells[0]].append(_Code(code, str(table), number))
    for name, path in notes.items():
        text, problem = _read(path)
        yield problem or _Source(name, text.strip(), codes[name], str(path), None, {})


def _encounters(path: Path) -> Iterator[_Source | Problem]:
    text, problem = _read(path)
    if problem:
        yield problem
        return
    blocks: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("== "):
            blocks.append((number, [line]))
        elif blocks:
            blocks[-1][1].append(line)
        elif line.strip():
            yield Problem(str(path), number, f"Text before the first encounter; write {_HEADER}.")
            return
    if not blocks:
        yield Problem(str(path), None, f"There is no encounter; begin each one with {_HEADER}.")
    for number, lines in blocks:
        yield _encounter(str(path), number, lines)


def _encounter(file: str, first: int, lines: list[str]) -> _Source | Problem:
    """One block of an encounter file, or the first problem in it."""
    header = [part.strip() for part in lines[0][3:].split("|")]
    if len(header) != 3:
        return Problem(file, first, f"Cannot read '{lines[0][:60]}'; write {_HEADER}.")
    note, codes, traps = [], [], []
    for number, line in enumerate(lines[1:], first + 1):
        word, _, rest = line.partition(":")
        if word == "code":
            parts = [part.strip() for part in rest.split(" | ")]
            if len(parts) != 3 or not all(parts):
                message = "Write 'code: E11.9 | words of the note | why this code is right'."
                return Problem(file, number, message)
            codes.append(_Code(parts[0], file, number, "gold", *parts[1:]))
        elif word in _LISTS:
            codes += [_Code(text, file, number, _LISTS[word]) for text in rest.split()]
        elif word == "traps":
            traps += rest.split()
        elif line.strip() and (codes or traps):
            expected = ", ".join(["code", *_LISTS, "traps"])
            message = f"Cannot read '{line[:40]}' after the note; begin the line with {expected}."
            return Problem(file, number, message)
        else:
            note.append(line)
    fields = {"setting": header[1], "encounter_date": header[2]}
    return _Source(header[0], "\n".join(note).strip(), codes, file, first, fields, traps)


def _read(path: Path) -> tuple[str, Problem | None]:
    try:
        return read_text(path), None
    except TextError as error:
        return "", Problem.of(error)


def _row(
    source: _Source, settings: dict[str, str], index: Index
) -> Iterator[dict[str, Any] | Problem]:
    codes: dict[str, list[str]] = {"gold": [], "optional": [], "must_not_code": [], "near": []}
    evidence = []
    bad = []
    for written in source.codes:
        code = dotted(written.text)
        fault = _fault(code, written, index)
        if fault:
            bad.append(Problem(written.file, written.line, f"'{source.id}': {fault}"))
        elif code not in codes[written.use]:
            codes[written.use].append(code)
            if written.span:
                evidence.append({"code": code, "span": written.span, "why": written.why})
    gold, optional = codes["gold"], codes["optional"]
    if bad and (settings["bad_codes"] != "code" or not gold):
        first, *others = bad
        more = f" {len(others)} more of its codes cannot be used." if others else ""
        yield Problem(first.file, first.line, first.message + more)
        return
    yield from bad
    size = int(settings["candidates"])
    must = [*gold, *optional, *codes["near"]] if settings["add_gold"] == "yes" else []
    row: dict[str, Any] = {
        "id": source.id,
        "encounter_date": source.fields.get("encounter_date", settings["encounter_date"]),
        "setting": source.fields.get("setting", settings["setting"]),
        "release": settings["release"],
        "note": source.note,
        "candidates": shortlist(index, source.note, size, must) if size else [],
        "reference_answer": {"codes": gold} if source.codes else None,
        "near_misses": near_misses(index, gold),
        "evidence": evidence,
        "optional": optional,
        "must_not_code": codes["must_not_code"],
        "traps": source.traps,
        "provenance": f"imported from {Path(source.file).name}",
    }
    yield from _checked(row, source)


def _fault(code: str, written: _Code, index: Index) -> str:
    """What is wrong with a code, as a sentence; empty for a good one."""
    if not CODE.fullmatch(code):
        return f"'{written.text.strip()}' is not written like a code."
    if code not in index.place:
        return f"'{code}' is not in the installed code set."
    if written.use != "must_not_code" and not index.is_billable(code):
        return f"'{code}' is not billable; give one of the codes below it."
    return ""


def _checked(row: dict[str, Any], source: _Source) -> Iterator[dict[str, Any] | Problem]:
    answer = row["reference_answer"] or {"codes": []}
    try:
        item = Item.model_validate({**row, "reference_answer": answer})
    except ValidationError as error:
        faults = [f"{problem}." for problem in field_problems(error, row)]
    else:
        faults = check_item(item)
    text = f"'{row['id']}': {' '.join(faults)}"
    yield Problem(source.file, source.line, text) if faults else row
