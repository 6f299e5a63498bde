"""The file records.jsonl: appended line by line, indexed, never held in memory as a whole.

An answer has one line or two: its sample as soon as it has arrived, its grade once there is one. A
line without a sample belongs to the sample that was stored before it; for the rest, the newest line
of an answer counts.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, Field, ValidationError

from rft.errors import UserError
from rft.files import not_writable
from rft.records import Record

Key = tuple[str, int]
"""item_id and k of an answer."""
_NOWHERE = -1
_MOST_ANSWERS = 1 << 20
"""To one item."""


class _Present(BaseModel):
    """Some object; its fields do not matter."""


class _Reward(BaseModel):
    reward: float | None


class _Line(BaseModel):
    """What the index needs of a line; the rest is not even made into Python objects."""

    item_id: str
    k: int = Field(ge=0, lt=_MOST_ANSWERS)
    sample: _Present | None = None
    grade: _Reward | None = None


class _Item:
    """Where in the file the lines of one item's answers begin, by k."""

    def __init__(self) -> None:
        self.sample_at = array("q")
        self.newest_at = array("q")
        self.rewarded = bytearray()

    def note(self, k: int, at: int, line: _Line) -> None:
        """Take in a line that begins at byte `at`."""
        if (more := k + 1 - len(self.rewarded)) > 0:
            self.sample_at.extend([_NOWHERE] * more)
            self.newest_at.extend([_NOWHERE] * more)
            self.rewarded.extend(bytes(more))
        if line.sample:
            self.sample_at[k] = at
        self.newest_at[k] = at
        self.rewarded[k] = line.grade is not None and line.grade.reward is not None


class RecordFile:
    """A file of records, and where in it each answer's lines begin.

    `item_ids`: the order in which `stream` gives them; others come last.
    """

    def __init__(self, path: Path, item_ids: Sequence[str]) -> None:
        self.path = path
        self._order = item_ids
        self._writer: FileIO | None = None
        self._items: dict[str, _Item] = {}
        self._size = 0
        """Bytes of the file that are indexed: whole lines."""

    def open(self) -> bool:
        """Keep the file open for appending until `close`; nobody else may write to it.

        Cuts off a last line that a crash left incomplete and returns whether there was one.
        Raises OutsideError when the disk refuses.
        """
        self.refresh()
        try:
            self._writer = FileIO(self.path, "a")
            torn = self._writer.tell() > self._size
            if torn:
                self._writer.truncate(self._size)
        except OSError as error:
            raise not_writable(self.path.parent, error) from None
        return torn

    def close(self) -> None:
        """End `open`."""
        if self._writer:
            self._writer.close()
            self._writer = None

    def append(self, record: Record, *, sample_stored: bool = False) -> None:
        """Hand one line to the operating system, without the sample where that is stored already.

        Raises OutsideError when the disk refuses; what was written before stays valid.
        """
        left_out = {"sample"} if sample_stored else None
        line = record.model_dump_json(exclude=left_out, exclude_defaults=True).encode() + b"\n"
        try:
            with contextlib.ExitStack() as stack:
                file = self._writer or stack.enter_context(FileIO(self.path, "a"))
                start = file.seek(0, os.SEEK_END)
                _write(file, line, start)
        except OSError as error:
            raise not_writable(self.path.parent, error) from None
        if start == self._size:
            self._note(_Line.model_validate_json(line), len(line))

    def refresh(self) -> None:
        """Index the whole lines that were not read before.

        Raises UserError, naming the line, where the file is damaged.
        """
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            size = 0
        if size < self._size:  # another process cut or replaced the file
            self._items, self._size = {}, 0
        if size == self._size:
            return
        with self.path.open("rb") as file:
            file.seek(self._size)
            for text in file:
                if not text.endswith(b"\n"):
                    break
                try:
                    line = _Line.model_validate_json(text)
                except ValidationError:
                    raise self._damaged(self._size) from None
                self._note(line, len(text))

    def sample_count(self) -> int:
        """How many answers were received, scored or not."""
        return sum(len(i.sample_at) - i.sample_at.count(_NOWHERE) for i in self._items.values())

    def has_reward(self, key: Key) -> bool:
        """Whether an answer is scored."""
        item_id, k = key
        item = self._items.get(item_id)
        return item is not None and k < len(item.rewarded) and bool(item.rewarded[k])

    def has_sample(self, key: Key) -> bool:
        """Whether an answer was received, scored or not."""
        item_id, k = key
        item = self._items.get(item_id)
        return item is not None and k < len(item.rewarded) and item.sample_at[k] != _NOWHERE

    def read(self, key: Key) -> Record:
        """What is stored of one answer. Raises KeyError when there is nothing."""
        with self.path.open("rb") as file:
            return self._read(file, self._items[key[0]], key[1])

    def stream(self) -> Iterator[Record]:
        """What is stored of each answer, in the order of the items, then of k."""
        if not self._items:
            return
        with self.path.open("rb") as file:
            for item_id in dict.fromkeys([*self._order, *self._items]):
                if item := self._items.get(item_id):
                    for k, at in enumerate(item.newest_at):
                        if at != _NOWHERE:
                            yield self._read(file, item, k)

    def _note(self, line: _Line, length: int) -> None:
        """Index the line of `length` bytes that follows what is indexed."""
        self._items.setdefault(line.item_id, _Item()).note(line.k, self._size, line)
        self._size += length

    def _read(self, file: BinaryIO, item: _Item, k: int) -> Record:
        newest, sampled = item.newest_at[k], item.sample_at[k]
        record = self._parse(file, newest)
        if sampled not in (_NOWHERE, newest):
            record.sample = self._parse(file, sampled).sample
        return record

    def _parse(self, file: BinaryIO, at: int) -> Record:
        file.seek(at)
        try:
            return Record.model_validate_json(file.readline())
        except ValidationError:
            raise self._damaged(at) from None

    def _damaged(self, at: int) -> UserError:
        with self.path.open("rb") as file:
            number = file.read(at).count(b"\n") + 1
        return UserError(
            f"{self.path}:{number}: this line is damaged; remove it and run `rft eval` again to "
            "sample that answer again."
        )


def _write(file: FileIO, line: bytes, start: int) -> None:
    """Append a line at `start`, the end of the file, whole or not at all."""
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        with contextlib.suppress(OSError):
            file.truncate(start)
        raise
