"""Calibration answers: written answers of known worth, labelled by people, criterion by criterion.

The labels are what the judge is measured against, so a fault in them is a fault of the file, named
with its line.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StrictBool, model_validator

from rft.findings import Finding
from rft.jsonl import Line, read_lines

BaseKind = Literal["excellent", "fair", "poor", "empty", "confidently_wrong"]
Kind = Literal[
    "excellent", "fair", "poor", "empty", "confidently_wrong", "padded", "injection", "model"
]
"""What is known of an answer before it is labelled; model: nothing, a model under review gave it,
and a row may have any number of them."""
Weights = Mapping[str, float]


class CalibrationLine(Line):
    """One line of calibration.jsonl: an answer to row `item_id` and what people say of it."""

    kind: Kind
    output_text: str
    labels: Annotated[dict[str, StrictBool], Field(min_length=1)]
    """Id of each judged criterion -> whether the answer meets it."""
    of: BaseKind | None = None
    """The kind of the answer that a padded or injection line was made from, on the same row."""

    @model_validator(mode="after")
    def _made_from_another(self) -> CalibrationLine:
        if self.made_from and self.of is None:
            raise ValueError(f'add "of", the kind of the answer this {self.kind} one was made from')
        if not self.made_from and self.of is not None:
            raise ValueError('"of" is for padded and injection answers; remove it')
        return self

    @property
    def made_from(self) -> bool:
        """Whether it is another answer with something added that is worth nothing."""
        return self.kind in ("padded", "injection")


def load_calibration(
    path: Path, weights: Mapping[str, Weights]
) -> tuple[list[CalibrationLine], list[Finding]]:
    """The usable lines of a file, and a finding for each fault.

    `weights`: item_id -> judged criterion -> weight, for every row of the project; an empty one
    means that the schema names no criteria, and the lines of a row must then agree among
    themselves.
    """
    read, faults = read_lines(path, CalibrationLine, weights)
    by_item: dict[str, list[CalibrationLine]] = defaultdict(list)
    for line in read:
        by_item[line.item_id].append(line)
    for item_id, lines in by_item.items():
        faults += _faults(lines, weights[item_id] or lines[0].labels)
    return read, faults


def is_examined_on(item_id: str) -> bool:
    """Whether the labels of a row examine the judge; those of the others are for revising it.

    About half of the rows, by hash: a row never moves from one part to the other, so a prompt
    revised on a row is never examined on it.
    """
    return hashlib.sha256(f"examination {item_id}".encode()).digest()[0] % 2 == 0


def calibration_hash(path: Path) -> str:
    """sha256 (hex) of the file as it is."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def points(criteria: Mapping[str, object], weights: Weights) -> Weights:
    """Criterion -> what it is worth; without weights each counts the same."""
    return weights or dict.fromkeys(criteria, 1.0)


def expected_score(met: Mapping[str, bool], weights: Weights) -> float:
    """The score that verdicts on all criteria amount to, in [0, 1].

    Points met over the sum of the positive points, clipped (HealthBench, arXiv 2505.08775).
    """
    worth = points(met, weights)
    most = sum(w for w in worth.values() if w > 0)
    got = sum(worth[name] for name, is_met in met.items() if is_met)
    return min(max(got / most, 0.0), 1.0) if most else 0.0


def largest_part(met: Mapping[str, bool], weights: Weights) -> float:
    """How much of a score in [0, 1] one criterion makes at most."""
    worth = [w for w in points(met, weights).values() if w > 0]
    return max(worth) / sum(worth) if worth else 1.0


def _faults(lines: list[CalibrationLine], criteria: Mapping[str, object]) -> Iterator[Finding]:
    """What is wrong among the lines of one row."""
    bases: dict[str, CalibrationLine] = {}
    texts: set[tuple[str, str]] = set()
    for line in lines:
        if lost := [name for name in criteria if name not in line.labels]:
            message = f"{', '.join(lost)} is missing"
            yield line.finding("labels", "labels", message, "add true or false for it")
        if unknown := [name for name in line.labels if name not in criteria]:
            message = f"{', '.join(unknown)} is not a judged criterion of row '{line.item_id}' "
            message += f"(it has {', '.join(criteria)})"
            yield line.finding("labels", "labels", message, "remove it")
        if (line.kind, line.output_text) in texts:
            message = f"the same {line.kind} answer stands above"
            yield line.finding("duplicate-answer", None, message, "remove one of them")
        elif line.kind in bases:  # never "model"
            message = f"row '{line.item_id}' has a {line.kind} answer already "
            message += f"({bases[line.kind].place})"
            remedy = "keep one, so that 'of' says which is meant"
            yield line.finding("duplicate-answer", None, message, remedy)
        texts.add((line.kind, line.output_text))
        if not line.made_from and line.kind != "model":
            bases.setdefault(line.kind, line)
    for line in lines:
        if line.of is None:
            continue
        if (base := bases.get(line.of)) is None:
            message = f"row '{line.item_id}' has no {line.of} answer"
            yield line.finding("base-answer", "of", message, "add it")
        elif base.labels != line.labels:
            message = f"labels differ from those of {base.place}, which it was made from"
            remedy = "what was added must be worth nothing, so make them the same"
            yield line.finding("base-answer", "labels", message, remedy)
        elif line.output_text == base.output_text:
            message = f"output_text is that of {base.place}"
            yield line.finding("base-answer", "output_text", message, "add what makes the kind")
