"""`Project.import_rows`: the team's own sources, tables and chat datasets become rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft.display import counted
from rft.errors import OutsideError, UserError
from rft.project.columns import Columns
from rft.project.foreign_rows import LeftOut, is_foreign
from rft.project.loader import load_hook, load_module
from rft.project.table_file import write_csv

if TYPE_CHECKING:
    from rft.project import Project

IMPORTED = Path("task/data/imported.jsonl")
Row = dict[str, Any]
Confirm = Callable[[Columns], bool]
"""Is shown the columns and the fields they become, and says whether to go on."""


@dataclass(frozen=True)
class ImportResult:
    """What came of an import."""

    target: Path
    added: int
    """Rows written."""
    present: int
    """Rows whose id the file held before; they are left as they are."""
    unanswered: int
    """Rows written without a reference answer."""
    left_out: list[LeftOut]
    """What could not be used."""
    left_out_file: Path | None
    """The CSV file that lists it by file, line, field and reason."""

    def __str__(self) -> str:
        return "\n".join([*self.problems, *self.lines()])

    @property
    def problems(self) -> list[str]:
        """What could not be used: place and reason, a sentence each."""
        return [f"left out: {entry}" for entry in self.left_out]

    def lines(self) -> list[str]:
        """The summary and what comes next, a line each."""
        rows = counted(self.added, "row")
        where = f", listed in {self.left_out_file}" if self.left_out_file else ""
        lines = [f"{rows} added to {self.target}; {len(self.left_out):,} left out{where}"]
        if self.present:
            lines.append(
                f"{counted(self.present, 'row')} with an id that the file has already: left as "
                "they are (--overwrite writes the file anew)"
            )
        if self.unanswered:
            lines.append(
                f"{counted(self.unanswered, 'row')} without a reference_answer: an expert must "
                "write it before the row moves into train, validation or test"
            )
        if self.added:
            lines.append(
                f"next: read {self.target}; then rft split adds its rows to train, validation and "
                "test, and rft check checks them"
            )
        return lines


def import_rows(
    project: Project,
    paths: Sequence[Path],
    out: Path = IMPORTED,
    options: Mapping[str, str | None] | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    confirm: Confirm = lambda columns: True,
    overwrite: bool = False,
) -> ImportResult:
    """Append the rows in `paths` to `out` in the project; see `Project.import_rows`.

    Raises UserError for an unknown option or column, a path that does not exist, or when `confirm`
    says no; OutsideError when a file cannot be written.
    """
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} does not exist; name a file or folder.")
    for name, value in (options or {}).items():
        if value is None:
            raise UserError(f"--set {name}: use NAME=VALUE{_options_text(project)}.")
    given = {name: value for name, value in (options or {}).items() if value is not None}
    entries: Iterable[Row | LeftOut]
    if columns or _no_importer_reads(project, paths):
        from rft.project.table_rows import rows_of_tables

        entries = rows_of_tables(project, paths, columns or {}, given, confirm)
    else:
        entries = _task_rows(project, paths, given)
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    for entry in entries:
        (left_out if isinstance(entry, LeftOut) else rows).append(entry)  # type: ignore[arg-type]
    target = project.root / out
    present = set() if overwrite else _ids(target)
    new = [row for row in rows if str(row.get("id")) not in present]
    lines = [_line(project, row) for row in new]
    if lines:
        _write(target, lines, overwrite)
    listed = out.with_name(f"{out.stem}_left_out.csv")
    if left_out:
        write_csv(project.root / listed, [vars(entry) for entry in left_out])
    else:
        (project.root / listed).unlink(missing_ok=True)
    unanswered = sum(row.get("reference_answer") is None for row in new)
    return ImportResult(
        out, len(new), len(rows) - len(new), unanswered, left_out, listed if left_out else None
    )


def _no_importer_reads(project: Project, paths: Sequence[Path]) -> bool:
    """Whether these are files of a kind that task/importer.py need not know, or there is none."""
    if not project.settings.path(project.settings.task.importer).exists():
        return True
    return all(path.is_file() and is_foreign(path) for path in paths)


def _options_text(project: Project) -> str:
    if not project.settings.path(project.settings.task.importer).exists():
        return ""
    module = load_module(project.settings, project.settings.task.importer)
    known = "; ".join(f"{name} ({text})" for name, text in module.OPTIONS.items())
    return f" with one of: {known}"


def _task_rows(
    project: Project, paths: Sequence[Path], options: dict[str, str]
) -> Iterator[Row | LeftOut]:
    """What task/importer.py makes of the paths."""
    settings = project.settings
    module = load_module(settings, settings.task.importer)
    load = load_hook(settings, settings.task.importer, "load")
    for name in options:
        if name not in module.OPTIONS:
            raise UserError(f"--set {name}: use NAME=VALUE{_options_text(project)}.")
    for entry in load(list(paths), options):
        if isinstance(entry, dict):
            yield entry
        else:
            yield LeftOut(entry.file, entry.line, "", entry.message)


def _ids(path: Path) -> set[str]:
    """The ids in a file of rows; lines that cannot be read have none."""
    ids = set()
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            ids.add(str(json.loads(line)["id"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return ids


def _line(project: Project, row: Row) -> str:
    """One JSONL line; the prompt is filled in where the row is whole."""
    if row.get("reference_answer") is not None:
        row = row | {"messages": []}
        row["messages"] = project.task.messages(project.task.item.model_validate(row))
    return json.dumps(row, ensure_ascii=False) + "\n"


def _write(path: Path, lines: list[str], overwrite: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if overwrite else "a", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
    except OSError as error:
        raise OutsideError(f"{path} cannot be written: {error.strerror or error}.") from None
