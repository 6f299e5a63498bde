"""Grade answers that no model gave: references, floors, probes, and what stands in for junk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rft.probes import Probe
from rft.records import Grade, Sample

if TYPE_CHECKING:
    from rft import graders

Floors = dict[str, dict[str, float]]
"""Floor -> split -> mean reward."""


@dataclass(frozen=True)
class WrittenAnswer:
    """An answer to be graded like a model's: a reference answer, a floor or a probe."""

    place: str
    """The split, or file and line."""
    name: str
    row: dict[str, Any]
    text: str


def grade_all(answers: Sequence[WrittenAnswer], grader: graders.Grader) -> list[Grade]:
    """Grades of written answers, in their order."""

    def grade(answer: WrittenAnswer) -> Grade:
        sample = Sample(output_text=answer.text, finish_reason="stop")
        return grader.grade(sample.for_grader(), answer.row)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(grade, answers))


def grade_probes(
    probes: Sequence[Probe], rows: Mapping[str, dict[str, Any]], grader: graders.Grader
) -> list[tuple[Probe, Grade]]:
    """Each probe with its grade; `rows` are those of all splits, by id."""
    answers = [WrittenAnswer(p.place, p.name, rows[p.item_id], p.output_text) for p in probes]
    return list(zip(probes, grade_all(answers, grader), strict=True))


def floor_means(
    floors: Callable[[dict[str, Any]], dict[str, str]],
    rows: dict[str, list[dict[str, Any]]],
    grader: graders.Grader,
) -> Floors:
    """Mean reward of each floor on each split; `rows` are the rows by split."""
    answers = [
        WrittenAnswer(split, name, row, text)
        for split, members in rows.items()
        for row in members
        for name, text in floors(row).items()
    ]
    rewards: dict[str, dict[str, list[float]]] = {}
    for answer, grade in zip(answers, grade_all(answers, grader), strict=True):
        if grade.reward is not None:
            by_split = rewards.setdefault(answer.name, {})
            by_split.setdefault(answer.place, []).append(grade.reward)
    return {
        name: {split: sum(values) / len(values) for split, values in by_split.items()}
        for name, by_split in rewards.items()
    }
