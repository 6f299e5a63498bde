"""Rows of the task made from tables and chat datasets, through the task's schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from rft.errors import UserError
from rft.hooks import HookError
from rft.jsonl import ProblemError
from rft.project.cells import cell_of, fitted, readings
from rft.project.columns import REFERENCE, Columns, choose, fields_of
from rft.project.foreign_rows import Foreign, LeftOut, left_out, read
from rft.project.loader import Task
from rft.records import parse_answer
from rft.runs import digest
from rft.validation import field_problems

if TYPE_CHECKING:
    from rft.project import Project

Row = dict[str, Any]


def rows_of_tables(
    project: Project,
    paths: Sequence[Path],
    named: Mapping[str, str],
    given: Mapping[str, str],
    confirm: Callable[[Columns], bool],
) -> Iterator[Row | LeftOut]:
    """Rows without messages for the files, and what could not be used.

    `named`: column -> field; `given`: field -> its value in every row. Raises UserError for a name
    that does not exist, a required field without a column, or when `confirm` says no.
    """
    task = project.task
    entries = [entry for path in paths for entry in read(path)]
    records = [entry for entry in entries if isinstance(entry, Foreign)]
    fields = fields_of(task.item)
    for field in given:
        if field not in fields:
            known = ", ".join(fields)
            raise UserError(f"--set {field}: no such field of a row; name one of: {known}.")
    if not records:  # nothing of the files could be read
        yield from (entry for entry in entries if isinstance(entry, LeftOut))
        return
    names = list(dict.fromkeys(name for record in records for name in record.cells))
    columns = choose(names, task.item, named, list(given))
    columns.require()
    _require_values(records, columns)
    if not confirm(columns):
        raise UserError("nothing was imported; name the columns with --map COLUMN=FIELD.")
    places: dict[str, str] = {}
    for entry in entries:
        made = _made(entry, columns, given, task) if isinstance(entry, Foreign) else entry
        if isinstance(made, LeftOut):
            yield made
            continue
        place = f"{entry.file}:{entry.line}"
        if (first := places.setdefault(str(made["id"]), place)) != place:
            reason = f"'{made['id']}' is also the id of {first}; give every row an id of its own."
            yield LeftOut(entry.file, entry.line, "id", reason)
        else:
            yield made


def _require_values(records: Sequence[Foreign], columns: Columns) -> None:
    """Raises UserError when a path into a column leads nowhere in every row: it is misspelt."""
    for column, field in columns.fields.items():
        if all(column not in record.cells and _leads_nowhere(record, column) for record in records):
            raise UserError(
                f"--map {column}={field}: no row has a value there; correct the path, or leave it "
                "out."
            )


def _leads_nowhere(record: Foreign, column: str) -> bool:
    try:
        return cell_of(record.cells, column) is None
    except ProblemError:  # the row is left out, with the reason
        return False


def _made(record: Foreign, columns: Columns, given: Mapping[str, str], task: Task) -> Row | LeftOut:
    """The row of a record, or the first thing that is wrong with it."""
    fields = fields_of(task.item)
    try:
        values = {field: cell_of(record.cells, column) for column, field in columns.fields.items()}
    except ProblemError as error:
        (problem,) = error.problems
        return left_out(record.file, record.line, problem)
    values = {field: value for field, value in values.items() if value not in (None, "")}
    row: Row = {}
    for name, value in {**given, **values}.items():
        *outer, last = name.split(".")
        inside = row
        for part in outer:
            inside = inside.setdefault(part, {})
        inside[last] = fitted(value, fields[name])
    if row.get("id") in (None, ""):
        row["id"] = f"{Path(record.file).stem}-{digest(values)[:10]}"
    row["id"] = str(row["id"])
    answer = _answer(values.get(REFERENCE), task)
    candidates = readings(values.get(REFERENCE)) if answer is not None else [row.get(REFERENCE)]
    fault = LeftOut(
        record.file,
        record.line,
        REFERENCE,
        "no reference gives this answer back in gold() of the schema; name its column with --map.",
    )
    for candidate in candidates:
        whole = row | {"messages": [], REFERENCE: candidate}
        try:
            item = task.item.model_validate(whole)
        except ValidationError as error:
            problems = field_problems(error, whole)
            others = [p for p in problems if (p.field or "").partition(".")[0] != REFERENCE]
            if candidate is None and not others:
                return row | {REFERENCE: None}  # an expert writes it
            first = (others or problems)[0]
            if others or answer is None:
                reason = f"{first.message}; {first.remedy}."
                return LeftOut(record.file, record.line, first.field or "", reason)
            continue
        if candidate is None:
            return row | {REFERENCE: None}
        if answer is not None and not _gives(task, item, answer):
            continue
        if task.check_item and (faults := task.check_item(item)):
            return LeftOut(record.file, record.line, "", faults[0])
        return item.model_dump(mode="json", exclude={"messages"})
    return fault


def _gives(task: Task, item: BaseModel, answer: BaseModel) -> bool:
    try:
        return task.gold(item) == answer
    except HookError:  # gold() does not know such a reference
        return False


def _answer(value: Any, task: Task) -> BaseModel | None:
    """The value as the model's answer, which the reference must give; None where it is not one."""
    parsed = parse_answer(value) if isinstance(value, str) else value
    try:
        return task.answer.model_validate(parsed)
    except ValidationError:
        return None
