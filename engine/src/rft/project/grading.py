"""`Project.grade`: one answer to one row, beside the reference answer."""

from __future__ import annotations

import difflib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rft import graders
from rft.errors import UserError
from rft.records import Grade, Record, Sample

if TYPE_CHECKING:
    from rft.project import Project


@dataclass(frozen=True)
class GradedAnswer:
    """The grade of one answer, and that of the row's reference answer without a judge."""

    grade: Grade
    unreadable: bool
    """Whether the grader could make nothing of the answer."""
    reference_text: str
    reference: Grade

    @property
    def reward(self) -> float | None:
        """The reward in [0, 1]; None when nothing was scored."""
        return self.grade.reward

    @property
    def parts(self) -> dict[str, float]:
        """The parts of the grade by name."""
        return self.grade.parts

    def __str__(self) -> str:
        names = dict.fromkeys([*self.parts, *self.reference.parts])
        lines = [f"{name}: {self._pair(name)}" for name in names]
        lines += [f"flag: {flag}" for flag in self.grade.flags]
        reward = "none" if self.reward is None else f"{self.reward:.4g}"
        return "\n".join([*lines, f"reward: {reward}"])

    def _pair(self, name: str) -> str:
        values = (self.parts.get(name), self.reference.parts.get(name))
        own, reference = ("not scored" if v is None else f"{v:.4g}" for v in values)
        return f"{own} (reference answer: {reference})"

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON data."""
        return {
            "grade": self.grade.model_dump(exclude_defaults=True),
            "unreadable": self.unreadable,
            "reference_text": self.reference_text,
            "reference": self.reference.model_dump(exclude_defaults=True),
        }


def grade(project: Project, item_id: str, text: str) -> GradedAnswer:
    """Grade an answer; raises UserError when no row of any split has this id."""
    rows = {row.id: row for split in project.splits()[0] for row in split.rows}
    if item_id not in rows:
        similar = difflib.get_close_matches(item_id, rows, 3)
        hint = f"; similar ids: {', '.join(similar)}" if similar else ""
        raise UserError(f"No row has the id '{item_id}'{hint}; rft check names unreadable rows.")
    row = rows[item_id]
    reference_text = project.task.reference_text(row.item)
    sample = Sample(output_text=text, finish_reason="stop")
    reference = Sample(output_text=reference_text, finish_reason="stop")
    with ExitStack() as stack:
        grader = unjudged = stack.enter_context(project.open_grader())
        if graders.model_graders(project.grader_spec):
            unjudged = stack.enter_context(project.open_grader(judged=False))
        own = grader.grade(sample.for_grader(), row.data)
        best = unjudged.grade(reference.for_grader(), row.data)
    record = Record(item_id=item_id, k=0, sample=sample, grade=own)
    return GradedAnswer(own, record.unreadable, reference_text, best)
