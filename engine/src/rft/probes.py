"""Probes: answers whose score is known. They keep the grader honest."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rft.findings import Finding
from rft.jsonl import Line, read_lines
from rft.thresholds import Share


class Probe(Line):
    """One line of probes.jsonl: on row `item_id`, `output_text` must score min to max."""

    name: str
    output_text: str
    min: Share
    max: Share
    why: str

    def allows(self, reward: float | None) -> bool:
        """Whether a reward lies within the limits."""
        return reward is not None and self.min - 1e-9 <= reward <= self.max + 1e-9


def load_probes(path: Path, item_ids: Collection[str]) -> tuple[list[Probe], list[Finding]]:
    """The usable probes of a file, and the findings of the others; none of either without it."""
    return read_lines(path, Probe, item_ids) if path.exists() else ([], [])
