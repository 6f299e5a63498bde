"""Which runs are compared: by folder or model, and only if nothing but the answers differs."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft import runs
from rft.comparison import HUMAN, Side, differences, other_sampling
from rft.config import Settings
from rft.errors import UserError
from rft.project.loader import load_rows, load_task
from rft.records import Record
from rft.runs import Run


@dataclass(frozen=True)
class Sides:
    """Runs that may be compared, with the rows they answered."""

    sides: list[Side]
    rows: dict[str, dict[str, Any]]
    """By id, each with its "slices"; empty when the data have changed since."""
    notes: list[str]
    """What a reader must know before believing the comparison."""


def open_sides(
    settings: Settings,
    names: Sequence[str],
    *,
    split: str = "",
    common: bool = False,
    any_prompt: bool = False,
) -> Sides:
    """Find and read the runs.

    A name is a folder below runs/, or a model: then its newest run that fits the others is taken.
    Raises UserError when there is none, and when data, grader or prompt differ, naming which.
    `common` allows runs of different rows of the data as they are now; `any_prompt` other prompts.
    """
    ignored = {"data"} if common else set()
    ignored |= {"prompt"} if any_prompt else set()
    chosen = _choose([_candidates(settings, name, split) for name in names], ignored)
    if len({run.folder for run in chosen}) < len(chosen):
        raise UserError(
            "The same run is named twice; name another model, or each run by its folder in runs/."
        )
    for other in chosen[1:]:
        _refuse(chosen[0], other, ignored)
    rows, current = _rows(settings, chosen)
    if not current and len({run.info.hashes.get("data") for run in chosen}) > 1:
        raise UserError(
            f"{chosen[0].info.split}.jsonl has changed since one of the runs was made, so that "
            "nobody can tell whether their common rows are the same; run rft eval again."
        )
    notes = [] if current else [f"{chosen[0].info.split}.jsonl has changed since: no slices"]
    sides = []
    models = [run.info.model for run in chosen]
    held = [run.info.item_ids for run in chosen]
    for label, name, run in zip(string.ascii_uppercase, names, chosen, strict=False):
        if name == run.folder.name and models.count(run.info.model) == 1:
            name = run.info.model
        records = [r for r in run.records() if r.reward is not None]
        sides.append(Side(label, name, run, records, _train(settings, run)))
        if missing := run.info.planned - len(records):
            notes.append(f"{label}: {missing:,} of {run.info.planned:,} answers are missing")
        for told in other_sampling(chosen[0].info, run.info):
            notes.append(f"A, then {label}: {told}")
        if run.info.model == HUMAN and len(run.info.item_ids) < max(map(len, held)):
            notes.append(f"{label}: people answered {len(run.info.item_ids):,} of the rows")
        if differences(chosen[0].info, run.info).get("prompt"):
            notes.append(f"A and {label} had different prompts")
    return Sides(sides, rows, notes)


def _candidates(settings: Settings, name: str, split: str) -> list[Run]:
    """The runs a name can mean, the newest first. Raises UserError when there is none."""
    root = settings.runs
    folder = root / Path(name).name
    if (folder / runs.INFO).exists():
        return [runs.load(folder)]
    model = settings.model_id(name)
    found = [
        run
        for run in runs.all_runs(root)
        if run.info.model == model
        and split in ("", run.info.split)
        and (run.folder / runs.RECORDS).exists()
    ]
    if not found:
        where = f" on {split}" if split else ""
        raise UserError(
            f"No run of '{name}'{where} is in runs/, and no folder has that name; make one with "
            f"rft eval --model {name}."
        )
    return sorted(found, key=lambda run: -(run.folder / runs.RECORDS).stat().st_mtime)


def _choose(candidates: Sequence[Sequence[Run]], ignored: set[str]) -> list[Run]:
    """The newest runs that fit together; if none do, the newest of each."""
    for first in candidates[0]:
        others = [next((r for r in c if _fits(first, r, ignored)), None) for c in candidates[1:]]
        if None not in others:
            return [first, *(run for run in others if run)]
    return [found[0] for found in candidates]


def _fits(first: Run, other: Run, ignored: set[str]) -> bool:
    return not differences(first.info, other.info).keys() - ignored


def _refuse(first: Run, other: Run, ignored: set[str]) -> None:
    found = {k: v for k, v in differences(first.info, other.info).items() if k not in ignored}
    if not found:
        return
    remedy = {
        "split": "name runs of one split",
        "data": "run rft eval on the same rows, or compare the rows both hold with --common",
        "grader": "run rft eval again with the present grader",
        "prompt": "run rft eval again with the present prompt, or allow it with --any-prompt",
    }
    told = "; ".join(f"{name}: {what}" for name, what in found.items())
    raise UserError(
        f"{first.folder.name} and {other.folder.name} cannot be compared: {told}. To mend it: "
        f"{remedy[next(iter(found))]}."
    )


def _train(settings: Settings, run: Run) -> list[Record]:
    """What the same model answered to the training rows, by its newest such run."""
    found = [
        r
        for r in runs.all_runs(settings.runs)
        if r.info.split == "train" != run.info.split
        and r.info.model == run.info.model != HUMAN
        and r.info.hashes.get("grader") == run.info.hashes.get("grader")
    ]
    return [r for r in found[-1].records() if r.reward is not None] if found else []


def _rows(settings: Settings, chosen: Sequence[Run]) -> tuple[dict[str, dict[str, Any]], bool]:
    """The rows of all runs by id, and whether they are still those the runs were made with."""
    task = load_task(settings)
    split, _ = load_rows(settings, task, chosen[0].info.split)
    by_id = {row.id: row for row in split.rows}
    for run in chosen:
        data = [by_id[i].data for i in run.info.item_ids if i in by_id]
        if runs.digest(data) != run.info.hashes.get("data"):
            return {}, False
    slices = task.slices or (lambda item: {})
    ids = dict.fromkeys(i for run in chosen for i in run.info.item_ids)
    return {i: by_id[i].data | {"slices": slices(by_id[i].item)} for i in ids}, True
