"""task/reviews.jsonl: every opinion that experts saved, one line each, never rewritten.

    {"item_id": "val-01", "task": "gold", "coder": "A", "time": "...", "value": {...}, ...}

What they disagree on stays open until somebody settles it, which is a line as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from rft.files import not_writable
from rft.findings import Finding
from rft.jsonl import Line, read_lines
from rft.judging.calibration import BaseKind, CalibrationLine, Kind
from rft.review.values import canonical
from rft.runs import digest

FILE = Path("task/reviews.jsonl")
Key = tuple[str, str]
"""(item id, which answer to it): "" for the reference answer itself."""


class Review(Line):
    """One line of reviews.jsonl."""

    task: Literal["gold", "judge"]
    coder: str = Field(min_length=1)
    time: str
    value: Any
    """gold: the right answer in this expert's opinion; judge: criterion -> met or not."""
    before: Any = None
    """What the project's file said then; None: nothing."""
    settled: bool = False
    """Whether this ends the disagreement: the project's file has held `value` since then."""
    comment: str = ""
    kind: Kind | None = None
    of: BaseKind | None = None
    output_text: str = ""
    """Of a judged answer, as in calibration.jsonl."""

    @property
    def key(self) -> Key:
        """What the opinion is about."""
        about = answer_key(self.kind, self.of, self.output_text) if self.kind else ""
        return self.item_id, about


@dataclass
class Case:
    """The opinions about one thing since it was last settled."""

    votes: dict[str, Any] = field(default_factory=dict)
    """Coder -> value."""
    comments: dict[str, str] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    """All of them, settled ones too."""

    @property
    def settled_by(self) -> str:
        """Who settled it last; "" if nobody did."""
        return next((r.coder for r in reversed(self.reviews) if r.settled), "")

    @property
    def made_here(self) -> bool:
        """Whether the project's file has this only because experts said so on the page."""
        return bool(self.reviews) and self.reviews[0].before is None and not self.settled_by

    def disputed(self, present: Any) -> bool:
        """Whether opinions differ, from one another or from what the project's file says."""
        values = {canonical(value) for value in self.votes.values()}
        if present is not None and not self.made_here:
            values.add(canonical(present))
        return bool(self.votes) and len(values) > 1


def answer_key(kind: str | None, of: str | None, output_text: str) -> str:
    """What identifies an answer among those to its row."""
    return digest([kind, of, output_text])[:16]


def answer_of(line: CalibrationLine) -> Key:
    """What identifies an answer of calibration.jsonl among all answers."""
    return line.item_id, answer_key(line.kind, line.of, line.output_text)


def now() -> str:
    """The time of a review."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def load_reviews(path: Path, item_ids: Mapping[str, Any]) -> tuple[list[Review], list[Finding]]:
    """The usable lines of the log, and a finding for each other one; none without the file."""
    return read_lines(path, Review, item_ids) if path.exists() else ([], [])


def cases(reviews: Iterable[Review], task: str) -> dict[Key, Case]:
    """What experts say of the reference answers (gold) or of judged answers (judge)."""
    by_key: dict[Key, Case] = {}
    for review in reviews:
        if review.task != task:
            continue
        case = by_key.setdefault(review.key, Case())
        case.reviews.append(review)
        if review.settled:
            case.votes.clear()
            case.comments.clear()
        else:
            case.votes[review.coder] = review.value
            case.comments[review.coder] = review.comment
    return by_key


def append(path: Path, review: Review) -> None:
    """Write one line and have it on disk; the caller holds the lock.

    Raises OutsideError when the disk refuses.
    """
    line = json.dumps(review.model_dump(exclude_defaults=True), ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.tell():  # a crash may have torn off the last line
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else f"\n{line}"
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise not_writable(path, error) from None
