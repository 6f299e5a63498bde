"""A baked project's own tests pass, here with this environment's packages (fast)."""

from __future__ import annotations

import sys

import pytest
from conftest import TASKS, Bake, Run

# Code is run there, in a sandbox: 8 s.
CHECKED = [pytest.param(t, marks=pytest.mark.slow) if t == "code-gen-exec" else t for t in TASKS]


@pytest.mark.parametrize("task", TASKS)
def test_the_tasks_own_tests_pass(bake: Bake, run: Run, task: str) -> None:
    project = bake(fresh=True, **TASKS[task])
    command = (sys.executable, "-m", "pytest", "-q", "-m", "not slow", "tests/task")
    assert " passed" in run(*command, cwd=project.path).out


@pytest.mark.slow
@pytest.mark.parametrize("task", ["extraction", "policy"])
def test_the_tasks_slow_tests_pass(bake: Bake, run: Run, task: str) -> None:
    project = bake(fresh=True, **TASKS[task])
    command = (sys.executable, "-m", "pytest", "-q", "-m", "slow", "tests/task")
    assert " passed" in run(*command, cwd=project.path).out


@pytest.mark.slow
def test_the_engines_slow_tests_pass(bake: Bake, run: Run) -> None:
    """Those on simulated projects and random graders; the install tests try every attack."""
    project = bake(fresh=True, use_case="policy")
    files = [f"tests/engine/test_{name}.py" for name in ("simulated", "graders_oracle")]
    command = (sys.executable, "-m", "pytest", "-q", "-m", "slow", *files)
    done = run("env", "PYTHONPATH=src", *command, cwd=project.path, timeout=1800)
    assert " passed" in done.out


@pytest.mark.parametrize("part", range(4))
def test_the_engines_own_tests_pass(bake: Bake, run: Run, part: int) -> None:
    """In parts, for all cores to have work."""
    project = bake(fresh=True, use_case="policy")
    files = [name for name in project.files() if name.startswith("tests/engine/test_")]
    done = run(
        "env",
        "PYTHONPATH=src",
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "not slow",
        *files[part::4],
        cwd=project.path,
    )
    assert " passed" in done.out


@pytest.mark.parametrize("task", CHECKED)
def test_the_shipped_data_and_grader_pass_the_check(bake: Bake, run: Run, task: str) -> None:
    project = bake(fresh=True, **TASKS[task])
    done = run("env", "PYTHONPATH=src", sys.executable, "-m", "rft", "check", cwd=project.path)
    assert "0 errors" in done.out
    assert "check: no errors" in done.out
