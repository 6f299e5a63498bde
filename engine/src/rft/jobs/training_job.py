"""A training job that was sent: watch it, pause it, and store its model's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from rft.config import Settings, override
from rft.errors import CheckError, OutsideError, RftError, StoppedError, UserError
from rft.jobs import store
from rft.jobs.follow import State, follow
from rft.jobs.metrics import Point
from rft.jobs.model_names import write_model_name
from rft.jobs.replies import entries, job_status, reason, tuned_model
from rft.jobs.vendor import connect, explained, remembered_as

if TYPE_CHECKING:
    import pandas

OnState = Callable[[State], None]
_CHECKPOINTS_SHOWN = 20


@dataclass(frozen=True)
class TrainingResult:
    """How a job ended. Prints as the lines that `rft watch` ends with."""

    job_id: str
    status: str
    """succeeded or paused; other ends raise CheckError."""
    name: str
    """Name of the tuned model under [models]."""
    model: str = ""
    """Id of the tuned model."""
    replaced: str | None = None
    """The id that had this name before."""
    settings_file: str = ""
    trained_tokens: int | None = None
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    """As the service lists them, with step_number, fine_tuned_model_checkpoint and metrics."""
    points: list[Point] = field(default_factory=list)
    """The metrics of each step."""

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The summary for people, line by line."""
        if self.status == "paused":
            return [f"{self.job_id} is paused; rft train resume continues it."]
        tokens = f"trained on {self.trained_tokens:,} tokens" if self.trained_tokens else ""
        replaced = f" in place of {self.replaced}" if self.replaced else ""
        return [
            *filter(None, [tokens]),
            *map(_checkpoint_line, self.checkpoints),
            f"models.{self.name} in {self.settings_file} is now {self.model}{replaced}",
            f"next: rft eval --model {self.name} --split test",
        ]

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data."""
        return asdict(self)

    def to_frame(self) -> pandas.DataFrame:
        """The metrics, one row per step. Needs pandas."""
        import pandas

        return pandas.DataFrame([asdict(point) for point in self.points])


@dataclass
class TrainingJob:
    """A job that its service knows, with its folder below runs/train."""

    settings: Settings
    folder: store.JobFolder

    @classmethod
    def find(cls, settings: Settings, name: str = "") -> TrainingJob:
        """The job with this id or folder; without a name the newest that was sent.

        Raises UserError when there is none, or when rft.toml now names another address.
        """
        folder = store.find(settings.runs / "train", name)
        settings = override(settings, profile=folder.info.profile)
        if (address := remembered_as(settings)) != folder.info.base_url:
            raise UserError(
                f"{folder.info.job_id} was sent to {folder.info.base_url}, but rft.toml names "
                f"{address or 'no address'} now; set base_url under [train] to the former."
            )
        return cls(settings, folder)

    @property
    def id(self) -> str:
        """The service's id."""
        return self.folder.info.job_id

    @property
    def status(self) -> str:
        """The last state that the service reported."""
        return self.folder.info.status

    def __str__(self) -> str:
        return f"{self.id}: {self.status}"

    def to_dict(self) -> dict[str, Any]:
        """The content of job.json and its folder, as JSON data."""
        return self.folder.info.model_dump(mode="json") | {"folder": str(self.folder.folder)}

    def change(self, action: Literal["pause", "resume", "cancel"]) -> str:
        """Pause, resume or cancel the job and return its state.

        Raises UserError when the service refuses, OutsideError when it cannot be reached.
        """
        with connect(self.settings) as client, explained(client, f"{action} of {self.id}"):
            changed = getattr(client.fine_tuning.jobs, action)(self.id)
            self.folder.update(status=job_status(changed))
        return self.status

    def follow(self) -> Iterator[State]:
        """The states of the job until it is over or paused; see `rft.jobs.follow`."""
        return follow(lambda: connect(self.settings), self.folder, self._valid_answers())

    def watch(
        self, on_state: OnState = lambda state: None, *, pause_on_hacking: bool = False
    ) -> TrainingResult:
        """Wait until the job is over or paused, then write its model into rft.toml.

        `on_state` is called with each state. `pause_on_hacking` pauses the job at the first sign
        of reward hacking. Raises CheckError when the job failed or was cancelled, OutsideError when
        the service stays away, StoppedError on Ctrl-C; the job itself goes on.
        """
        last, pausing = State(), False
        try:
            for last in self.follow():
                on_state(last)
                if pause_on_hacking and last.alarms and last.status == "running" and not pausing:
                    pausing = True
                    on_state(replace(last, news=[], notice=self._pause_for_hacking()))
        except KeyboardInterrupt:
            raise StoppedError(f"stopped; {self.id} goes on, rft watch shows it again.") from None
        return self._finish(last)

    def _pause_for_hacking(self) -> str:
        try:
            self.change("pause")
        except RftError as error:
            return f"it cannot be paused: {error} rft train cancel ends it."
        return "pausing the job because of --stop-on-hacking; rft train resume continues it."

    def _finish(self, last: State) -> TrainingResult:
        name, job = self.folder.info.name, last.job
        if last.status == "paused":
            return TrainingResult(self.id, last.status, name, points=last.points)
        if last.status == "failed":
            raise CheckError(f"{self.id} failed: {reason(job) or 'no reason is given'}")
        if last.status == "cancelled":
            raise CheckError(f"{self.id} was cancelled; there is no tuned model.")
        model = tuned_model(job)
        if not model:
            raise CheckError(f"{self.id} succeeded, but its model is not named; ask the vendor.")
        self.folder.update(tuned_model=model)
        tokens = getattr(job, "trained_tokens", None)
        return TrainingResult(
            self.id,
            last.status,
            name,
            model,
            write_model_name(self.settings.path(self.settings.file), name, model),
            str(self.settings.file),
            tokens if isinstance(tokens, int) else None,
            self._checkpoints(),
            last.points,
        )

    def _checkpoints(self) -> list[dict[str, Any]]:
        """The checkpoints that can be evaluated; a vendor may have none."""
        try:
            with connect(self.settings) as client, explained(client, "the checkpoints"):
                jobs = client.fine_tuning.jobs
                page = jobs.checkpoints.list(self.id, limit=_CHECKPOINTS_SHOWN)
                return list(entries(page))[:_CHECKPOINTS_SHOWN]
        except (UserError, OutsideError):
            return []

    def _valid_answers(self) -> int | None:
        """Graded answers in one validation, as far as the body says."""
        path = self.folder.folder / "validation.jsonl"
        if not path.exists():
            return None
        method: dict[str, Any] = self.folder.body()["method"].get("reinforcement") or {}
        samples = method.get("hyperparameters", {}).get("eval_samples", 1)
        return path.read_bytes().count(b"\n") * (samples if isinstance(samples, int) else 1)


def _checkpoint_line(entry: dict[str, Any]) -> str:
    metrics = entry.get("metrics")
    figures = ", ".join(
        f"{name} {value:.3f}"
        for name, value in (metrics if isinstance(metrics, dict) else {}).items()
        if isinstance(value, float) and ("reward" in name or "loss" in name)
    )
    step, model = entry.get("step_number"), entry.get("fine_tuned_model_checkpoint")
    return f"checkpoint of step {step}: {model} {figures}".rstrip()
