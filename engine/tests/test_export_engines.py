"""Each export in the real engine of its target, in an environment of its own.

Every engine is downloaded, some have gigabytes, so they are named: RFT_ENGINES="inspect promptfoo".
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rft.export.target import TARGETS
from tests.conftest import Outcome

Rft = Callable[..., Outcome]
ENGINES = os.environ.get("RFT_ENGINES", "").split()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(not ENGINES, reason="RFT_ENGINES names no target to install"),
]


def run(folder: Path, *command: str) -> str:
    """What a command prints; fails the test when the command does."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("target", [name for name in TARGETS if name in ENGINES])
def test_the_readmes_commands_give_the_projects_rewards(
    rft: Rft, project: Path, target: str
) -> None:
    rft("export", target)
    folder = project / "exports" / target
    python = str(folder / ".venv/bin/python")
    run(folder, sys.executable, "-m", "venv", ".venv")
    if (folder / "requirements.txt").exists():
        run(folder, python, "-m", "pip", "install", "-q", "-r", "requirements.txt")
    if (folder / "package.json").exists():
        run(folder, "npm", "install", "--no-audit", "--no-fund")
    if (folder / "make_parquet.py").exists():
        run(folder, python, "make_parquet.py")
    assert "rewards are the project's own" in run(folder, python, "try_locally.py")
