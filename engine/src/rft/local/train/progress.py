"""What a trainer reports: one event per step, checkpoints, and whether it has to stop."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from rft.jobs.replies import OVER
from rft.local.store import Job, Store
from rft.local.train import weights

KEPT = 3
"""Checkpoints that stay, the best by their score."""
_WHOLE = "whole"
Metrics = dict[str, Any]


class Progress(TrainerCallback):  # type: ignore[misc]
    """Reports one training. `describe(step, train, valid)` turns the trainer's logs of a step into
    (message, event data, checkpoint metrics, score); valid is None between evaluations."""

    def __init__(
        self,
        store: Store,
        job: Job,
        tokenizer: Any,
        describe: Callable[[int, Metrics, Metrics | None], tuple[str, Metrics, Metrics, float]],
    ) -> None:
        self._store, self._job = store, job
        self._tokenizer, self._describe = tokenizer, describe
        self._folder = store.job_folder(job.id)
        self._logs: Metrics = {}
        self._started: tuple[float, int] | None = None
        self.paused = False
        self.tokens = 0
        """Tokens trained on."""

    # called by the trainer ---------------------------------------------------------------------

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock at the first step."""
        if self._started is None:
            self._started = (time.time(), state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Pause if requested: save, then stop. Always evaluate and save the last step."""
        job = self._store.job(self._job.id)
        if job.status in OVER:
            sys.exit(0)  # cancelled while no service ran to end this process
        if job.wanted == "pause":
            self.paused = True
            control.should_save = control.should_training_stop = True
        if state.global_step >= state.max_steps:
            control.should_save = True
            control.should_evaluate = args.eval_strategy != "no"

    def on_log(self, args: Any, state: Any, control: Any, logs: Metrics, **_: Any) -> None:
        """The logs of a training step; those of an evaluation come with on_evaluate."""
        if any(name.startswith("eval_") for name in logs) or "train_runtime" in logs:
            return
        self._logs = dict(logs)
        self.tokens = int(logs.get("num_tokens", self.tokens) or 0)
        self._estimate(state)
        if not control.should_evaluate:
            self._report(state.global_step, None)

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Metrics, model: Any, **_: Any
    ) -> None:
        """An evaluation is over: the step's event, and its weights as a checkpoint."""
        metric, score = self._report(state.global_step, metrics)
        if state.global_step > 0:
            self.keep(state.global_step, model, metric, score)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark the trainer's state as complete; a crash before this resumes from the one before."""
        folder = Path(args.output_dir, f"checkpoint-{state.global_step}")
        (folder / _WHOLE).touch()
        self._store.update_job(self._job.id, crashes=0)

    # what is reported --------------------------------------------------------------------------

    def _report(self, step: int, valid: Metrics | None) -> tuple[Metrics, float]:
        message, data, metrics, score = self._describe(step, self._logs, valid)
        self._store.put_step(self._job.id, step, message, data)
        return metrics, score

    def _estimate(self, state: Any) -> None:
        if self._started is None:
            return
        since, first = self._started
        done = state.global_step - first
        if done > 0:
            left = (time.time() - since) / done * (state.max_steps - state.global_step)
            self._store.update_job(self._job.id, estimated_finish=int(time.time() + left))

    def keep(self, step: int, model: Any, metrics: Metrics, score: float | None) -> str:
        """Save the weights of this step as a model; drop those beyond the best. Returns its id."""
        folder = self._folder / "models" / f"step-{step}"
        weights.save(model, self._tokenizer, folder)
        name = f"{model_name(self._job)}:ckpt-step-{step}"
        self._store.put_model(name, self._job.id, folder)
        self._store.put_checkpoint(self._job.id, step, name, score, metrics)
        if score is not None:
            self._prune()
        return name

    def _prune(self) -> None:
        scored = [c for c in self._store.checkpoints(self._job.id) if c.score is not None]
        # Among equals the later one stays.
        for loser in sorted(scored, key=lambda c: (c.score or 0.0, c.step))[:-KEPT]:
            self._store.drop_checkpoint(loser)
            shutil.rmtree(self._folder / "models" / f"step-{loser.step}", ignore_errors=True)


def model_name(job: Job) -> str:
    """The tuned model's id: ft:<base>:<suffix>:<job>, as OpenAI's, with the base's short name."""
    model: str = job.body["model"]
    base = model.split(":")[1] if model.startswith("ft:") else Path(model).stem or model
    base = re.sub(r"[^A-Za-z0-9._-]", "-", base)
    suffix = (job.body.get("suffix") or "local").replace(" ", "-")
    return f"ft:{base}:{suffix}:{job.id.removeprefix('ftjob-')[:8]}"


def last_whole(output: Path) -> Path | None:
    """The latest of the trainer's own checkpoints that was written to its end."""
    folders = [path.parent for path in output.glob(f"checkpoint-*/{_WHOLE}")]
    return max(folders, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
