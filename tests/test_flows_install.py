"""Each baked project installs by itself in a new environment and passes its own tests (slow)."""

from __future__ import annotations

import re
import shutil
import sys
from itertools import product
from pathlib import Path

import pytest
from conftest import ROOT, TASKS, USE_CASES, BakedProject, Run

pytestmark = pytest.mark.slow
# No answer of the user may break the build back end either.
AWKWARD = 'author=Ada "O\'Neil", {{ 7*7 }} \\ 😀'


def make(run: Run, folder: Path, task: str, endpoint: str) -> BakedProject:
    chosen = [f"{key}={value}" for key, value in TASKS[task].items()]
    answers = (*chosen, f"endpoint={endpoint}", AWKWARD)
    run("cookiecutter", ROOT, "--no-input", *answers, cwd=folder)
    return BakedProject(folder / "my-rft-project")


def versions(frozen: str) -> dict[str, str]:
    lines = (line for line in frozen.splitlines() if not line.startswith("#"))
    pins = (line.split("==") for line in lines if "==" in line)
    return {name.lower().replace("_", "-"): version for name, version in pins}


@pytest.mark.parametrize(
    ("task", "endpoint"),
    [*product(USE_CASES, ["local", "compatible"]), ("code-gen-exec", "local")],
)
def test_project_installs_with_pip_and_passes_its_own_tests(
    run: Run, tmp_path: Path, task: str, endpoint: str
) -> None:
    project = make(run, tmp_path, task, endpoint)
    run("make", "setup", "UV=", f"PYTHON={sys.executable}", cwd=project.path)
    # The engine is the same in all of them: one project tries every attack as well.
    everything = (task, endpoint) == ("code-gen-exec", "local")
    goal = "test-all" if everything else "test"
    done = run("make", goal, cwd=project.path, timeout=1200)
    assert len(re.findall(r"\d+ passed", done.out)) == 1 + everything
    assert " failed" not in done.out
    frozen = run(".venv/bin/python", "-m", "pip", "freeze", cwd=project.path).out
    pinned = versions(project.read("constraints.txt"))
    assert {n: v for n, v in versions(frozen).items() if pinned.get(n) != v} == {}


@pytest.mark.parametrize("task", TASKS)
def test_main_job_runs_with_the_embedded_model(run: Run, tmp_path: Path, task: str) -> None:
    """No key, no GPU: check, eval on a real model, verdict, report."""
    project = make(run, tmp_path, task, "local")
    run("make", "setup", f"PYTHON={sys.executable}", cwd=project.path)
    rft = ".venv/bin/rft"
    run(rft, "check", cwd=project.path)
    done = run(rft, "eval", "--limit", "1", "--samples", "2", cwd=project.path, timeout=1200)
    assert "over 1 rows, 2 answers" in done.out
    assert (
        "holds all 2 answers"
        in run(rft, "eval", "--limit", "1", "--samples", "2", cwd=project.path).out
    )
    verdict = run(rft, "ready", cwd=project.path, code=1).out
    assert "NO-GO" in verdict or "NOT YET" in verdict  # two answers say little
    run(rft, "report", cwd=project.path)
    (report,) = project.path.glob("runs/*/report.html")
    assert "smollm2-135m-instruct" in report.read_text(encoding="utf-8")


def test_project_installs_with_uv(run: Run, tmp_path: Path, env: dict[str, str]) -> None:
    uv = shutil.which("uv", path=env["PATH"])
    if not uv:
        pytest.skip("uv is not installed here")
    project = make(run, tmp_path, "code-gen", "local")
    run("make", "setup", f"UV={uv}", cwd=project.path)
    run("make", "test", cwd=project.path, timeout=1200)
    assert "check" in run(".venv/bin/rft", "--help", cwd=project.path).out


def test_setup_is_done_once_and_clean_takes_it_back(run: Run, tmp_path: Path) -> None:
    project = make(run, tmp_path, "policy", "local")
    before = project.files()
    run("make", "setup", cwd=project.path)
    assert run("make", "setup", cwd=project.path).said.startswith("make: ")
    run("make", "clean", cwd=project.path)
    assert project.files() == before


def test_training_runs_in_an_environment_of_its_own(run: Run, tmp_path: Path) -> None:
    """With the packages of the train extra: jobs that train, are killed and go on."""
    project = make(run, tmp_path, "policy", "local")
    done = run("make", ".venv/.train", "UV=", cwd=project.path, code=None, timeout=1200)
    if "No matching distribution" in done.said:
        pytest.skip("the package index has no torch for this Python")
    assert done.code == 0, done.said
    files = sorted(project.path.glob("tests/engine/test_training*.py"))
    command = (".venv/bin/python", "-m", "pytest", "-q", "-m", "slow", *files)
    told = run(*command, cwd=project.path, timeout=1800).out
    assert re.search(r"\d+ passed", told)
    assert "skipped" not in told
