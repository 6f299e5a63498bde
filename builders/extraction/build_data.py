"""Make the rows of task/data and task/starter.

The rows of task/data come from the encounters in encounters/*.txt (format: encounters/README.md),
read by the project's own importer, which looks up every code and finds the candidates. The
same input gives the same bytes.

The candidates are what the search finds for the note. In training rows, reference codes, optional
codes and hand-picked near misses that the search missed are added, so that the right answer is
possible and does not stand out; nothing is added by hand to validation and test rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import starter

from rft.task import Problem
from task import importer
from task.schema import Item, messages

ENCOUNTERS = Path(__file__).parent / "encounters"
SPLITS = ("train", "validation", "test")
PROVENANCE = "written for this template; coded by its authors from the Tabular List notes"


def build(task: Path) -> None:
    """Write data/*.jsonl and starter/*.jsonl into the folder `task`.

    Raises ValueError, with file and line of every fault, when an encounter is faulty.
    """
    for split in SPLITS:
        options = {"add_gold": "yes" if split == "train" else "no"}
        _write(task / "data" / f"{split}.jsonl", rows(ENCOUNTERS / f"{split}.txt", options))
    by_split = {split: starter.rows(split) for split in SPLITS}
    for split, starter_rows in by_split.items():
        _write(task / "starter" / f"{split}.jsonl", starter_rows)
    _write(task / "starter" / "probes.jsonl", starter.probes(by_split["test"]))


def rows(encounters: Path, options: dict[str, str]) -> list[dict[str, Any]]:
    """Return the rows of one file of encounters, prompts included; raises ValueError as `build`."""
    imported = list(importer.load([encounters], options))
    faults = [p for p in imported if isinstance(p, Problem)]
    if faults:
        raise ValueError("\n".join(f"{p.file}:{p.line}: {p.message}" for p in faults))
    items = [Item.model_validate(row) for row in imported]
    for item in items:
        item.provenance = PROVENANCE
        item.messages = messages(item)
    return [item.model_dump(mode="json") for item in items]


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8", newline="\n")
