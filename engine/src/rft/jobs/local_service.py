"""Find the `rft serve` of this project, or start one: training at home needs no second terminal."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rft.errors import OutsideError

NAME = "rft serve"
"""The key of its jobs and uploads on disk: its port may change, its state does not."""
STATE = Path(".rft/serve")
START_S = 120.0


def running(root: Path) -> str | None:
    """The address of the service of the project in `root`, if it answers."""
    try:
        url = str(json.loads((root / STATE / "serve.json").read_text(encoding="utf-8"))["url"])
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2):
            return url
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, or one that was killed and left its file


def ensure(root: Path, command: Sequence[str] = ()) -> str:
    """The address of the project's service, started in the background when it does not run.

    It keeps running after this command, as the jobs do. `command` starts it; by default `rft serve`
    on a free port. Raises OutsideError with its last message when it does not come up.
    """
    if url := running(root):
        return url
    default = [sys.executable, "-m", "rft", "--project", str(root), "serve", "--port", "0"]
    log = root / "runs" / "train" / "serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    print("starting rft serve in the background ...", flush=True)
    with log.open("wb") as out:
        # A session of its own: Ctrl-C here must not end the training.
        process = subprocess.Popen(
            list(command) or default,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if url := running(root):
            print(f"rft serve runs: {url}, process {process.pid}, {log}")
            return url
        if process.poll() is not None:
            break
        time.sleep(0.1)
    else:
        process.kill()
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
    raise OutsideError(f"rft serve did not start; it said: {lines[-1].removeprefix('rft: ')}")
