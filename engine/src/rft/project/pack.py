"""`Project.pack`: copy the evidence in runs/ to evidence/, a small folder for git, and back.

A run keeps its run.json, accepted checks and answers, one compressed line each; a training job its
body, state and events; an examination of the judge its result. Left out is what can be made again:
reports, the rows of a job, the models.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rft import runs
from rft.display import counted
from rft.errors import UserError
from rft.files import write_bytes
from rft.jobs import store
from rft.judging.result import LATEST, RESULT
from rft.project.compare import find_runs
from rft.readiness.accepted import FILE as ACCEPTED
from rft.redaction import redact_keys

if TYPE_CHECKING:
    from rft.project import Project

FOLDER = "evidence"
LARGE = 20_000_000
"""Bytes of evidence/ from which a repository starts to feel it."""
_PATTERNS = (f"*/{runs.INFO}", f"judge/*/{runs.INFO}", f"judge/{LATEST}", f"train/*/{store.INFO}")
"""What makes a folder below runs/ one that is packed."""
_DOCUMENTS = (runs.INFO, ACCEPTED, RESULT, LATEST, store.INFO, store.BODY)
_LOGS = (runs.RECORDS, store.EVENTS)
"""Files of many lines, which are compressed."""

Files = Mapping[str, str]
"""Name -> text of each file of one folder."""


@dataclass(frozen=True)
class PackResult:
    """What was copied. Prints as `rft pack` does."""

    written: list[str]
    """Folders below runs/ that were copied."""
    same: int
    """Folders that were there already."""
    size: int
    """Bytes of evidence/."""
    restored: bool

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The summary, a line each."""
        target = "runs/" if self.restored else f"{FOLDER}/"
        lines = [f"{target}{name}" for name in self.written]
        lines.append(
            f"{len(self.written)} written to {target}, {self.same} there already; "
            f"{FOLDER}/ takes {max(1, self.size // 1000):,} kB"
        )
        if self.size > LARGE:
            lines.append("that is much for git; name the runs to keep: rft pack RUN ...")
        after = "rft ready or rft report RUN" if self.restored else f"git add {FOLDER}"
        return [*lines, f"next: {after}"]


def pack(project: Project, names: tuple[str, ...] = (), *, restore: bool = False) -> PackResult:
    """Copy folders of runs/ to evidence/, or with `restore` the other way; see `Project.pack`.

    A folder that holds an answer, event or decision that its source lacks is never replaced: then
    UserError is raised and nothing is written. The result is the same bytes each time.
    """
    root, here, kept = project.root, project.settings.runs, project.root / FOLDER
    source, target = (kept, here) if restore else (here, kept)
    wanted = {path.name for name in names for path in _named(project, name, source)}
    copies: dict[str, Files] = {}
    same = 0
    for folder in _folders(source):
        name = folder.relative_to(source).as_posix()
        if names and folder.name not in wanted:
            continue
        files, old = _read(folder, root), _read(target / name, root)
        if not files.keys() & {*_LOGS, LATEST, store.BODY}:
            continue  # a run without answers
        lost = _entries(old) - _entries(files)
        if lost:
            raise UserError(
                f"{(target / name).relative_to(root)} holds {counted(len(lost), 'entry')} that "
                f"{(source / name).relative_to(root)} lacks; move one of the two folders away."
            )
        if files == old or (restore and old and _entries(old) == _entries(files)):
            same += 1
        else:
            copies[name] = files
    if not copies and not same:
        raise UserError(
            f"{source.relative_to(root)} holds no run with answers; "
            + ("your colleagues make it with `rft pack`." if restore else "run `rft eval` first.")
        )
    for name, files in copies.items():
        _write(target / name, files, zipped=not restore)
    size = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    return PackResult(list(copies), same, size, restore)


def _named(project: Project, name: str, source: Path) -> list[Path]:
    """The folders that a name means: a folder of the source, or runs of a model."""
    folder = Path(name).name
    if any(path.name == folder for path in _folders(source)):
        return [Path(folder)]
    return [run.folder for run in find_runs(project, name)]


def _folders(root: Path) -> Iterator[Path]:
    """The folders below `root` that are packed, by name."""
    yield from sorted({path.parent for pattern in _PATTERNS for path in root.glob(pattern)})


def _read(folder: Path, root: Path) -> Files:
    """The files of a folder of runs/ or evidence/ as they are packed, without the machine's paths.

    Empty where there is none. Raises UserError where one is damaged.
    """
    files: dict[str, str] = {}
    for name in (*_DOCUMENTS, *_LOGS):
        path, packed = folder / name, folder / f"{name}.gz"
        try:
            if name == runs.RECORDS and path.exists():
                records = runs.load(folder).stream()
                lines = (record.model_dump_json(exclude_defaults=True) for record in records)
                files[name] = "".join(f"{line}\n" for line in lines)
            elif path.exists():
                files[name] = path.read_text(encoding="utf-8")
            elif packed.exists():
                files[name] = gzip.decompress(packed.read_bytes()).decode()
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{path} cannot be read: {error}; restore or remove it.") from None
    return {name: _portable(text, root) for name, text in files.items() if text}


def _portable(text: str, root: Path) -> str:
    """The text without keys and without the paths of this machine."""
    text = redact_keys(text)
    for path, short in ((root.resolve(), "."), (Path.home(), "~")):
        if len(path.parts) > 2:
            for spelling in (str(path), path.as_posix(), json.dumps(str(path))[1:-1]):
                text = text.replace(spelling, short)
    return text


def _entries(files: Files) -> set[str]:
    """What must not get lost: graded answers, events, and decisions of people."""
    entries = set(files.get(store.EVENTS, "").split("\n"))
    for line in filter(None, files.get(runs.RECORDS, "").split("\n")):
        if (json.loads(line).get("grade") or {}).get("reward") is not None:
            entries.add(line)
    decisions = json.loads(files.get(ACCEPTED, "[]"))
    return (entries | {json.dumps(one) for one in decisions}) - {""}


def _write(folder: Path, files: Files, *, zipped: bool) -> None:
    """Write the files, logs compressed where `zipped`. Raises OutsideError as `write_bytes`."""
    for name, text in files.items():
        if zipped and name in _LOGS:
            write_bytes(folder / f"{name}.gz", gzip.compress(text.encode(), 9, mtime=0))
        else:
            write_bytes(folder / name, text.encode())
    info = json.loads(files.get(runs.INFO, "{}"))
    if not zipped and runs.RECORDS in files and (created := info.get("created")):
        # The run that was last asked for is the newest of these files.
        when = datetime.fromisoformat(created).timestamp()
        os.utime(folder / runs.RECORDS, (when, when))
