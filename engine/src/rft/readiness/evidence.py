"""What is known of grader and rows, for the checks. What was not checked is None or empty."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from rft.dataset import Finding
from rft.errors import UserError

Rewards = Mapping[str, float]
"""Item id -> reward of one written answer."""


class Examination(BaseModel):
    """runs/judge/latest.json, as `rft judge` leaves it. Other fields are not read here."""

    grader: str
    """Hash of the grader that was examined, with its judge."""
    verdict: str
    """GO, NOT YET or NO-GO."""
    repeat_variance: float | None = None
    """Variance of the judge's score when it judges the same answer again, squared reward units."""


@dataclass(frozen=True)
class FailedProbe:
    """A probe that does not score what it must."""

    name: str
    place: str
    reward: float | None


@dataclass(frozen=True)
class GraderEvidence:
    """What is known of grader and rows beside a run's answers; its parts may be missing."""

    grader: str = ""
    """Hash of the grader, with its judge."""
    asks_model: bool = False
    """Whether part of the reward is a model's judgement."""
    has_judge: bool = True
    """Whether rft.toml names that model; without one the reward is over the other parts."""
    gold: Rewards = field(default_factory=dict)
    """Item id -> reward of its reference answer, of all rows or of a choice."""
    junk: Mapping[str, Rewards] = field(default_factory=dict)
    """Answers that deserve nothing on any row, by name."""
    guesses: Mapping[str, Rewards] = field(default_factory=dict)
    """Right answers of other rows, by name: what guessing earns on the rows of the run."""
    probes: int | None = None
    failed_probes: Sequence[FailedProbe] = ()
    regraded: Sequence[Sequence[float | None]] | None = None
    """Rewards of the same answer, graded several times."""
    examination: Examination | None = None
    human: Mapping[str, Rewards] | None = None
    """Of each coder's answers."""
    findings: Sequence[Finding] | None = None
    """Of overlap between and skew within the splits."""
    held_out: int = 0
    """Rows of the validation and test splits."""
    train_rows: int = 0
    test_rows: int = 0
    label_share: tuple[str, float] | None = None
    """The most common label or reference answer, and the share of rows that have it."""
    golds: Mapping[str, str] = field(default_factory=dict)
    """Item id -> canonical JSON of its reference answer."""


def read_examination(folder: Path) -> Examination | None:
    """What the last examination of the judge found, or None when there was none."""
    path = folder / "latest.json"
    try:
        return Examination.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        return None
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is damaged ({type(error).__name__}); run rft judge again."
        ) from None
