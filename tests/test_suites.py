"""A baked project's own tests and check pass, with the packages of this environment."""

from __future__ import annotations

import sys

import pytest
from conftest import ROOT, USE_CASES, Bake, Run

# Code is run there, in a sandbox: 7 s each; tests/test_flows_install.py does both as well.
EVERYDAY = [pytest.param(u, marks=pytest.mark.slow) if u == "code-exec" else u for u in USE_CASES]


@pytest.mark.parametrize("use_case", EVERYDAY)
def test_the_projects_own_tests_pass(bake: Bake, run: Run, use_case: str) -> None:
    project = bake(fresh=True, use_case=use_case)
    # tests/test_evals.py takes 20 s; tests/test_flows_install.py runs it.
    command = (sys.executable, "-m", "pytest", "-q", "--ignore", "tests/test_evals.py")
    assert " passed" in run(*command, cwd=project.path).out


def test_every_projects_type_check_passes(bake: Bake, run: Run) -> None:
    # One after another: they share one cache, which `make lint` has filled with the packages. All
    # projects have modules of one name; by their whole paths mypy tells them apart even if their
    # sizes and times are equal.
    command = (sys.executable, "-m", "mypy", "--cache-dir", ROOT / ".mypy_cache")
    for use_case in USE_CASES:
        path = bake(fresh=True, use_case=use_case).path
        folders = [path / name for name in ("task", "tests", "evals")]
        assert "no issues found" in run(*command, *folders, cwd=path).out


@pytest.mark.parametrize("use_case", EVERYDAY)
def test_the_shipped_data_and_grader_pass_the_check(bake: Bake, run: Run, use_case: str) -> None:
    project = bake(fresh=True, use_case=use_case)
    done = run(sys.executable, "-m", "rft", "check", cwd=project.path)
    assert "0 errors" in done.out
    assert "check: no errors" in done.out
