"""One training from its weights to its tuned model, begun or taken up again."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rft import graders
from rft.config import Settings
from rft.errors import UserError
from rft.local.catalog import Catalog
from rft.local.plan import make_plan
from rft.local.rows import load_rows
from rft.local.store import Job, Store
from rft.local.train import grpo, sft, weights
from rft.local.train.drawing import open_drawing
from rft.local.train.progress import Progress, last_whole, model_name
from rft.local.train.rewards import Rewards
from rft.local.train.setup import device_of
from rft.project.loader import open_grader
from rft.workers import cores


def train(store: Store, job: Job, settings: Settings) -> None:
    """Train until the end or a pause. Raises RftError with a sentence for people."""
    folder = store.job_folder(job.id)
    output = folder / "trainer"
    catalog = Catalog(store, settings)
    base = catalog.get(job.body["model"])
    if base is None:
        raise UserError(f"The model {job.body['model']} is no longer there; name another.")
    method = job.body["method"]["type"]
    rows, file = load_rows(folder / "train.jsonl", method), folder / "validation.jsonl"
    valid = load_rows(file, method) if file.exists() else []
    plan = make_plan(job.body, len(rows))
    resume = last_whole(output)
    if resume is None:
        store.add_event(job.id, f"Training started: {plan.steps} steps of {plan.batch_size} rows.")
    else:
        step = resume.name.rpartition("-")[2]
        store.add_event(job.id, f"Training goes on from the checkpoint of step {step}.")
    model, tokenizer = weights.load(catalog.weights(base), device_of(plan))
    with ExitStack() as stack:
        if method == "supervised":
            trainer = sft.make_trainer(plan, model, tokenizer, rows, valid, output)
            describe = sft.describe(plan)
        else:
            spec = graders.parse_spec(job.body["method"]["reinforcement"]["grader"])
            grader = stack.enter_context(
                open_grader(settings, spec, timeout_s=plan.grader_timeout_s, workers=cores())
            )
            rewards = Rewards(grader, plan.max_tokens, max(4, cores()))
            stack.callback(rewards.close)
            drawing = open_drawing(plan, model.config, tokenizer, folder / "step.gguf")
            if drawing:
                stack.callback(drawing.close)
            trainer = grpo.make_trainer(
                plan,
                model,
                tokenizer,
                rows,
                valid,
                output,
                rewards,
                fresh=resume is None,
                drawing=drawing,
            )
            describe = grpo.describe(plan, rewards)
        progress = Progress(store, job, tokenizer, describe)
        trainer.add_callback(progress)
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    _finish(store, job, progress, trainer, by_reward=method == "reinforcement")


def _finish(store: Store, job: Job, progress: Progress, trainer: Any, *, by_reward: bool) -> None:
    step = trainer.state.global_step
    kept = {c.step: c for c in store.checkpoints(job.id)}
    if step not in kept and (progress.paused or not by_reward or not kept):
        progress.keep(step, trainer.model, {"step": step}, None)
        kept = {c.step: c for c in store.checkpoints(job.id)}
    if progress.paused and step < trainer.state.max_steps:
        if store.update_job(job.id, only_if=("pausing",), status="paused", wanted=""):
            store.add_event(
                job.id, f"Paused after step {step}: {kept[step].model} is its snapshot."
            )
        return
    scored = [c for c in kept.values() if c.score is not None]
    if by_reward and scored:
        chosen = max(scored, key=lambda c: (c.score or 0.0, c.step))
        why = f"step {chosen.step}, the best by validation reward"
    else:
        chosen = kept[step]
        why = f"step {step}, the last"
    name = model_name(job)
    models: Path = store.job_folder(job.id) / "models"
    store.put_model(name, job.id, models / f"step-{chosen.step}")
    if store.update_job(
        job.id,
        status="succeeded",
        fine_tuned_model=name,
        trained_tokens=progress.tokens,
        result_file=_write_metrics(store, job.id),
    ):
        store.add_event(job.id, f"New fine-tuned model created: {name} ({why}).")


def _write_metrics(store: Store, job_id: str) -> str:
    """Write the metrics as CSV, one line per step; returns the id of the result file."""
    steps: list[Any] = [e.data for e in store.events(job_id) if e.type == "metrics" and e.data]
    rows = [_flat(data) for data in sorted(steps, key=lambda data: int(data["step"]))]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    path = store.job_folder(job_id) / ".metrics.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return store.add_file(path, "step_metrics.csv", "fine-tune-results").id


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested figures under dotted names; of the lists by grader, under the grader's name."""
    flat: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for entry in value:
                known = {k: v for k, v in entry.items() if k not in ("name", "type", "model")}
                flat |= _flat(known, f"{prefix}{name}.{entry.get('name') or entry.get('model')}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
