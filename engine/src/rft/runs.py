"""The run store: one folder a run, append-only, crash-safe, resumable.

`run.json` says what was asked of which model with which data, grader and prompt; `records.jsonl`
holds one line per answer, flushed as it is made. A killed run goes on where it stopped: the run's
identity is the hash of everything that could change an answer or its score, so other data,
another grader or model always make another run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rft.errors import OutsideError, StoppedError, UserError
from rft.records import Record

if TYPE_CHECKING:
    import pandas

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
    ask: str | None = None
    """The way of asking, where the schema has several."""
    coders: list[str] = Field(default_factory=list)
    """Of a run of people: who gave the answers k = 0, 1, ..."""
    absent: list[tuple[str, int]] = Field(default_factory=list)
    """(item_id, k) that nobody was to answer: a coder need not have seen every row."""

    @property
    def identity(self) -> str:
        """sha256 over all that makes two runs the same run."""
        # Without defaults, so that a field added later leaves older runs what they were.
        told = self.model_dump(exclude={"created", "versions", "base_url"}, exclude_defaults=True)
        return digest(told)

    @property
    def planned(self) -> int:
        """Answers in a complete run."""
        return len(self.item_ids) * self.samples_per_item - len(self.absent)


class Run:
    """A run's folder. `append` is the only way to write."""

    def __init__(self, folder: Path, info: RunInfo) -> None:
        self.folder = folder
        self.info = info
        self._lock = FileLock(folder / ".lock")

    def records(self) -> list[Record]:
        """The newest record for each answer, in the order of the items, then of k."""
        order = {item_id: n for n, item_id in enumerate(self.info.item_ids)}
        newest = {(r.item_id, r.k): r for r in _read(self.folder / RECORDS)}
        return sorted(newest.values(), key=lambda r: (order.get(r.item_id, len(order)), r.k))

    def missing(self) -> list[tuple[str, int]]:
        """(item_id, k) of every planned answer that has no reward yet."""
        done = {(r.item_id, r.k) for r in self.records() if r.reward is not None}
        done |= set(self.info.absent)
        plan = [(i, k) for i in self.info.item_ids for k in range(self.info.samples_per_item)]
        return [key for key in plan if key not in done]

    def append(self, record: Record) -> None:
        """Write one line and hand it to the operating system.

        Raises OutsideError when the disk refuses; what was written before stays valid.
        """
        line = record.model_dump_json(exclude_defaults=True) + "\n"
        try:
            with (self.folder / RECORDS).open("ab") as file:
                file.write(line.encode())
        except OSError as error:
            raise _disk(self.folder, error) from None

    def touch(self) -> None:
        """Make this the run that `latest` gives."""
        (self.folder / RECORDS).touch()

    def lock(self) -> None:
        """Keep other processes from writing to this run.

        Cuts off the torn last line that a crash may have left. Raises UserError if taken.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"{self.folder} is being written by another rft eval; wait for it or stop it."
            ) from None
        except OSError as error:
            raise _disk(self.folder, error) from None
        _mend(self.folder / RECORDS)

    def unlock(self) -> None:
        """Let others write again."""
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

        return pandas.DataFrame([record.flat() for record in self.records()])


def digest(value: Any) -> str:
    """sha256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def start(root: Path, info: RunInfo, *, new: bool = False) -> Run:
    """The newest run with this identity, or a fresh one when there is none or `new` is set."""
    if not new:
        for run in reversed(list(all_runs(root))):
            if run.info.identity == info.identity:
                return run
    now = datetime.now(UTC)
    info = info.model_copy(update={"created": now.isoformat(timespec="seconds")})
    label = re.sub(r"[^A-Za-z0-9._-]+", "-", info.model).strip("-.")[-40:] or "model"
    name = f"{now:%Y%m%d-%H%M%S}-{info.split}-{label}"
    try:
        folder = make_folder(root, name)
        partial = folder / (INFO + ".part")
        partial.write_text(info.model_dump_json(indent=2) + "\n", encoding="utf-8")
        os.replace(partial, folder / INFO)
    except OSError as error:
        raise _disk(root, error) from None
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
            f"{folder} holds no run ({INFO} is missing); see the runs folder."
        ) from None
    except ValidationError:
        raise UserError(f"{folder / INFO} is damaged or of another version; remove it.") from None


def all_runs(root: Path) -> Iterator[Run]:
    """Every readable run, oldest first."""
    for path in sorted(root.glob(f"*/{INFO}")):
        try:
            yield load(path.parent)
        except UserError:
            continue


def latest(root: Path) -> Run:
    """The run that was last asked for.

    Raises UserError when no run holds any.
    """
    runs = [run for run in all_runs(root) if (run.folder / RECORDS).exists()]
    if not runs:
        raise UserError(f"No run with answers is in {root}; make one with `rft eval`.")
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


def _read(path: Path) -> Iterator[Record]:
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            yield Record.model_validate_json(line)
        except ValidationError:
            raise UserError(
                f"{path}:{number}: this line is damaged; remove it and run `rft eval` again to "
                "draw that answer anew."
            ) from None


def _mend(path: Path) -> None:
    if path.exists() and not (data := path.read_bytes()).endswith(b"\n") and data:
        os.truncate(path, data.rfind(b"\n") + 1)


def _disk(folder: Path, error: OSError) -> OutsideError:
    return OutsideError(
        f"{folder} cannot be written: {error.strerror or error}; make room or give the right to "
        "write, then run the same command again: it goes on where it stopped."
    )
