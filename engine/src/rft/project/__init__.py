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
from typing import TYPE_CHECKING, Any

from rft import config
from rft.project import loader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from rft import graders
    from rft.comparison import Comparison
    from rft.config import Settings
    from rft.dataset import Finding, Row, Split
    from rft.export.write import Export
    from rft.human import People
    from rft.jobs.training_job import TrainingJob, TrainingResult
    from rft.judging.result import JudgeResult
    from rft.project.card import CardResult
    from rft.project.check_result import CheckResult
    from rft.project.columns import Columns
    from rft.project.diagnosis import Diagnosis
    from rft.project.evaluation import EvalResult, Watcher
    from rft.project.grading import GradedAnswer
    from rft.project.import_run import ImportedRun
    from rft.project.importing import ImportResult
    from rft.project.loader import Task
    from rft.project.pack import PackResult
    from rft.project.ready import ReadyResult
    from rft.project.report import ReportResult
    from rft.project.row_export import ExportedRows
    from rft.project.splitting import SplitResult
    from rft.project.training import PreparedJob

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
        return cls(loader.open_settings(Path(path), Path(settings)))

    def override(
        self,
        *,
        split: str = "",
        limit: int = 0,
        samples: int = 0,
        profile: str = "",
        prompt_variant: str = "",
    ) -> Project:
        """The project with other settings in memory; what is empty or 0 stays as in rft.toml."""
        return Project(
            config.override(self.settings, split, limit, samples, profile, prompt_variant)
        )

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

    def people(self, item_ids: Collection[str]) -> tuple[People, list[Finding]]:
        """What people answered to these rows, and the lines of their file that cannot be used.

        There are no answers and no findings where the file does not exist.
        """
        from rft.human import People, load_people

        path = self.settings.path(self.settings.task.human)
        if not path.exists():
            return People([], {}), []
        return load_people(path, item_ids, self.task.answer)

    def open_grader(self, *, judged: bool = True, timeout_s: float = 120.0) -> graders.Grader:
        """The grader, to be used in a `with` block.

        Unless `judged`, a judge is left out where the reward can be computed without it.
        `timeout_s`: wall clock of one grading.
        """
        return loader.open_grader(
            self.settings, self.grader_spec, judged=judged, timeout_s=timeout_s
        )

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
        prompt_variant: str = "",
        new: bool = False,
        regrade: bool = False,
        ray: str = "",
        batch: bool = False,
        watcher: Watcher | None = None,
    ) -> EvalResult:
        """Sample answers from a model, grade them and keep them in a run; see `rft eval`.

        `model`: a name under [models] or an id. `split`, `limit` (rows), `samples` (answers per
        row), `profile` and `prompt_variant` stand in for rft.toml's. An interrupted run is resumed
        unless `new`. `regrade`: grade the answers that an earlier run stored, on the Ray cluster at
        the address `ray` if it is given. `batch`: use the vendor's Batch API. `watcher` is told of
        every record.
        """
        from rft.project.evaluation import evaluate
        from rft.project.filling import filler

        project = self.override(
            split=split,
            limit=limit,
            samples=samples,
            profile=profile,
            prompt_variant=prompt_variant,
        )
        fill = filler(regrade=regrade, ray=ray, batch=batch)
        return evaluate(project, model, new=new, watcher=watcher, fill=fill)

    def ready(self, run: str = "") -> ReadyResult:
        """Go or no-go for a run, without a name the newest of a model; see `rft ready`.

        Raises UserError when its rows or its grader have changed since it was made, and for a run
        of people.
        """
        from rft.project.ready import ready

        return ready(self, run)

    def judge(
        self,
        *,
        repeats: int = 3,
        limit: int = 0,
        profile: str = "",
        grader: str = "",
        new: bool = False,
        revising: bool = False,
        watcher: Watcher | None = None,
    ) -> JudgeResult:
        """Examine the judge on the calibration answers; see `rft judge`.

        `repeats`: calls for each answer; `limit`: rows, 0 for all; `profile`: another judge;
        `grader`: which score_model, if there are several. An interrupted examination is resumed and
        stored judgements are used again, unless `new`. About half of the rows, by hash, examine
        the judge; `revising` takes the others, on which its prompt may be revised, and leaves the
        result that `ready` reads as it is. `watcher` is called with every judgement.
        """
        from rft.project.judge import judge

        return judge(
            self, repeats, limit, profile, grader, new=new, watcher=watcher, revising=revising
        )

    def compare(
        self, *names: str, split: str = "", common: bool = False, any_prompt: bool = False
    ) -> Comparison:
        """Compare runs on the same rows, each with the first; see `rft compare`.

        `names`: models, whose newest runs that fit together are taken, or folders below runs/.
        `split`: take models' runs of this split. `common` allows runs of different rows, of which
        those are compared that all hold; `any_prompt` allows different prompts.
        """
        from rft.project.compare import compare

        return compare(self, names, split=split, common=common, any_prompt=any_prompt)

    def report(
        self, run: str = "", beside: Sequence[str] = (), *, common: bool = False
    ) -> ReportResult:
        """Write report.html into a run's folder; see `rft report`.

        `run` and `beside`: models or folders below runs/; without a name the newest run.
        """
        from rft.project.report import report

        return report(self, run, beside, common=common)

    def review(self, *, port: int = 0, say: Callable[[str], None] = print) -> None:
        """Serve the page on which experts label and review, until Ctrl-C; see `rft review`.

        `port` 0 takes a free one of this machine's own address; `say` gets the address to open.
        """
        from rft.review.serve import review

        review(self, port, say)

    def grade(self, item_id: str, text: str) -> GradedAnswer:
        """Grade one answer to one row of any split, beside its reference; see `rft grade`.

        Raises UserError when no row has this id.
        """
        from rft.project.grading import grade

        return grade(self, item_id, text)

    def prepare_training(
        self,
        method: str = "",
        *,
        start: str = "base",
        model: str = "",
        suffix: str = "",
        hyperparameters: Mapping[str, Any] | None = None,
        profile: str = "",
        anyway: bool = False,
        new: bool = False,
        say: Callable[[str], None] = lambda line: None,
    ) -> PreparedJob:
        """Prepare a training job without asking the vendor; `.send()` sends it.

        `method`: supervised or reinforcement, else rft.toml's. `start`: what to train, a name under
        [models] or an id. `model`: the name under [models] for the result. `anyway`: although the
        readiness check says no. `new`: although the same job was sent before. `say` gets a line
        whenever something takes time.
        """
        from rft.project.training import prepare

        return prepare(
            self.override(profile=profile),
            method,
            start=start,
            model=model,
            suffix=suffix,
            hyperparameters=hyperparameters,
            anyway=anyway,
            new=new,
            say=say,
        )

    def train(self, method: str = "", **options: Any) -> TrainingJob:
        """Train a model with this project's data and grader, without asking back; see `rft train`.

        `options` are those of `prepare_training`. Returns the job, which `.watch()` waits for; a
        job that was sent before is not sent again. Raises CheckError when a check of the job fails,
        UserError when the vendor refuses it, OutsideError when it cannot be reached.
        """
        return self.prepare_training(method, **options).send()

    def training_job(self, name: str = "") -> TrainingJob:
        """A job that was sent: by its id or folder, without a name the newest.

        Raises UserError when there is none.
        """
        from rft.jobs.training_job import TrainingJob

        return TrainingJob.find(self.settings, name)

    def watch(self, name: str = "", *, pause_on_hacking: bool = False) -> TrainingResult:
        """Wait for a training job and write its model into rft.toml; see `rft watch`."""
        return self.training_job(name).watch(pause_on_hacking=pause_on_hacking)

    def import_rows(
        self,
        paths: Sequence[Path],
        out: Path = Path("task/data/imported.jsonl"),
        options: Mapping[str, str | None] | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        confirm: Callable[[Columns], bool] = lambda columns: True,
        overwrite: bool = False,
    ) -> ImportResult:
        """Turn the team's own sources into rows; see `rft import`.

        task/importer.py reads them, except chat datasets, Excel and Parquet, and except with
        `columns` (column -> field of the row), which read every file as a table: `confirm` is then
        shown all columns and the fields they become. `options`: of the importer, or of a table the
        value of a field in every row. Rows whose id is in `out` already are left as they are.
        """
        from rft.project.importing import import_rows

        return import_rows(
            self, paths, out, options, columns=columns, confirm=confirm, overwrite=overwrite
        )

    def export_rows(
        self, out: Path, splits: Sequence[str] = SPLITS, *, run: str = ""
    ) -> ExportedRows:
        """Write the rows of splits, or the answers of a run, as CSV or Parquet.

        The ending of `out` decides; see `rft export-rows`. `run`: a folder below runs/ or a model.
        """
        from rft.project.row_export import export_rows

        return export_rows(self, out, splits, run)

    def split_rows(
        self,
        paths: Sequence[Path],
        shares: Sequence[float] = (60, 20, 20),
        *,
        seed: int = 0,
        near: float = 0.7,
        replace: bool = False,
    ) -> SplitResult:
        """Distribute rows over train, validation and test; see `rft split`.

        `shares` of the three splits, in any unit. `near`: rows whose prompts overlap by this share
        stay together. `replace`: the splits hold these rows only, else they are added.
        """
        from rft.project.splitting import split_rows

        return split_rows(self, paths, shares, seed=seed, near=near, replace=replace)

    def import_run(self, kind: str, path: Path, model: str = "") -> ImportedRun:
        """Make runs of the answers in a log of Inspect or results of promptfoo.

        `kind`: inspect or promptfoo; `model`: what to call the model. See `rft import-run`.
        """
        from rft.project.import_run import import_run

        return import_run(self, kind, path, model)

    def export(
        self, target: str, output: Path | str | None = None, *, judge: bool = True
    ) -> Export:
        """Write the task for another trainer into a folder of the project; see `rft export`.

        `target`: bedrock, inspect and so on; `output`: else exports/TARGET; `judge`: ask the judge
        of rft.toml. Raises UserError when the target cannot carry the grader.
        """
        from rft.export.write import export

        return export(self, target, Path(output or f"exports/{target}"), judge=judge)

    def card(self, model: str = "", output: Path | str = "MODEL_CARD.md") -> CardResult:
        """Write the model card of `model`, else of tuned, else of base; see `rft card`."""
        from rft.project.card import card

        return card(self, model, Path(output))

    def pack(self, *names: str, restore: bool = False) -> PackResult:
        """Copy runs (models or folders; none: all, and jobs) to evidence/, or back; see `rft pack`.

        Raises UserError rather than replace a folder that holds more than its copy.
        """
        from rft.project.pack import pack

        return pack(self, names, restore=restore)

    def diagnose(self) -> Iterator[Diagnosis]:
        """What works on this machine with these settings, part by part; see `rft doctor`."""
        from rft.project.diagnosis import diagnose

        return diagnose(self)
