"""`Project.pack`: copy the evidence in runs/ to evidence/, a small folder for git, and back.

A run keeps its run.json, accepted checks and answers, one compressed line each; a training job its
body, state and events; an examination of the judge its result. Left out is what can be made again:
reports, the rows of a job, the models.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rft import runs
from rft.display import counted
from rft.errors import UserError
from rft.files import replacing
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
_CHUNK = 1_000
"""Lines that are worked on at once: memory does not grow with the answers of a run."""


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
    copies: list[str] = []
    same = 0
    for folder in _folders(source):
        name = folder.relative_to(source).as_posix()
        if names and folder.name not in wanted:
            continue
        if not any(next(_text(folder / file, root), "") for file in (*_LOGS, LATEST, store.BODY)):
            continue  # a run without answers
        if (target / name).is_dir():
            new, old = _contents(folder, root), _contents(target / name, root)
            if lost := len(old.entries - new.entries):
                raise UserError(
                    f"{(target / name).relative_to(root)} holds {counted(lost, 'entry')} that "
                    f"{(source / name).relative_to(root)} lacks; move one of the two folders away."
                )
            if new == old or (restore and old.digests and old.entries == new.entries):
                same += 1
                continue
        copies.append(name)
    if not copies and not same:
        raise UserError(
            f"{source.relative_to(root)} holds no run with answers; "
            + ("your colleagues make it with `rft pack`." if restore else "run `rft eval` first.")
        )
    for name in copies:
        _copy(source / name, target / name, root, zipped=not restore)
    size = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    return PackResult(copies, same, size, restore)


def _named(project: Project, name: str, source: Path) -> list[Path]:
    """The folders that a name means: a folder of the source, or runs of a model."""
    folder = Path(name).name
    if any(path.name == folder for path in _folders(source)):
        return [Path(folder)]
    return [run.folder for run in find_runs(project, name)]


def _folders(root: Path) -> Iterator[Path]:
    """The folders below `root` that are packed, by name."""
    yield from sorted({path.parent for pattern in _PATTERNS for path in root.glob(pattern)})


@dataclass(frozen=True)
class _Contents:
    """What the files of a folder hold, as digests."""

    digests: dict[str, bytes] = field(default_factory=dict)
    """Of each file's text, by name."""
    entries: set[bytes] = field(default_factory=set)
    """Of what must not get lost: graded answers, events, and decisions of people."""


def _contents(folder: Path, root: Path) -> _Contents:
    """What a folder holds; nothing where it has no file. Raises UserError where one is damaged."""
    contents = _Contents()
    for name in (*_DOCUMENTS, *_LOGS):
        whole = hashlib.sha256()
        for text in _text(folder / name, root):
            whole.update(text.encode())
            contents.digests[name] = whole.digest()
            try:
                entries = list(_entries(name, text))
            except ValueError:
                where = f"{folder / name} holds text that is not JSON"
                raise UserError(f"{where}; restore or remove it.") from None
            contents.entries.update(
                hashlib.blake2b(entry.encode(), digest_size=16).digest() for entry in entries
            )
    return contents


def _entries(name: str, text: str) -> Iterator[str]:
    """What of a file must not get lost, from some of its lines or, of a document, all."""
    if name == ACCEPTED:
        yield from (json.dumps(decision) for decision in json.loads(text))
    elif name in _LOGS:
        for line in filter(None, text.split("\n")):
            data = None if name == store.EVENTS else json.loads(line)
            grade = data.get("grade") if isinstance(data, dict) else None
            if name == store.EVENTS or (grade and grade.get("reward") is not None):
                yield line


def _text(path: Path, root: Path) -> Iterator[str]:
    """The text of a file of runs/ or evidence/ as it is packed, in parts of whole lines.

    Keys and this machine's paths are left out. Nothing where there is no such file or it is empty.
    Raises UserError where it is damaged.
    """
    lines: list[str] = []
    try:
        for line in _lines(path):
            lines.append(line)
            if len(lines) == _CHUNK and path.name in _LOGS:
                yield _portable("".join(lines), root)
                lines = []
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {error}; restore or remove it.") from None
    if lines:
        yield _portable("".join(lines), root)


def _lines(path: Path) -> Iterator[str]:
    packed = path.with_name(f"{path.name}.gz")
    if path.name == runs.RECORDS and path.exists():
        for record in runs.load(path.parent).stream():
            yield f"{record.model_dump_json(exclude_defaults=True)}\n"
    elif path.exists():
        with path.open(encoding="utf-8") as file:
            yield from file
    elif packed.exists():
        with gzip.open(packed, "rt", encoding="utf-8", newline="\n") as lines:
            yield from lines


def _portable(text: str, root: Path) -> str:
    """The text without keys and without the paths of this machine."""
    text = redact_keys(text)
    for path, short in ((root.resolve(), "."), (Path.home(), "~")):
        if len(path.parts) > 2:
            for spelling in (str(path), path.as_posix(), json.dumps(str(path))[1:-1]):
                text = text.replace(spelling, short)
    return text


def _copy(source: Path, target: Path, root: Path, *, zipped: bool) -> None:
    """Copy the files, logs compressed where `zipped`. Raises OutsideError as `replacing`."""
    for name in (*_DOCUMENTS, *_LOGS):
        parts = _text(source / name, root)
        if (first := next(parts, None)) is None:
            continue
        compress = zipped and name in _LOGS
        with (
            replacing(target / (f"{name}.gz" if compress else name)) as file,
            gzip.GzipFile("", "wb", 9, file, mtime=0) if compress else nullcontext(file) as output,
        ):
            for text in chain([first], parts):
                output.write(text.encode())
    records = target / runs.RECORDS
    if not zipped and records.exists() and (created := runs.load(target).info.created):
        # The run that was last asked for is the newest of these files.
        when = datetime.fromisoformat(created).timestamp()
        os.utime(records, (when, when))
