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
    """The row's id, or file and line."""
    name: str
    """What kind of answer it is, or who gave it."""
    row: dict[str, Any]
    text: str


def grade_all(answers: Sequence[WrittenAnswer], grader: graders.Grader) -> list[Grade]:
    """Grades of written answers, in their order."""

    def pair(answer: WrittenAnswer) -> tuple[dict[str, Any], dict[str, Any]]:
        sample = Sample(output_text=answer.text, finish_reason="stop")
        return sample.for_grader(), answer.row

    return grade_samples([pair(answer) for answer in answers], grader)


def grade_samples(
    answers: Sequence[tuple[dict[str, Any], dict[str, Any]]], grader: graders.Grader
) -> list[Grade]:
    """Grades of several (sample, row), in their order."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda pair: grader.grade(*pair), answers))


def grade_probes(
    probes: Sequence[Probe], rows: Mapping[str, dict[str, Any]], grader: graders.Grader
) -> list[tuple[Probe, Grade]]:
    """Each probe with its grade; `rows` are those of all splits, by id."""
    answers = [WrittenAnswer(p.place, p.name, rows[p.item_id], p.output_text) for p in probes]
    return list(zip(probes, grade_all(answers, grader), strict=True))


def rewards_by_name(
    answers: Sequence[WrittenAnswer], grader: graders.Grader
) -> dict[str, dict[str, float]]:
    """Name -> place -> reward; without what could not be graded."""
    rewards: dict[str, dict[str, float]] = {}
    for answer, grade in zip(answers, grade_all(answers, grader), strict=True):
        if grade.reward is not None:
            rewards.setdefault(answer.name, {})[answer.place] = grade.reward
    return rewards


def floor_rewards(
    floors: Callable[[dict[str, Any]], dict[str, str]],
    rows: Sequence[dict[str, Any]],
    grader: graders.Grader,
) -> dict[str, dict[str, float]]:
    """Floor -> row's id -> reward; without what could not be graded."""
    answers = [
        WrittenAnswer(row["id"], name, row, text)
        for row in rows
        for name, text in floors(row).items()
    ]
    return rewards_by_name(answers, grader)


def floor_means(
    floors: Callable[[dict[str, Any]], dict[str, str]],
    rows: dict[str, list[dict[str, Any]]],
    grader: graders.Grader,
) -> Floors:
    """Mean reward of each floor on each split; `rows` are the rows by split."""
    means: Floors = {}
    for split, members in rows.items():
        for name, rewards in floor_rewards(floors, members, grader).items():
            means.setdefault(name, {})[split] = sum(rewards.values()) / len(rewards)
    return means
