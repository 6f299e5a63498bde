"""`Project.grade`: one answer to one row."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rft.errors import UserError
from rft.records import Grade, Sample

if TYPE_CHECKING:
    from rft.project import Project


def grade(project: Project, item_id: str, text: str) -> Grade:
    """Grade an answer; raises UserError when no row of any split has this id."""
    rows = {row.id: row.data for split in project.splits()[0] for row in split.rows}
    if item_id not in rows:
        similar = difflib.get_close_matches(item_id, rows, 3)
        hint = f"; similar ids: {', '.join(similar)}" if similar else ""
        raise UserError(f"No row has the id '{item_id}'{hint}; rft check names unreadable rows.")
    with project.open_grader() as grader:
        return grader.grade(
            Sample(output_text=text, finish_reason="stop").for_grader(), rows[item_id]
        )
