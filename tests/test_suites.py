"""A baked project's own tests pass, here with this environment's packages (fast)."""

from __future__ import annotations

import sys

import pytest
from conftest import TASKS, Bake, Run


@pytest.mark.parametrize("task", TASKS)
def test_the_tasks_own_tests_pass(bake: Bake, run: Run, task: str) -> None:
    project = bake(fresh=True, **TASKS[task])
    done = run(sys.executable, "-m", "pytest", "-q", "tests/task", cwd=project.path)
    assert " passed" in done.out


def test_the_engines_own_tests_pass(bake: Bake, run: Run) -> None:
    project = bake(fresh=True, use_case="policy")
    done = run(
        "env",
        "PYTHONPATH=src",
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "not slow",
        "tests/engine",
        cwd=project.path,
    )
    assert " passed" in done.out


@pytest.mark.parametrize("task", TASKS)
def test_the_shipped_data_and_grader_pass_the_check(bake: Bake, run: Run, task: str) -> None:
    project = bake(fresh=True, **TASKS[task])
    done = run("env", "PYTHONPATH=src", sys.executable, "-m", "rft", "check", cwd=project.path)
    assert "0 errors" in done.out
    assert "check: no errors" in done.out
