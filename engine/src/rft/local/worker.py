"""One training job in a process of its own: python -m rft.local.worker STATE/jobs/JOB."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from filelock import Timeout

from rft import config
from rft.errors import RftError, UserError
from rft.local.plan import make_plan
from rft.local.scheduler import worker_lock
from rft.local.store import Job, Store

_NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "gguf")


def main(folder: Path) -> int:
    """Train; the exit code is 0 unless the process itself broke."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # graders are closed on the way out
    lock = worker_lock(folder)
    try:
        lock.acquire(timeout=10)
    except Timeout:
        return 0  # another worker has the job
    store = Store(folder.parent.parent)
    job = store.job(folder.name)
    if job.status not in ("running", "pausing"):
        return 0
    store.update_job(job.id, pid=os.getpid())
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    code = "training_error"
    try:
        missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            code = "train_extra_missing"
            raise UserError(
                f"Training needs {', '.join(missing)}: install the project with its 'train' extra "
                "(pip install -c constraints.txt -e '.[train]') and create the job again."
            )
        from rft.local.train.session import train

        about = json.loads((store.folder / "project.json").read_text(encoding="utf-8"))
        root = Path(about["project"])
        settings = config.load(root / about["settings"], root)
        train(store, job, make_plan(job.body, about_rows(folder)), settings)
    except RftError as error:
        _fail(store, job, code, str(error))
    except Exception as error:
        traceback.print_exc()
        told = " ".join(str(error).split())[:600]
        _fail(store, job, code, f"{type(error).__name__}: {told} (see {folder / 'worker.log'}).")
    return 0


def about_rows(folder: Path) -> int:
    """How many training rows the job has."""
    with (folder / "train.jsonl").open("rb") as file:
        return sum(bool(line.strip()) for line in file)


def _fail(store: Store, job: Job, code: str, message: str) -> None:
    fault = {"code": code, "message": message, "param": None}
    if store.update_job(job.id, status="failed", error=fault):
        store.add_event(job.id, message, "error")


def write_metrics(store: Store, job_id: str) -> str:
    """The metrics of all steps as CSV, one line a step; returns the id of the result file."""
    steps = [e.data for e in store.events(job_id) if e.type == "metrics" and e.data]
    lines = [_flat(data) for data in sorted(steps, key=lambda data: int(data["step"]))]
    columns = list(dict.fromkeys(name for line in lines for name in line))
    path = store.job_folder(job_id) / ".metrics.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(lines)
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


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
