"""The run store: one folder a run, append-only, crash-safe, resumable.

`run.json` says what was asked of which model with which data, grader and prompt; `records.jsonl`
holds each answer's sample and grade, flushed as they are made (see rft.record_file). A killed run
goes on where it stopped: the run's identity is the hash of everything that could change an answer
or its score, so other data, another grader or model always make another run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rft.errors import StoppedError, UserError
from rft.files import not_writable, write_text
from rft.garbage import no_garbage_collection
from rft.record_file import RecordFile
from rft.records import Record

if TYPE_CHECKING:
    import pandas

STAMP_CHARS = len("20261130-153000")
RECORDS, INFO = "records.jsonl", "run.json"


class RunInfo(BaseModel):
    """What run.json says. Holds no key and no secret."""

    model_config = ConfigDict(extra="forbid")

    split: str
    model: str
    profile: str
    base_url: str
    """Without user name, password and query."""
    item_ids: list[str]
    samples_per_item: int
    sampling: dict[str, Any]
    """What shapes an answer: temperature, max_tokens, seed, response_format."""
    hashes: dict[str, str]
    """sha256 of "data" (the rows used), "grader" (its JSON) and "prompt" (messages and format); of
    a run of people also "answers"."""
    versions: dict[str, str]
    created: str = ""
    redrawn: int = 0
    """How many runs with the same settings were there before; added to the seed of the answers."""
    prompt_variant: str | None = None
    """The way of asking, where the schema has several."""
    coders: list[str] = Field(default_factory=list)
    """Of a run of people: who gave the answers k = 0, 1, ..."""
    refused_fields: list[str] = Field(default_factory=list)
    """Fields, formats and roles of a request that the endpoint refused: see rft.dialect."""
    absent: list[tuple[str, int]] = Field(default_factory=list)
    """(item_id, k) that nobody was to answer: a coder may have labelled only some rows."""

    @property
    def identity(self) -> str:
        """sha256 over all that makes two runs the same run."""
        # Without defaults, so that a field added later leaves older runs what they were.
        apart = {"created", "versions", "base_url", "refused_fields", "redrawn"}
        return digest(self.model_dump(exclude=apart, exclude_defaults=True))

    @property
    def planned(self) -> int:
        """Answers in a complete run."""
        return len(self.item_ids) * self.samples_per_item - len(self.absent)


class Run:
    """A run's folder. `append` is the only way to write."""

    def __init__(self, folder: Path, info: RunInfo) -> None:
        self.folder = folder
        self.info = info
        self.notes: list[str] = []
        """What was repaired when the run was opened for writing, a sentence each."""
        self._lock = FileLock(folder / ".lock")
        self._file = RecordFile(folder / RECORDS, info.item_ids)

    def stream(self) -> Iterator[Record]:
        """The record of each answer, in the order of the items, then of k, read one by one.

        Raises UserError, naming the line, where the file is damaged.
        """
        self._file.refresh()
        return self._file.stream()

    def records(self) -> list[Record]:
        """What `stream` gives, as a list: about 3 kB of memory for each answer."""
        with no_garbage_collection():
            return list(self.stream())

    def missing(self) -> list[tuple[str, int]]:
        """(item_id, k) of every planned answer that has no reward yet."""
        self._file.refresh()
        absent = set(self.info.absent)
        plan = [(i, k) for i in self.info.item_ids for k in range(self.info.samples_per_item)]
        return [key for key in plan if not self._file.has_reward(key) and key not in absent]

    def sample_count(self) -> int:
        """How many answers were received, graded or not."""
        self._file.refresh()
        return self._file.sample_count()

    def has_reward(self, item_id: str, k: int) -> bool:
        """Whether an answer is scored."""
        return self._file.has_reward((item_id, k))

    def has_sample(self, item_id: str, k: int) -> bool:
        """Whether an answer was received, graded or not."""
        return self._file.has_sample((item_id, k))

    def read(self, item_id: str, k: int) -> Record:
        """The record of one answer. Raises KeyError when nothing is stored of it."""
        return self._file.read((item_id, k))

    def append(self, record: Record, *, sample_stored: bool = False) -> None:
        """Write one line and hand it to the operating system.

        A sample is stored before it is graded: append the record without a grade, then, graded,
        with `sample_stored`, which writes the rest alone; readers put both together.
        Raises OutsideError when the disk refuses; what was written before stays valid.
        """
        self._file.append(record, sample_stored=sample_stored)

    def learn(self, refused_fields: list[str]) -> None:
        """Keep which request fields the endpoint refuses, so that a resumed run spares them."""
        if refused_fields != self.info.refused_fields:
            self.info = self.info.model_copy(update={"refused_fields": refused_fields})
            write_text(self.folder / INFO, self.info.model_dump_json(indent=2) + "\n")

    def touch(self) -> None:
        """Make this the run that `latest` gives, even if the clock was set back."""
        path = self.folder / RECORDS
        path.touch()
        newest = max(p.stat().st_mtime_ns for p in self.folder.parent.glob(f"*/{RECORDS}"))
        os.utime(path, ns=(newest + 1_000_000, newest + 1_000_000))

    def lock(self) -> None:
        """Keep other processes from writing to this run.

        Cuts off the torn last line that a crash may have left, which `notes` then says. Raises
        UserError if taken.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"{self.folder} is being written by another rft eval; wait for it or stop it."
            ) from None
        except OSError as error:
            raise not_writable(self.folder, error) from None
        try:
            torn = self._file.open()
        except BaseException:
            self.unlock()
            raise
        if torn:
            self.notes.append(
                f"the last line of {RECORDS} was incomplete, because the run was killed while it "
                "was written; it was removed, and what it held is made again"
            )

    def unlock(self) -> None:
        """Let others write again."""
        self._file.close()
        if (self.folder / RECORDS).exists():
            with suppress(OSError):
                self.touch()
        self._lock.release()
        (self.folder / ".lock").unlink(missing_ok=True)

    @contextmanager
    def writing(self, root: Path, noun: str) -> Iterator[None]:
        """Lock the run for a block. Raises StoppedError on Ctrl-C, saying what is kept.

        `noun`: what its records are, in the plural; `root`: the project's folder.
        """
        self.lock()
        try:
            yield
        except KeyboardInterrupt:
            kept, planned = self.info.planned - len(self.missing()), self.info.planned
            raise StoppedError(
                f"stopped; {kept} of {planned} {noun} are kept in "
                f"{self.folder.relative_to(root)}; the same command goes on from there."
            ) from None
        finally:
            self.unlock()

    def to_frame(self) -> pandas.DataFrame:
        """One line per answer: item_id, k, reward, each part, text, tokens, seconds, failure.

        Needs pandas.
        """
        import pandas

        return pandas.DataFrame([record.flat() for record in self.stream()])


def digest(value: Any) -> str:
    """sha256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def start(root: Path, info: RunInfo, *, new: bool = False) -> Run:
    """The newest run with this identity, or a fresh one when there is none or `new` is set."""
    same = [run for run in all_runs(root) if run.info.identity == info.identity]
    if same and not new:
        return same[-1]
    now = datetime.now(UTC)
    info = info.model_copy(
        update={"created": now.isoformat(timespec="seconds"), "redrawn": len(same)}
    )
    label = re.sub(r"[^A-Za-z0-9._-]+", "-", info.model).strip("-.")[-40:] or "model"
    stamps = [path.name[:STAMP_CHARS] for path in root.glob("*-*-*")]
    # Runs are ordered by name: a clock that was set back must not put the new one first.
    stamp = max([f"{now:%Y%m%d-%H%M%S}", *stamps])
    name = f"{stamp}-{info.split}-{label}"
    try:
        folder = make_folder(root, name)
        write_text(folder / INFO, info.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise not_writable(root, error) from None
    return Run(folder, info)


def load(folder: Path) -> Run:
    """Open a run for reading.

    Raises UserError when there is none in the folder.
    """
    try:
        text = (folder / INFO).read_text(encoding="utf-8")
        return Run(folder, RunInfo.model_validate_json(text))
    except FileNotFoundError:
        raise UserError(
            f"{folder} is not a run ({INFO} is missing); see the runs folder."
        ) from None
    except ValidationError:
        raise UserError(
            f"{folder / INFO} is damaged or was written by another version; remove it."
        ) from None


def all_runs(root: Path) -> Iterator[Run]:
    """Every readable run, oldest first."""
    for path in sorted(root.glob(f"*/{INFO}")):
        try:
            yield load(path.parent)
        except UserError:
            continue


def latest(root: Path) -> Run:
    """The run that was last asked for; one of people only where no model has any.

    Raises UserError when no run holds answers.
    """
    runs = [run for run in all_runs(root) if (run.folder / RECORDS).exists()]
    runs = [run for run in runs if not run.info.coders] or runs
    if not runs:
        raise UserError(f"{root} holds no run with answers; make one with `rft eval`.")
    return max(runs, key=lambda run: (run.folder / RECORDS).stat().st_mtime)


def make_folder(root: Path, name: str) -> Path:
    """A new folder of this name below `root`; with a number behind it when it is taken."""
    for n in range(1, 1000):
        folder = root / (name if n == 1 else f"{name}-{n}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise OSError(f"no free name for {name}")
