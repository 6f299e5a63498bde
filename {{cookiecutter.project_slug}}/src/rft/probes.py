"""Probes: answers whose score is known. They keep the grader honest."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from rft.config import Share
from rft.jsonl import load_lines


class Probe(BaseModel):
    """One line of probes.jsonl: on row `item_id`, `output_text` must score min to max."""

    model_config = ConfigDict(extra="forbid")

    name: str
    item_id: str
    output_text: str
    min: Share
    max: Share
    why: str
    place: str = Field(default="", exclude=True)
    """File and line, for messages."""


def load_probes(path: Path, item_ids: set[str]) -> tuple[list[Probe], list[str]]:
    """The usable probes of a file, and one sentence for each line that is not usable."""
    lines, faults = load_lines(path, Probe, item_ids)
    return [probe.model_copy(update={"place": place}) for place, probe in lines], faults
