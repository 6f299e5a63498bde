"""Figures over a whole run, which `rft eval` prints at the end."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean as mean
from typing import Any

from task.grader import explain

Answers = list[tuple[dict[str, Any], dict[str, Any]]]
"""(row, sample) as graders get them."""
Figures = dict[str, dict[str, float]]


def metrics(answers: Answers, train: list[dict[str, Any]]) -> Figures:
    """Figures of the answers of a run, by heading; `train` is not used."""
    if not answers:
        return {}
    graded = [(row, explain(sample, row)) for row, sample in answers]
    return {
        "F1 by protocol": _by(graded, "protocol", "f1"),
        "elaborates, by protocol": _by(graded, "protocol", "elaborates"),
        "F1 by naming": _by(graded, "style", "f1"),
        "must stay unbound": _unbound(graded),
    }


def _by(
    graded: list[tuple[dict[str, Any], dict[str, float]]], field: str, part: str
) -> dict[str, float]:
    """Mean of a part of the grade for each value of a field of the row."""
    values: dict[str, list[float]] = defaultdict(list)
    for row, parts in graded:
        values[str(row.get(field))].append(parts[part])
    return {name: mean(values[name]) for name in sorted(values)}


def _unbound(graded: list[tuple[dict[str, Any], dict[str, float]]]) -> dict[str, float]:
    """The share of the names that must stay unbound that were bound, and the share of the answers
    to rows with such names that bound any."""
    counts = [(len(row["must_not_bind"]), parts["over_binding"]) for row, parts in graded]
    asked = [(names, share) for names, share in counts if names]
    if not asked:
        return {}
    names = sum(n for n, _ in asked)
    return {
        "names bound": sum(n * share for n, share in asked) / names,
        "answers with any": mean(share > 0 for _, share in asked),
    }
