"""`Project.export_rows`: rows, or the answers of a run, as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft import runs
from rft.display import counted
from rft.errors import UserError
from rft.project import SPLITS
from rft.project.compare import find_runs
from rft.project.loader import asked
from rft.project.table_file import write_csv, write_parquet

if TYPE_CHECKING:
    from rft.dataset import Row
    from rft.project import Project

WRITERS = {".csv": write_csv, ".parquet": write_parquet}


@dataclass(frozen=True)
class ExportedRows:
    """A table that was written. Prints itself."""

    path: Path
    """Relative to the project."""
    what: str
    """`answers` or `rows`, of which run or splits."""
    lines: int

    def __str__(self) -> str:
        return f"{counted(self.lines, 'line')} written to {self.path}: {self.what}"


def export_rows(project: Project, out: Path, splits: Sequence[str], run: str) -> ExportedRows:
    """Write a table; see `Project.export_rows`.

    Raises UserError for another ending, a file outside the project, a name of no split or run, or
    a missing extra; CheckError for rows that cannot be used.
    """
    root = project.root.resolve()
    path = (root / out).resolve()
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise UserError(f"--out {out}: name a file that ends in {' or '.join(WRITERS)}.")
    if not path.is_relative_to(root):
        raise UserError(f"--out {out}: name a file in the project.")
    if run:
        of_run = find_runs(project, run)[0]
        records, what = list(_answers(project, of_run)), f"the answers of {of_run.folder.name}"
    else:
        records = [r for split in splits for r in _rows(project, split)]
        what = f"the rows of {', '.join(splits)}"
    if not records:
        raise UserError(f"there is nothing to write: {what} are none.")
    write(path, records)
    return ExportedRows(path.relative_to(root), what, len(records))


def _rows(project: Project, split: str) -> Iterator[dict[str, Any]]:
    if split not in SPLITS:
        raise UserError(f"'{split}' is not a split; name one of {', '.join(SPLITS)}.")
    for row in project.rows(split):
        fields = {name: value for name, value in row.data.items() if name != "messages"}
        yield {"split": split, **fields, "prompt": _prompt(project, row)}


def _answers(project: Project, run: runs.Run) -> Iterator[dict[str, Any]]:
    """Each answer beside its row's reference answer and prompt."""
    by_id = {row.id: row for row in project.split(run.info.split)[0].rows}
    for record in run.stream():
        row = by_id.get(record.item_id)
        beside = {"reference": "", "prompt": ""}
        if row:
            beside["reference"] = project.task.reference_text(row.item)
            beside["prompt"] = _prompt(project, row)
        yield record.flat() | beside


def _prompt(project: Project, row: Row) -> str:
    """The last message of the row's prompt."""
    messages = asked(project.task, row)["messages"]
    return str(messages[-1]["content"]) if messages else ""
