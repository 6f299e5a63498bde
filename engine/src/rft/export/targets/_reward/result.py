"""What grading gives."""

from __future__ import annotations

from dataclasses import dataclass


class NoScoreError(Exception):
    """Grading failed for a reason that says nothing about the answer: never count this as 0."""


@dataclass(frozen=True)
class Score:
    """The reward in [0, 1], its parts by name, and what went wrong in grading, a sentence each."""

    reward: float
    parts: dict[str, float]
    errors: list[str]
