"""`Project.compare`: find runs by folder or model, and compare them if only the answers differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft import runs
from rft.comparison import (
    HUMAN,
    ComparedRun,
    Comparison,
    compare_runs,
    differences,
    label,
    other_sampling,
)
from rft.errors import RftError, UserError
from rft.records import Record
from rft.runs import Run

if TYPE_CHECKING:
    from rft.project import Project

REMEDIES = {
    "split": "name runs of one split",
    "data": "run rft eval on the same rows, or compare the rows both hold with --common",
    "grader": "run rft eval again with the present grader",
    "prompt": "run rft eval again with the present prompt, or allow it with --any-prompt",
}


def compare(
    project: Project,
    names: Sequence[str],
    *,
    split: str = "",
    common: bool = False,
    any_prompt: bool = False,
) -> Comparison:
    """Compare the named runs; see `Project.compare`."""
    candidates = [NamedRuns(name, find_runs(project, name, split)) for name in names]
    return compare_newest(project, candidates, common=common, any_prompt=any_prompt)


@dataclass(frozen=True)
class NamedRuns:
    """The runs that a name can mean, the newest first."""

    name: str
    runs: list[Run]


def compare_newest(
    project: Project,
    candidates: Sequence[NamedRuns],
    *,
    common: bool = False,
    any_prompt: bool = False,
) -> Comparison:
    """Compare the newest runs of each name that fit together; the options of `Project.compare`.

    Raises UserError when fewer than two different runs are named, or when they cannot be compared.
    """
    if len(candidates) < 2:
        raise UserError("Name two runs or more: rft compare base tuned.")
    ignored = ({"data"} if common else set()) | ({"prompt"} if any_prompt else set())
    chosen = _choose(candidates, ignored)
    if len({run.folder for run in chosen}) < len(chosen):
        raise UserError(
            "The same run is named twice; name another model, or each run by its folder in runs/."
        )
    first = chosen[0]
    for other in chosen[1:]:
        if obstacles := _obstacles(first, other, ignored):
            raise UserError(
                f"{first.folder.name} and {other.folder.name} cannot be compared: "
                f"{_in_words(obstacles)}. To fix it: {REMEDIES[next(iter(obstacles))]}."
            )
    notes = _newer_runs(candidates, chosen, ignored)
    rows = _rows(project, chosen)
    if not rows:
        if len({run.info.hashes.get("data") for run in chosen}) > 1:
            raise UserError(
                f"{first.info.split}.jsonl has changed since one of the runs was made, so their "
                "common rows may not be the same; run rft eval again."
            )
        notes.append(f"{first.info.split}.jsonl has changed since: no slices")
    with suppress(RftError):  # runs can be compared though the grader is broken now
        if first.info.hashes.get("grader") != project.grader_hash:
            notes.append("the grader has changed since: all rewards are of the earlier one")
    stored = list(runs.all_runs(project.settings.runs))
    models = [run.info.model for run in chosen]
    compared = []
    for number, (named, run) in enumerate(zip(candidates, chosen, strict=True)):
        model, name = run.info.model, named.name
        if Path(name).name == run.folder.name:  # a path, as a shell completes it, is one too
            name = model if models.count(model) == 1 else run.folder.name
        train = _graded(_of_training_rows(stored, run))
        compared.append(ComparedRun(label(number), name, run, _graded([run]), train))
    for one in compared:
        notes += _run_notes(one, chosen)
    return compare_runs(compared, rows, notes)


def _graded(some: Sequence[Run]) -> list[Record]:
    return [record for run in some for record in run.stream() if record.reward is not None]


def find_runs(project: Project, name: str, split: str = "") -> list[Run]:
    """The runs that a name can mean, the newest first: a folder below runs/, or a model.

    Raises UserError when there is none.
    """
    root = project.settings.runs
    folder = root / Path(name).name
    if (folder / runs.INFO).exists():
        return [runs.load(folder)]
    model = project.settings.model_id(name)
    matches = [
        run
        for run in runs.all_runs(root)
        if run.info.model == model
        and split in ("", run.info.split)
        and (run.folder / runs.RECORDS).exists()
    ]
    if not matches:
        where = f" on {split}" if split else ""
        raise UserError(
            f"No run of '{name}'{where} is in runs/, and no folder has that name; make one with "
            f"rft eval --model {name}."
        )
    return sorted(matches, key=lambda run: -(run.folder / runs.RECORDS).stat().st_mtime)


def _choose(candidates: Sequence[NamedRuns], ignored: Collection[str]) -> list[Run]:
    """The newest runs that fit together; if none do, the newest of each."""
    for first in candidates[0].runs:
        others = [
            next((run for run in named.runs if not _obstacles(first, run, ignored)), None)
            for named in candidates[1:]
        ]
        if None not in others:
            return [first, *(run for run in others if run)]
    return [named.runs[0] for named in candidates]


def _obstacles(a: Run, b: Run, ignored: Collection[str]) -> dict[str, str]:
    """Why two runs cannot be compared, less what may differ."""
    return {k: v for k, v in differences(a.info, b.info).items() if k not in ignored}


def _in_words(obstacles: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {what}" for name, what in obstacles.items())


def _newer_runs(
    candidates: Sequence[NamedRuns], chosen: Sequence[Run], ignored: Collection[str]
) -> list[str]:
    """A note for each name whose newest run does not fit the others, saying why.

    Raises UserError when it was graded by another grader: the chosen runs are then out of date.
    """
    notes = []
    for number, named in enumerate(candidates):
        newest = named.runs[0]
        misfits = [
            (other, obstacles)
            for other, run in enumerate(chosen)
            if other != number and (obstacles := _obstacles(newest, run, ignored))
        ]
        if newest.folder == chosen[number].folder or not misfits or "split" in misfits[0][1]:
            continue
        other, obstacles = misfits[0]
        if "grader" in obstacles:
            raise UserError(
                f"{newest.folder.name}, the newest run of '{named.name}', was graded by another "
                f"grader than {chosen[other].folder.name}; run rft eval --model "
                f"{candidates[other].name} again, or name older runs by their folders."
            )
        notes.append(
            f"{label(number)}: the newer run {newest.folder.name} does not fit {label(other)} "
            f"({_in_words(obstacles)})"
        )
    return notes


def _run_notes(compared: ComparedRun, chosen: Sequence[Run]) -> list[str]:
    """What a reader must know about one of the runs."""
    name, info, first = compared.label, compared.run.info, chosen[0].info
    notes = []
    if missing := info.planned - len(compared.records):
        notes.append(f"{name}: {missing:,} of {info.planned:,} answers are missing")
    notes += [f"A, then {name}: {setting}" for setting in other_sampling(first, info)]
    most = max(len(run.info.item_ids) for run in chosen)
    if compared.human and len(info.item_ids) < most:
        notes.append(f"{name}: people answered {len(info.item_ids):,} of the rows")
    if differences(first, info).get("prompt"):
        notes.append(f"A and {name} had different prompts")
    return notes


def _of_training_rows(stored: Sequence[Run], run: Run) -> list[Run]:
    """The newest run of the same model and grader on the training rows, if there is one."""
    matches = [
        other
        for other in stored
        if other.info.split == "train" != run.info.split
        and other.info.model == run.info.model != HUMAN
        and other.info.hashes.get("grader") == run.info.hashes.get("grader")
    ]
    return matches[-1:]


def _rows(project: Project, chosen: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """The rows of all runs by id; none if they are no longer those the runs were made with."""
    split, _ = project.split(chosen[0].info.split)
    by_id = {row.id: row for row in split.rows}
    for run in chosen:
        data = [by_id[i].data for i in run.info.item_ids if i in by_id]
        if runs.digest(data) != run.info.hashes.get("data"):
            return {}
    slices = project.task.slices or (lambda item: {})
    ids = dict.fromkeys(i for run in chosen for i in run.info.item_ids)
    return {i: by_id[i].data | {"slices": slices(by_id[i].item)} for i in ids}
