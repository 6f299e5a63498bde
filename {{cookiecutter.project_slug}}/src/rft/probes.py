"""Probes: answers whose score is known. They keep the grader honest."""

from __future__ import annotations

from pathlib import Path

from rft.config import Share
from rft.lines import Line, read_lines


class Probe(Line):
    """One line of probes.jsonl: on row `item_id`, `output_text` must score min to max."""

    name: str
    item_id: str
    output_text: str
    min: Share
    max: Share
    why: str


def load_probes(path: Path, item_ids: set[str]) -> tuple[list[Probe], list[str]]:
    """The usable probes of a file, and one sentence for each line that is not usable."""
    read, faults = read_lines(path, Probe)
    unknown = [p for p in read if p.item_id not in item_ids]
    faults += [f"{p.place}: item_id '{p.item_id}' is in no split; name a row." for p in unknown]
    return [p for p in read if p.item_id in item_ids], faults
