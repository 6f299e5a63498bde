"""Training jobs and exports of every template, as far as they go without a vendor."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import USE_CASES, Bake, BakedProject, Done, Run

HOSTED = [use_case for use_case in USE_CASES if use_case != "code-exec"]


def rft(run: Run, project: BakedProject, *arguments: str, code: int | None = 0) -> Done:
    command = (sys.executable, "-m", "rft", *arguments)
    return run(*command, cwd=project.path, code=code)


@pytest.mark.parametrize("use_case", HOSTED)
def test_the_lambda_scores_stored_answers_as_the_project_does(
    bake: Bake, run: Run, use_case: str, tmp_path: Path
) -> None:
    project = bake(use_case=use_case)
    rft(run, project, "export", "bedrock", "--output", str(tmp_path / "aws"))
    output = run(sys.executable, "-I", tmp_path / "aws/try_locally.py", cwd=tmp_path).out
    assert output.count("200 of 200 rewards are the project's own") == 3


def test_a_lambda_runs_no_code_of_a_model(bake: Bake, run: Run) -> None:
    done = rft(run, bake(use_case="code-exec"), "export", "bedrock", code=2)
    assert "Bedrock cannot carry local 'code_exec': it runs code" in done.err


@pytest.mark.parametrize("use_case", USE_CASES)
def test_every_template_has_a_job_that_could_be_sent(bake: Bake, run: Run, use_case: str) -> None:
    project = bake(fresh=True, use_case=use_case)
    profile = "openai" if use_case in HOSTED else "local"
    rft(run, project, "train", "--dry-run", "--profile", profile, "--from", "base-1")
    (path,) = (project.path / "runs/train").glob("*/body.json")
    grader = json.loads(path.read_text(encoding="utf-8"))["method"]["reinforcement"]["grader"]
    assert "def grade(" in json.dumps(grader)
    assert "file://" not in json.dumps(grader)


# extraction's rows take twice as long as code-gen's.
STARTER = ["code-gen", pytest.param("extraction", marks=pytest.mark.slow)]


@pytest.mark.parametrize("use_case", STARTER)
def test_starter_rows_pass_the_check_and_each_method_has_its_own(
    bake: Bake, run: Run, use_case: str
) -> None:
    project = bake(fresh=True, use_case=use_case)
    starter = ("--settings", "task/starter/rft.toml")
    assert "0 errors" in rft(run, project, *starter, "check").out
    rows = []
    for method in ("supervised", "reinforcement"):
        rft(run, project, *starter, "train", "--dry-run", "--method", method)
        (path,) = (project.path / "runs/starter/train").glob(f"*-{method}/train.jsonl")
        lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        rows.append({line["messages"][1]["content"] for line in lines})
    assert [len(half) for half in rows] == [64, 96]
    assert not rows[0] & rows[1]


@pytest.mark.parametrize("use_case", USE_CASES)
def test_train_local_goes_from_base_to_the_comparison(bake: Bake, run: Run, use_case: str) -> None:
    """What make would run. It takes 15 minutes; tests/test_flows_install.py trains less."""
    output = run("make", "-n", "train-local", "UV=", cwd=bake(use_case=use_case).path).out
    wanted = ("--model base", "--method supervised", "--model warm", "--from warm", "compare warm")
    places = [output.index(text) for text in wanted]
    assert places == sorted(places)
    assert ("task/starter/rft.toml" in output) == (use_case in ("code-gen", "extraction"))
