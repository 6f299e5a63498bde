"""What the page works on: rows, what people saved, runs; a file is read anew when it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rft.dataset import Row, Split
from rft.errors import UserError
from rft.findings import Finding
from rft.human import People
from rft.jsonl import read_lines
from rft.judging.calibration import CalibrationLine
from rft.locks import exclusive
from rft.project import SPLITS
from rft.project.loader import split_path
from rft.report import view
from rft.review.log import FILE, Case, Key, Review, answer_of, cases, load_reviews
from rft.review.shapes import Shape, shape_of
from rft.runs import RECORDS, Run, all_runs

if TYPE_CHECKING:
    from rft.project import Project

LOCK_S = 30.0
"""How long a save waits for that of another expert."""

T = TypeVar("T")


class Desk:
    """A project as the review page sees it. Safe to use from several threads."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.settings = project.settings
        self.task = project.task
        self.answer_schema = self.task.answer.model_json_schema()
        self._kept: dict[str, tuple[Any, Any]] = {}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold what all saves of all experts share. Raises UserError after LOCK_S."""
        taken = "Another expert's save does not end; save again in a moment."
        with exclusive(self.settings.root / ".rft" / "review.lock", taken, LOCK_S):
            yield

    @property
    def log(self) -> Path:
        """reviews.jsonl."""
        return self.settings.path(FILE)

    @property
    def human(self) -> Path:
        """human.jsonl."""
        return self.settings.path(self.settings.task.human)

    @property
    def calibration(self) -> Path:
        """calibration.jsonl."""
        return self.settings.path(self.settings.task.calibration)

    def split(self, name: str) -> tuple[Split, list[Finding]]:
        """The rows of a split as they are on disk now, and what is wrong with the others."""
        path = split_path(self.settings, name)
        return self.fresh(f"split {name}", [path], lambda: self.project.split(name))

    def rows(self) -> dict[str, Row]:
        """Every row by its id."""
        return {row.id: row for name in SPLITS for row in self.split(name)[0].rows}

    def row(self, split: str, item_id: str) -> Row:
        """One row. Raises UserError when the split does not hold it."""
        for row in self.split(split)[0].rows:
            if row.id == item_id:
                return row
        raise UserError(f"The split {split} has no row '{item_id[:80]}'; choose another one.")

    def reference(self, row: Row) -> Any:
        """The reference answer of a row as JSON data."""
        return self.task.gold(row.item).model_dump(mode="json")

    def shape(self, row: Row) -> Shape:
        """The form of an answer to a row. Raises HookError when `review_fields` fails."""
        hook = self.task.review_fields
        return shape_of(self.answer_schema, hook(row.item) if hook else {})

    def titles(self, name: str) -> dict[str, str]:
        """Row id -> the first line of its prompt that most others of the split do not have."""
        path = split_path(self.settings, name)

        def make() -> dict[str, str]:
            rows = self.split(name)[0].rows
            views = view.rows([row.id for row in rows], [], {row.id: row.data for row in rows})
            return {one.item_id: one.title for one in views}

        return self.fresh(f"titles {name}", [path], make)

    def display(self, row: Row, answer: Any) -> list[str] | None:
        """An answer as an expert reads it; None where the task does not say how."""
        if self.task.display is None:
            return None
        try:
            parsed = self.task.answer.model_validate(answer)
        except ValueError:
            return None
        return self.task.display(row.item, parsed)

    def criteria(self, row: Row) -> dict[str, str]:
        """What is marked met or not met on an answer: criterion -> its sentence."""
        weights = self.task.judged_weights(row.item) if self.task.judged_weights else {}
        if not weights:
            return {ACCEPTABLE: "You would accept this answer as it stands."}
        sentences = self.task.judged_criteria(row.item) if self.task.judged_criteria else {}
        return {name: sentences.get(name, "") for name in weights}

    def reviews(self) -> tuple[list[Review], list[Finding]]:
        """What experts said so far, and the unusable lines of the log."""
        return self._beside("reviews", self.log, lambda ids: load_reviews(self.log, ids))

    def cases(self, task: str) -> dict[Key, Case]:
        """Opinions by what they are about."""
        return cases(self.reviews()[0], task)

    def people(self) -> tuple[People, list[Finding]]:
        """What people answered blind."""
        return self._beside("people", self.human, self.project.people)

    def calibration_lines(self) -> list[CalibrationLine]:
        """The usable lines of calibration.jsonl."""
        path = self.calibration
        if not path.exists():
            return []
        lines, _ = self._beside("marks", path, lambda ids: read_lines(path, CalibrationLine, ids))
        return lines

    def labels_on_file(self) -> dict[Key, dict[str, bool]]:
        """The labels of calibration.jsonl by answer."""
        return {answer_of(line): line.labels for line in self.calibration_lines()}

    def runs(self) -> list[Run]:
        """Runs with answers, the newest first; those of people are left out."""
        return [
            run
            for run in reversed(list(all_runs(self.settings.runs)))
            if not run.info.coders and (run.folder / RECORDS).exists()
        ]

    def run(self, name: str) -> Run:
        """A run by its folder's name, the newest for "". Raises UserError when there is none."""
        every = self.runs()
        for run in every:
            if name in ("", run.folder.name):
                return run
        if not every:
            raise UserError("There is no run with answers yet; `rft eval` makes one.")
        raise UserError(f"There is no run '{name[:80]}'; choose another one.")

    def records(self, run: Run) -> Sequence[Any]:
        """The records of a run."""
        files = [run.folder / RECORDS]
        return self.fresh(f"run {run.folder.name}", files, run.records)

    def _beside(self, name: str, path: Path, make: Callable[[Mapping[str, Row]], T]) -> T:
        """What is read from a file that names rows, given them by id."""
        files = [path, *(split_path(self.settings, split) for split in SPLITS)]
        return self.fresh(name, files, lambda: make(self.rows()))

    def fresh(self, name: str, files: Sequence[Path], make: Callable[[], T]) -> T:
        """What `make` gives, kept until one of the files changes."""
        marks = [_mark(path) for path in files]
        kept = self._kept.get(name)
        if kept is None or kept[0] != marks:
            kept = marks, make()
            self._kept[name] = kept
        value: T = kept[1]
        return value


ACCEPTABLE = "acceptable"
"""The one criterion of tasks whose grader asks no judge."""


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
