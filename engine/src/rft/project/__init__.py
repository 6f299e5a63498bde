"""The public API: open a project, then check, evaluate, judge, compare and train.

    import rft

    project = rft.Project.open("my-project")
    print(project.check())
    run = project.evaluate(model="base", limit=20)
    print(project.ready())

Every method does what the command of the same name does, with the same figures, and returns a
result that prints itself. Modules are imported inside the methods, so that `import rft` is quick.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rft import config
from rft.project import loader

if TYPE_CHECKING:
    from rft import graders
    from rft.config import Settings
    from rft.dataset import Finding, Row, Split
    from rft.project.checking import CheckResult
    from rft.project.evaluation import EvalResult, Watcher
    from rft.project.loader import Task
    from rft.records import Grade

__all__ = ["Project"]

SPLITS = ("train", "validation", "test")


class Project:
    """A team's task with its data, grader and settings.

    `settings` may be changed before the first method is called; `task` and `grader_spec` are read
    from the team's files when they are first used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def open(cls, path: Path | str = ".", settings: Path | str = config.FILE) -> Project:
        """Open the project in a folder, with the variables of its .env in the environment.

        `settings`: another settings file, relative to the folder. Raises UserError, naming file,
        field and remedy, when it is missing or wrong.
        """
        root = Path(path)
        return cls(loader.open_settings(root, Path(settings)))

    def override(
        self,
        *,
        split: str = "",
        limit: int = 0,
        samples: int = 0,
        profile: str = "",
        ask: str = "",
    ) -> Project:
        """The project with other settings in memory; what is empty or 0 stays as in rft.toml."""
        return Project(config.override(self.settings, split, limit, samples, profile, ask))

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.settings.root

    @cached_property
    def task(self) -> Task:
        """What task/schema.py defines. Raises UserError with file and line when it is broken."""
        return loader.load_task(self.settings)

    @cached_property
    def grader_spec(self) -> graders.Spec:
        """The grader in task/grader.json. Raises UserError when it is not valid."""
        from rft import graders

        return graders.load_spec(self.settings.path(self.settings.task.grader))

    @property
    def grader_hash(self) -> str:
        """sha256 of all that decides a reward."""
        return loader.grader_hash(self.settings, self.grader_spec)

    def split(self, name: str) -> tuple[Split, list[Finding]]:
        """One split as far as its rows can be read, and what is wrong in its file."""
        return loader.load_rows(self.settings, self.task, name)

    def splits(self) -> tuple[list[Split], list[Finding]]:
        """Every split, and what is wrong in their files."""
        read = [self.split(name) for name in SPLITS]
        return [split for split, _ in read], [f for _, findings in read for f in findings]

    def rows(self, split: str = "validation") -> list[Row]:
        """The rows of a split. Raises CheckError when a row is not usable."""
        return loader.sound_rows(*self.split(split))

    def open_grader(self, *, judged: bool = True) -> graders.Grader:
        """The grader, to be used in a `with` block.

        Unless `judged`, a judge is left out where the reward can be computed without it.
        """
        return loader.open_grader(self.settings, self.grader_spec, judged=judged)

    def check(self) -> CheckResult:
        """Check data, grader, probes and floors; see `rft check`."""
        from rft.project.checking import check

        return check(self)

    def evaluate(
        self,
        model: str = "base",
        *,
        split: str = "",
        limit: int = 0,
        samples: int = 0,
        profile: str = "",
        ask: str = "",
        new: bool = False,
        watcher: Watcher | None = None,
    ) -> EvalResult:
        """Sample answers from a model, grade them and keep them in a run; see `rft eval`.

        `model`: a name under [models] or an id. `split`, `limit` (rows), `samples` (answers per
        row), `profile` and `ask` stand in for rft.toml's. An interrupted run is resumed unless
        `new`. `watcher` is told of every record.
        """
        from rft.project.evaluation import evaluate

        project = self.override(split=split, limit=limit, samples=samples, profile=profile, ask=ask)
        return evaluate(project, model, new=new, watcher=watcher)

    def grade(self, item_id: str, text: str) -> Grade:
        """Grade one answer to one row of any split; see `rft grade`.

        Raises UserError when no row has this id.
        """
        from rft.project.grading import grade

        return grade(self, item_id, text)
