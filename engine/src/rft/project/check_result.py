"""What `rft check` finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rft import display
from rft.errors import UserError
from rft.findings import SHOWN, Finding, Problem, fold
from rft.hooks import HookError
from rft.project.scoring import Floors

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

STYLES = {"error": "red", "warning": "yellow"}


@dataclass
class CheckResult:
    """What `rft check` found. `ok` is True when nothing keeps the project from being evaluated."""

    rows: dict[str, int]
    """Usable rows by split."""
    findings: list[Finding]
    """Everything that is wrong, errors and warnings: rows, task code, grader, probes, people."""
    notes: list[str] = field(default_factory=list)
    """What was looked at, a line each: people, calibration, references, probes."""
    floors: Floors = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """Errors in all."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return self.errors == 0

    def __str__(self) -> str:
        return display.as_text(self.write)

    def write(self, console: Console, most: int = SHOWN) -> None:
        """Print the findings, at most so many of a kind, what was looked at, and the floors."""
        rows = ", ".join(f"{name} {count:,}" for name, count in self.rows.items())
        warnings = len(self.findings) - self.errors
        counts = f"{display.counted(self.errors, 'error')}, {display.counted(warnings, 'warning')}"
        console.print(f"rows: {rows}; {counts}")
        for severity, text in fold(self.findings, most):
            console.print(text, style=STYLES[severity], soft_wrap=True)
        for note in self.notes:
            console.print(note)
        if self.floors:
            console.print(self._floor_table())

    def _floor_table(self) -> Table:
        from rich.table import Table

        splits = [name for name, count in self.rows.items() if count]
        table = Table("mean reward without a model (floors)", *splits, box=None, pad_edge=False)
        for name, means in self.floors.items():
            table.add_row(name, *(f"{means.get(split, float('nan')):.3f}" for split in splits))
        return table

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data."""
        return asdict(self) | {"ok": self.ok}

    def add(self, problem: Problem, place: str, *, warn: bool = False) -> None:
        """Add what is wrong at a place ("file" or "file:line")."""
        file, _, line = place.rpartition(":")
        known = line.isdecimal()
        self.findings.append(
            problem.at(file if known else place, int(line) if known else None, warn=warn)
        )

    @contextmanager
    def going_on(self, file: str) -> Iterator[None]:
        """Turn an error of the block into a finding, so that the rest is checked too."""
        try:
            yield
        except HookError as error:
            self.add(Problem("task-code", None, error.what, "correct it"), error.place)
        except UserError as error:
            text = str(error).removeprefix(f"{file}: ")
            self.add(Problem.of_sentence("task-code", text), file)
