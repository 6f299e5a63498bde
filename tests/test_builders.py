"""The programs in builders/ reproduce the shipped data and pass their own tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from conftest import ROOT, USE_CASES, Run

WRITTEN_BY_HAND = {"extraction": {"human.jsonl", "probes.jsonl"}}
BUILDS = [pytest.param(u, marks=pytest.mark.slow) if u == "code-exec" else u for u in USE_CASES]
"""code-exec runs code in a sandbox."""


@pytest.mark.parametrize("use_case", BUILDS)
def test_shipped_data_is_made_anew_byte_for_byte(run: Run, use_case: str, tmp_path: Path) -> None:
    made, task = tmp_path / "task", ROOT / "templates" / use_case / "task"
    run(sys.executable, ROOT / "builders" / "make_data.py", use_case, "--into", made, cwd=tmp_path)
    shipped = {path.relative_to(task) for path in task.rglob("*.jsonl")}
    built = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    by_hand = {name.as_posix() for name in shipped - built}
    assert by_hand == WRITTEN_BY_HAND.get(use_case, set())
    assert [
        name for name in built if (made / name).read_bytes() != (task / name).read_bytes()
    ] == []


@pytest.mark.slow
@pytest.mark.parametrize("use_case", USE_CASES)
@pytest.mark.parametrize("which", ["not slow", "slow"])
def test_builders_pass_their_tests(run: Run, use_case: str, which: str) -> None:
    builder = ROOT / "builders" / use_case
    path = os.pathsep.join(map(str, (builder, ROOT / "builders", ROOT / "templates" / use_case)))
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", which, "tests")
    settings = ("-c", ROOT / "builders" / "pytest.ini", "--rootdir", builder)
    done = run(
        "env", f"PYTHONPATH={path}", sys.executable, *command, *settings, cwd=builder, code=None,
        timeout=1800,
    )  # fmt: skip
    assert done.code == 0 or (done.code == 5 and which == "slow"), done.said  # 5: has no slow test


def test_every_use_case_has_a_builder() -> None:
    assert sorted(path.parent.name for path in ROOT.glob("builders/*/build_data.py")) == sorted(
        USE_CASES
    )
