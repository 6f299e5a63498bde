"""What a command loads: nobody waits for a library that the command does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rft import interval
from rft.stats import mean_interval

HEAVY = "aiohttp httpx2 matplotlib numpy openai pandas scipy simple_icd_10_cm sklearn statsmodels"
SCRIPT = """
import sys
from rft.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
for name in {names!r}.split():
    assert name not in sys.modules, name
"""


@pytest.mark.parametrize(
    ("command", "names"), [("--help", f"{HEAVY} asyncio pydantic rapidfuzz task"), ("check", HEAVY)]
)
def test_a_command_loads_no_library_that_it_does_not_use(
    project: Path, command: str, names: str
) -> None:
    script = SCRIPT.format(names=names)
    done = subprocess.run(
        [sys.executable, "-c", script, command], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("values", [[], [0.5], [0.0, 1.0, 1.0], [0.1, 0.7, 0.4]])
@pytest.mark.parametrize("process", [interval.PROCESS, ("-c", "raise SystemExit(1)")])
def test_the_interval_is_the_same_from_a_process_of_its_own_and_without_it(
    monkeypatch: pytest.MonkeyPatch, values: list[float], process: tuple[str, ...]
) -> None:
    monkeypatch.setattr(interval, "PROCESS", process)
    with interval.interval_beside() as mean_of:
        assert str(mean_of(values)) == str(mean_interval(values))
