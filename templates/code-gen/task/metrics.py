"""Figures over a whole run: what `rft eval` prints at its end."""

from __future__ import annotations

from collections import defaultdict
from statistics import mean
from typing import Any

from task.grader import explain

Answers = list[tuple[dict[str, Any], dict[str, Any]]]
"""(row, sample) as graders get them."""
Figures = dict[str, dict[str, float]]


def metrics(answers: Answers, train: list[dict[str, Any]]) -> Figures:
    """Figures of the answers of a run, by heading; `train` is not looked at."""
    if not answers:
        return {}
    told = [(row, explain(sample, row)) for row, sample in answers]
    return {
        "F1 by protocol": _by(told, "protocol", "f1"),
        "elaborates, by protocol": _by(told, "protocol", "elaborates"),
        "F1 by naming": _by(told, "style", "f1"),
        "must stay unbound": _unbound(told),
    }


def _by(
    told: list[tuple[dict[str, Any], dict[str, float]]], field: str, part: str
) -> dict[str, float]:
    """Mean of a part of the grade for each value of a field of the row."""
    found: dict[str, list[float]] = defaultdict(list)
    for row, parts in told:
        found[str(row.get(field))].append(parts[part])
    return {name: mean(found[name]) for name in sorted(found)}


def _unbound(told: list[tuple[dict[str, Any], dict[str, float]]]) -> dict[str, float]:
    """Of the names that must stay unbound the share that was bound, and of the answers to rows
    with such names the share that bound any."""
    counts = [(len(row["must_not_bind"]), parts["over_binding"]) for row, parts in told]
    asked = [(names, share) for names, share in counts if names]
    if not asked:
        return {}
    names = sum(n for n, _ in asked)
    return {
        "names bound": sum(n * share for n, share in asked) / names,
        "answers with any": mean(share > 0 for _, share in asked),
    }
