"""Builds task/data/*.jsonl from the encounters written in task/encounters/*.txt.

    python -m task.build_data

Needs simple-icd-10-cm (checks that every code is billable, and finds the candidates). The same
input gives the same bytes. How an encounter is written down: task/encounters/README.md.

The candidates are what the search finds for the note. In training rows, gold, optional and
hand-picked near misses are put among them where the search missed them, so that the right answer
can be had and does not stand out; in validation and test rows nothing is put there by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from task.schema import Item, check_item, messages
from task.shortlist import Index, load_index, near_misses, shortlist

TASK = Path(__file__).parent
SPLITS = ("train", "validation", "test")
RELEASE = "FY2026-April"
PROVENANCE = "written for this template; coded by its authors from the Tabular List notes"


def main() -> int:
    """Build all splits; the number of faults found (0: all files are written)."""
    index = load_index()
    faults: list[str] = []
    built = {}
    for split in SPLITS:
        path = TASK / "encounters" / f"{split}.txt"
        rows, found = build(path, index, complete=split == "train")
        faults += [f"{path.name}: {fault}" for fault in found]
        built[split] = rows
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        (TASK / "data").mkdir(exist_ok=True)
        for split, rows in built.items():
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (TASK / "data" / f"{split}.jsonl").write_text(text, encoding="utf-8")
            print(f"{split}: {len(rows)} rows")
    return len(faults)


def build(path: Path, index: Index, *, complete: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of one file of encounters, and the faults found in it (a faulty row is left out).

    `complete`: gold and near misses are always among the candidates.
    """
    rows, faults = [], []
    for entry in parse(path.read_text(encoding="utf-8")):
        seen = [*(e["code"] for e in entry["evidence"]), *entry["optional"], *entry["near"]]
        bad = [f"{entry['id']}: '{c}' is not billable." for c in seen if not index.is_billable(c)]
        bad += [
            f"{entry['id']}: never: '{c}' is not in the code set."
            for c in entry["must_not_code"]
            if c not in index.place
        ]
        if not bad:
            row, bad = _row(entry, index, complete)
        if bad:
            faults += bad
        else:
            rows.append(row)
    return rows, faults


def _row(entry: dict[str, Any], index: Index, complete: bool) -> tuple[dict[str, Any], list[str]]:
    gold = [e["code"] for e in entry["evidence"]]
    by_hand = [*gold, *entry["optional"], *entry.pop("near")]
    item = Item.model_validate(
        {
            **entry,
            "release": RELEASE,
            "candidates": shortlist(index, entry["note"], must=by_hand if complete else ()),
            "reference_answer": {"codes": gold},
            "near_misses": near_misses(index, gold),
            "provenance": PROVENANCE,
        }
    )
    item.messages = messages(item)
    return item.model_dump(mode="json"), [f"{item.id}: {p}" for p in check_item(item)]


def parse(text: str) -> list[dict[str, Any]]:
    """The entries of an encounter file, as written (no code is checked here).

    Raises ValueError with the line number for a line that cannot be read.
    """
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            _line(entries, line)
        except (ValueError, IndexError) as error:
            raise ValueError(f"line {number}: cannot read '{line[:60]}' ({error})") from None
    for entry in entries:
        entry["note"] = "\n".join(entry["note"]).strip()
    return entries


def _line(entries: list[dict[str, Any]], line: str) -> None:
    if line.startswith("== "):
        item_id, setting, day = (part.strip() for part in line[3:].split("|"))
        lists = ("note", "evidence", "optional", "must_not_code", "near", "traps")
        empty: dict[str, Any] = {name: [] for name in lists}
        entries.append({"id": item_id, "setting": setting, "encounter_date": day, **empty})
        return
    word, _, rest = line.partition(": ")
    if word == "code":
        code, span, why = (part.strip() for part in rest.split(" | "))
        entries[-1]["evidence"].append({"code": code, "span": span, "why": why})
    elif word in ("optional", "never", "near", "traps"):
        field = "must_not_code" if word == "never" else word
        entries[-1][field] += rest.split()
    elif entries:
        entries[-1]["note"].append(line)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
