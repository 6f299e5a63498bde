"""One training job in a process of its own: python -m rft.local.worker STATE/jobs/JOB."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from filelock import Timeout

from rft import config
from rft.errors import RftError, UserError, install_hint
from rft.local.store import Store, worker_lock

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
                f"Training needs the 'train' extra ({', '.join(missing)}); {install_hint('train')} "
                "and create the job again."
            )
        from rft.local.train.session import train

        project = json.loads((store.folder / "project.json").read_text(encoding="utf-8"))
        root = Path(project["project"])
        train(store, job, config.load(root / project["settings"], root))
    except RftError as error:
        store.fail_job(job.id, code, str(error))
    except Exception as error:
        traceback.print_exc()
        message = f"{type(error).__name__}: {' '.join(str(error).split())[:600]}"
        store.fail_job(job.id, code, f"{message} (see {folder / 'worker.log'}).")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
