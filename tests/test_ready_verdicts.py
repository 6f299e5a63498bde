"""The shipped test rows are enough for a GO, if the model can learn."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import USE_CASES, Bake, Run

SIMULATE = Path(__file__).with_name("simulate_ready.py")


@pytest.mark.slow
@pytest.mark.parametrize("use_case", [name for name in USE_CASES if name != "blank"])
def test_a_model_that_can_learn_gets_a_go_and_no_no_go(bake: Bake, run: Run, use_case: str) -> None:
    project = bake(fresh=True, use_case=use_case)
    done = run("env", "PYTHONPATH=.", sys.executable, SIMULATE, "20", cwd=project.path)
    result = json.loads(done.out)
    assert result["verdicts"].get("GO", 0) >= 17, result["open"]
    assert "NO-GO" not in result["verdicts"]


@pytest.mark.slow
def test_three_test_rows_are_not_yet_and_say_how_many_are_missing(bake: Bake, run: Run) -> None:
    project = bake(fresh=True, use_case="blank")
    done = run("env", "PYTHONPATH=.", sys.executable, SIMULATE, "3", cwd=project.path)
    assert json.loads(done.out)["verdicts"] == {"NOT YET": 3}
    assert "test rows" in json.loads(done.out)["next_step"]
