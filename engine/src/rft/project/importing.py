"""`Project.import_rows`: the team's own sources become rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft.display import counted
from rft.errors import OutsideError, UserError
from rft.project.loader import load_hook, load_module

if TYPE_CHECKING:
    from rft.project import Project


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
    problems: list[str]
    """What could not be used: place and reason, a sentence each."""

    def __str__(self) -> str:
        return "\n".join([*self.problems, *self.lines()])

    def lines(self) -> list[str]:
        """The summary and what comes next, a line each."""
        rows = counted(self.added, "row")
        lines = [f"{rows} added to {self.target}; {len(self.problems):,} left out"]
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
    out: Path = Path("task/data/imported.jsonl"),
    options: Mapping[str, str | None] | None = None,
    *,
    overwrite: bool = False,
) -> ImportResult:
    """Let task/importer.py read `paths` and append its rows to `out` in the project.

    Raises UserError for an unknown option or a path that does not exist, OutsideError when the
    file cannot be written.
    """
    module = load_module(project.settings, project.settings.task.importer)
    load = load_hook(project.settings, project.settings.task.importer, "load")
    known: dict[str, str] = module.OPTIONS
    for name, value in (options or {}).items():
        if name not in known or value is None:
            names = "; ".join(f"{key} ({text})" for key, text in known.items())
            raise UserError(f"--set {name}: use NAME=VALUE with one of: {names}.")
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} does not exist; name a file or folder.")
    rows: list[dict[str, Any]] = []
    problems = []
    for entry in load(list(paths), dict(options or {})):
        if isinstance(entry, dict):
            rows.append(entry)
        else:
            place = f"{entry.file}:{entry.line}" if entry.line else entry.file
            problems.append(f"left out: {place}: {entry.message}")
    target = project.root / out
    present = set() if overwrite else _ids(target)
    new = [row for row in rows if str(row.get("id")) not in present]
    lines = [_line(project, row) for row in new]
    if lines:
        _write(target, lines, overwrite)
    unanswered = sum(row.get("reference_answer") is None for row in new)
    return ImportResult(out, len(new), len(rows) - len(new), unanswered, problems)


def _ids(path: Path) -> set[str]:
    """The ids in a file of rows; lines that cannot be read have none."""
    ids = set()
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            ids.add(str(json.loads(line)["id"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return ids


def _line(project: Project, row: dict[str, Any]) -> str:
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
