"""What the runs of a project in a test hold, and `rft` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rft import runs
from rft.records import Record


def stored(project: Path) -> list[dict[str, Any]]:
    """Every answer of every run, oldest run first, as JSON data without defaults."""
    found = [record for run in runs.all_runs(project / "runs") for record in run.records()]
    return [record.model_dump(exclude_defaults=True) for record in found]


def keep_answers(run: runs.Run, count: int) -> list[Record]:
    """Cut a run down to its first answers."""
    kept = run.records()[:count]
    (run.folder / runs.RECORDS).write_bytes(b"")
    for record in kept:
        run.append(record)
    return kept


def run_apart(project: Path, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    """`rft` in a process of its own."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, "-m", "rft", *arguments],
        cwd=project,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )
