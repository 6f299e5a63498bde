"""No answer and no row, however broken, makes a shipped grader raise, hang or leave [0, 1]."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import USE_CASES, Bake, BakedProject, Run

FUZZ = Path(__file__).with_name("fuzz_grader.py")


def fuzz(run: Run, project: BakedProject, cases: int, seed: int = 11) -> dict[str, Any]:
    command = (sys.executable, FUZZ, str(cases), str(seed))
    done = run("env", "PYTHONPATH=.", *command, cwd=project.path, timeout=1800)
    found: dict[str, Any] = json.loads(done.out)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("use_case", USE_CASES)
def test_10_000_broken_answers_and_rows_break_no_shipped_grader(
    bake: Bake, run: Run, use_case: str
) -> None:
    """Some cases score 1 and many score in between, so the fuzz gets past the first check."""
    found = fuzz(run, bake(fresh=True, use_case=use_case), 10_000)
    print({key: value for key, value in found.items() if key != "first"})
    assert found["bad"] == 0, found["first"]
    assert found["between"] > 200
    assert found["ones"] > 300


@pytest.mark.parametrize("fault", ["raise ValueError", "return 1.5", "import os; os._exit(1)"])
def test_the_fuzz_notices_a_grader_that_breaks(bake: Bake, run: Run, fault: str) -> None:
    project = bake(fresh=True, use_case="policy")
    source = project.read("task/grader.py")
    hook = f"    if not read_answer(sample):\n        {fault}\n    return _whole(sample, item)\n"
    source += "\n_whole = grade\ndef grade(sample, item):\n" + hook
    project.write("task/grader.py", source)
    found = fuzz(run, project, 50)
    assert 0 < found["bad"] < 50
