"""Figures over a whole run, which `rft eval` prints at the end. Only what code decides."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean as mean
from typing import Any

from task.grader import grade, verdicts

Answers = list[tuple[dict[str, Any], dict[str, Any]]]
"""(row, sample) as graders get them."""
Figures = dict[str, dict[str, float]]


def metrics(answers: Answers, train: list[dict[str, Any]]) -> Figures:
    """Figures of the answers of a run, by heading; `train` is not used."""
    if not answers:
        return {}
    scores: dict[str, list[float]] = defaultdict(list)
    right: dict[str, list[bool]] = defaultdict(list)
    trapped: list[bool] = []
    for row, sample in answers:
        scores[row["topic"]].append(grade(sample, row))
        met = verdicts(sample, row)
        for criterion in row["rubric"]:
            if criterion["id"] not in met:
                continue
            if criterion["weight"].startswith("-"):
                trapped.append(met[criterion["id"]])
            else:
                right[f"{criterion['kind']}, {criterion['group']}"].append(met[criterion["id"]])
    result = {
        "figures by topic": {name: mean(scores[name]) for name in sorted(scores)},
        "criteria met": {name: mean(right[name]) for name in sorted(right)},
    }
    return result | ({"traps": {"stepped into": mean(trapped)}} if trapped else {})
