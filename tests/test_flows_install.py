"""A baked project installs by itself in a new environment and passes its own tests (slow)."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest
from conftest import ENGINE_VERSION, ROOT, USE_CASES, BakedProject, Run

# The user's answers must not break the build back end either.
AWKWARD = 'author=Ada "O\'Neil", {{ 7*7 }} \\ 😀'


def make(run: Run, folder: Path, use_case: str) -> BakedProject:
    answers = (f"use_case={use_case}", AWKWARD)
    run("cookiecutter", ROOT, "--no-input", *answers, cwd=folder)
    return BakedProject(folder / "my-rft-project")


def set_up(run: Run, project: BakedProject, uv: str = "") -> None:
    run("make", "setup", f"UV={uv}", f"PYTHON={sys.executable}", cwd=project.path)


def versions(frozen: str) -> dict[str, str]:
    lines = (line for line in frozen.splitlines() if not line.startswith("#"))
    pins = (line.split("==") for line in lines if "==" in line)
    return {name.lower().replace("_", "-"): version for name, version in pins}


def run_main_job(run: Run, project: BakedProject) -> None:
    """Check, eval on a real model, verdict, report: no key, no GPU."""
    rft, drawn = ".venv/bin/rft", ("eval", "--limit", "1", "--samples", "2")
    run(rft, "check", cwd=project.path)
    assert "over 1 row, 2 answers" in run(rft, *drawn, cwd=project.path, timeout=1200).out
    assert "holds all 2 answers" in run(rft, *drawn, cwd=project.path).out
    verdict = run(rft, "ready", cwd=project.path, code=1).out
    assert "NO-GO" in verdict or "NOT YET" in verdict  # two answers are too few
    run(rft, "report", cwd=project.path)
    (report,) = project.path.glob("runs/*/report.html")
    assert "smollm2-135m-instruct" in report.read_text(encoding="utf-8")


def lend_packages(venv: Path, folder: Path) -> None:
    """Let a new environment have the packages of this one, except the engine."""
    purelib = Path(sysconfig.get_path("purelib"))
    folder.mkdir()
    for path in purelib.iterdir():
        if path.name.partition("-")[0] not in ("pip", "setuptools", "rft_engine"):
            (folder / path.name).symlink_to(path)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(venv)}))
    packages.mkdir(parents=True)
    (packages / "lent.pth").write_text(f"{folder}\n", encoding="utf-8")


def test_one_project_installs_from_its_wheel_and_does_its_main_job(
    run: Run, tmp_path: Path
) -> None:
    """What a new user does, with packages that are here already; test-all downloads them."""
    project = make(run, tmp_path, "blank")
    lend_packages(project.path / ".venv", tmp_path / "packages")
    set_up(run, project)
    engine = run(".venv/bin/python", "-c", "import rft; print(rft.__file__)", cwd=project.path).out
    assert Path(engine).is_relative_to(project.path / ".venv")
    run(".venv/bin/python", "-m", "pytest", "-q", "tests/test_evals.py", cwd=project.path)
    run_main_job(run, project)


@pytest.mark.slow
@pytest.mark.parametrize("use_case", USE_CASES)
def test_project_installs_passes_its_own_tests_and_does_its_main_job(
    run: Run, tmp_path: Path, use_case: str
) -> None:
    project = make(run, tmp_path, use_case)
    set_up(run, project)
    done = run("make", "test", cwd=project.path, timeout=1200)
    assert re.search(r"\d+ passed", done.out)
    assert " failed" not in done.out
    frozen = run(".venv/bin/python", "-m", "pip", "freeze", cwd=project.path).out
    pinned = versions(project.read("constraints.txt"))
    pinned["rft-engine"] = ENGINE_VERSION
    assert {n: v for n, v in versions(frozen).items() if pinned.get(n) != v} == {}
    run_main_job(run, project)


@pytest.mark.slow
def test_project_installs_with_uv(run: Run, tmp_path: Path, env: dict[str, str]) -> None:
    uv = shutil.which("uv", path=env["PATH"])
    if not uv:
        pytest.skip("uv is not installed here")
    project = make(run, tmp_path, "blank")
    set_up(run, project, uv)
    run("make", "test", cwd=project.path, timeout=1200)
    assert "check" in run(".venv/bin/rft", "--help", cwd=project.path).out


@pytest.mark.slow
def test_setup_is_done_once_and_clean_takes_it_back(run: Run, tmp_path: Path) -> None:
    project = make(run, tmp_path, "blank")
    before = project.files()
    run("make", "setup", cwd=project.path)
    assert run("make", "setup", cwd=project.path).said.startswith("make: ")
    run("make", "clean", cwd=project.path)
    assert project.files() == before


@pytest.mark.slow
def test_training_runs_in_an_environment_of_its_own(run: Run, tmp_path: Path) -> None:
    """With the packages of the train extra: jobs that train, are killed and resume."""
    project = make(run, tmp_path, "policy")
    done = run("make", ".venv/.train", "UV=", cwd=project.path, code=None, timeout=1200)
    if "No matching distribution" in done.said:
        pytest.skip("the package index has no torch for this Python")
    assert done.code == 0, done.said
    python = project.path / ".venv" / "bin" / "python"
    files = sorted((ROOT / "engine").glob("tests/test_training*.py"))
    command = (python, "-m", "pytest", "-q", "-m", "slow", *files)
    output = run(*command, cwd=ROOT / "engine", timeout=1800).out
    assert re.search(r"\d+ passed", output)
    assert "skipped" not in output
