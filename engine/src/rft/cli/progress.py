"""Progress of whatever takes time: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from rft.local.progress import Meter
    from rft.records import Record
    from rft.runs import Run

LOOK_S, LINE_S = 1.0, 10.0
"""Seconds between two looks at what is under way, and between two lines without a terminal."""


class ProgressBar:
    """Shows a run being filled: how much, how fast, the time left and the mean reward.

    A `Watcher` of `Project.evaluate` and `Project.judge`.
    """

    def __init__(self, console: Console, noun: str = "answers") -> None:
        self._console, self._noun = console, noun
        self._meter: Meter | None = None
        self._begun = 0.0

    @contextmanager
    def start(self, run: Run, summary: str) -> Iterator[Callable[[Record], None]]:
        """Print the summary; the bar is there from `begin` to the end of the block."""
        self._console.print(summary)
        rewards = [record.reward for record in run.stream() if record.reward is not None]
        self._total, self._before = run.info.planned, len(rewards)
        self._sum, self._graded, self._failed = sum(rewards), len(rewards), 0
        self._bar = bar(self._console, self._noun, self._total, self._graded)
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        try:
            yield self._record
        finally:
            self._over.set()
            if self._begun:
                self._thread.join()
                self._show()
            self._bar.stop()

    def say(self, line: str) -> None:
        """Print a line."""
        self._console.print(line)

    def begin(self, estimate: str = "", meter: Meter | None = None) -> None:
        """Start the bar; print the estimate, and show what the meter says."""
        if estimate:
            self._console.print(estimate)
        self._meter, self._begun = meter, time.monotonic()
        if self._console.is_terminal:
            self._bar.start()
        self._thread.start()

    def _record(self, record: Record) -> None:
        if record.reward is None:
            self._failed += 1
        else:
            self._sum, self._graded = self._sum + record.reward, self._graded + 1

    def _look(self) -> None:
        printed = time.monotonic()
        while not self._over.wait(LOOK_S):
            text = self._show()
            if not self._console.is_terminal and time.monotonic() - printed > LINE_S:
                printed = time.monotonic()
                self._console.print(text)

    def _show(self) -> str:
        """Bring the bar up to date; the same in words."""
        under_way = self._meter() if self._meter and not self._over.is_set() else None
        done = self._graded - self._before + self._failed
        if under_way:
            pace = f"{under_way.tokens:,} tokens"
        else:
            pace = _rate(done, time.monotonic() - self._begun) if done else ""
        mean = f"mean reward {self._sum / self._graded:.3f}" if self._graded else ""
        self._bar.update(
            self._bar.task_ids[0],
            completed=self._before + done + (under_way.answers if under_way else 0.0),
            pace=pace,
            mean=mean,
        )
        parts = [f"{self._before + done} of {self._total} {self._noun}", pace, mean]
        return "  " + ", ".join(part for part in parts if part)


def bar(console: Console, noun: str, total: int, completed: int = 0) -> Progress:
    """A bar with one task, which has the fields `pace` and `mean`; not started yet."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    made = Progress(
        TextColumn(noun),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[mean]}"),
        console=console,
        refresh_per_second=2,
    )
    made.add_task("", total=total, completed=completed, pace="", mean="")
    return made


def _rate(done: int, seconds: float) -> str:
    """How fast answers come: "12.3/s", or "20 s each" when they are slow."""
    if not done or not seconds:
        return ""
    return f"{done / seconds:.1f}/s" if done >= seconds else f"{seconds / done:.0f} s each"
