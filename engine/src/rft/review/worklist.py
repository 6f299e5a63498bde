"""What an expert has to do on one page, what is done, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Show = Literal["todo", "all", "done", "disputed"]
SHOWS: dict[Show, str] = {
    "todo": "to do",
    "disputed": "experts disagree",
    "done": "done by me",
    "all": "all",
}


@dataclass(frozen=True)
class Entry:
    """One thing to do."""

    key: str
    """Identifies it in the page's address."""
    title: str
    mine: bool
    """Whether this expert has done it."""
    others: int
    """How many other experts have."""
    disputed: bool = False

    def fits(self, show: Show) -> bool:
        """Whether a choice of entries takes it."""
        fit = {"todo": not self.mine, "done": self.mine, "disputed": self.disputed}
        return fit.get(show, True)


@dataclass(frozen=True)
class Worklist:
    """All entries of a page, those chosen, and the one that is open."""

    entries: Sequence[Entry]
    show: Show
    current: Entry | None

    @property
    def shown(self) -> list[Entry]:
        """The chosen entries, and the open one."""
        return [e for e in self.entries if e.fits(self.show) or e is self.current]

    @property
    def done(self) -> int:
        """How many this expert has done."""
        return sum(e.mine for e in self.entries)

    @property
    def done_by_anyone(self) -> int:
        """How many at least one expert has done."""
        return sum(e.mine or e.others > 0 for e in self.entries)

    @property
    def disputed(self) -> int:
        """On how many experts disagree."""
        return sum(e.disputed for e in self.entries)

    @property
    def place(self) -> int:
        """The number of the open entry among those shown, from 1."""
        return self.shown.index(self.current) + 1 if self.current else 0

    def step(self, by: int) -> Entry | None:
        """The chosen entry after (1) or before (-1) the open one, round the end."""
        if self.current is None:
            return None
        at = self.entries.index(self.current)
        count = len(self.entries)
        for n in range(1, count):
            entry = self.entries[(at + by * n) % count]
            if entry.fits(self.show):
                return entry
        return None

    @property
    def next_key(self) -> str:
        """The entry to open after a save: the next chosen one, else the open one again."""
        entry = self.step(1) or self.current
        return entry.key if entry else ""


def worklist(entries: Sequence[Entry], show: str, key: str) -> Worklist:
    """The list with the entry `key` open; without one the first that `show` takes."""
    known: Show = show if show in SHOWS else "todo"
    current = next((e for e in entries if e.key == key), None) if key else None
    if current is None:
        current = next((e for e in entries if e.fits(known)), None)
    return Worklist(entries, known, current)
