"""`rft export bedrock`: the Lambda gives the project's own rewards."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rft.export.aws import handler
from tests.conftest import Outcome

Rft = Callable[..., Outcome]
JUDGE = {
    "type": "score_model",
    "name": "judge",
    "model": "m",
    "input": [{"role": "user", "content": "{{sample.output_text}}"}],
}

TOY = {"type": "python", "name": "toy", "source": "file://grader.py"}


@pytest.fixture
def exported(rft: Rft, project: Path) -> Path:
    """The toy project's export."""
    assert rft("export", "bedrock").code == 0
    return project / "exports/bedrock"


def try_locally(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(folder / "try_locally.py")]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_lambda_gives_the_projects_rewards_in_every_event_shape(exported: Path) -> None:
    done = try_locally(exported)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 of 2 rewards are the project's own") == 3


def test_rows_that_bedrock_does_not_take_are_warned_of(rft: Rft) -> None:
    assert "22 training rows, but Bedrock takes 100 to 20,000" in rft("export", "bedrock").out


def test_the_local_test_sees_another_reward(exported: Path) -> None:
    path = exported / "lambda/grader_1.py"
    path.write_text(path.read_text().replace("return 1.0", "return 0.9"))
    done = try_locally(exported)
    assert done.returncode == 1
    assert "gold: 0.9, expected 1.0" in done.stdout


def test_the_data_are_in_bedrocks_shape(exported: Path) -> None:
    rows = [json.loads(text) for text in (exported / "train.jsonl").read_text().splitlines()]
    assert {m["role"] for row in rows for m in row["messages"]} == {"system", "user"}
    assert rows[0]["reference_answer"] == "rebma"


def test_the_folder_holds_what_is_deployed(exported: Path) -> None:
    names = {path.relative_to(exported).as_posix() for path in exported.rglob("*.*")}
    assert {"lambda/handler.py", "lambda/reward.json", "trust.json", "caller.json"} <= names
    assert "@NOTES@" not in (exported / "DEPLOY.md").read_text()


def test_a_second_export_replaces_the_first(exported: Path, rft: Rft) -> None:
    (exported / "lambda/old.py").write_text("")
    (exported / "lambda.zip").write_text("")
    assert rft("export", "bedrock").code == 0
    assert not (exported / "lambda/old.py").exists()
    assert (exported / "lambda.zip").exists()


def test_a_folder_of_another_kind_is_left_alone(rft: Rft, project: Path) -> None:
    (project / "mine/lambda").mkdir(parents=True)
    outcome = rft("export", "bedrock", "--output", "mine")
    assert outcome.code == 2
    assert "is not an export of rft" in outcome.err


def set_grader(project: Path, spec: dict[str, Any]) -> None:
    (project / "task/grader.json").write_text(json.dumps(spec))


def test_several_python_graders_and_their_formula_are_carried(rft: Rft, project: Path) -> None:
    half = "import numpy\ndef grade(sample, item):\n    return 0.5\n"
    parts = {
        "toy": {"type": "python", "name": "toy", "source": "file://grader.py"},
        "half": {"type": "python", "name": "half", "source": half},
    }
    spec = {"type": "multi", "graders": parts, "calculate_output": "min(toy, half) ^ 2"}
    set_grader(project, spec)
    outcome = rft("export", "bedrock")
    assert "the Lambda needs numpy" in outcome.out
    assert "pip install --target lambda" in (project / "exports/bedrock/DEPLOY.md").read_text()
    assert try_locally(project / "exports/bedrock").returncode == 0


def test_a_judge_in_a_weighted_sum_is_left_out_and_that_is_said(rft: Rft, project: Path) -> None:
    parts = {"toy": TOY, "judge": JUDGE}
    set_grader(
        project, {"type": "multi", "graders": parts, "calculate_output": "0.7*toy + 0.3*judge"}
    )
    outcome = rft("export", "bedrock")
    assert "left out: judge, which asks a model" in outcome.out
    assert "## What is left out" in (project / "exports/bedrock/DEPLOY.md").read_text()
    assert try_locally(project / "exports/bedrock").returncode == 0


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (JUDGE, "cannot carry 'grader', which asks a model, nor do without it"),
        (
            {
                "type": "multi",
                "graders": {"judge": JUDGE, "toy": TOY},
                "calculate_output": "min(judge, toy)",
            },
            "cannot carry 'judge', which asks a model, nor do without it (calculate_output",
        ),
        (
            {
                "type": "text_similarity",
                "name": "t",
                "input": "{{sample.output_text}}",
                "reference": "{{item.reference_answer}}",
                "evaluation_metric": "fuzzy_match",
            },
            "cannot carry text_similarity 'grader': write it as a python grader",
        ),
        (
            {"type": "local", "name": "l", "source": "file://grader.py", "hosted": "endpoint"},
            "A Lambda cannot carry the grader: 'l' runs code",
        ),
    ],
)
def test_what_a_lambda_cannot_carry_is_refused(
    rft: Rft, project: Path, spec: dict[str, Any], told: str
) -> None:
    set_grader(project, spec)
    outcome = rft("export", "bedrock")
    assert outcome.code == 2
    assert told in outcome.err
    assert not (project / "exports").exists()


# the handler alone -----------------------------------------------------------------------------


def trajectory(text: Any, **more: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": "s"}, {"role": "assistant", "content": text}]
    return {"id": "t", "messages": messages, "metadata": {"reference_answer": "y"}} | more


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ([{"type": "text", "text": "one"}, {"text": " two"}], "one two"),
        ("<think>no</think>\nyes", "yes"),
        ("reasoning</think>yes", "yes"),
        ("<think>cut off", ""),
        (None, ""),
    ],
)
def test_the_answers_text_is_found(content: Any, text: str) -> None:
    sample, item = handler.read_trajectory(trajectory(content))
    assert sample["output_text"] == text
    assert item["messages"] == [{"role": "developer", "content": "s"}]


@pytest.mark.parametrize(("text", "there"), [('{"a": 1}', True), ("NaN", False), ("{", False)])
def test_only_strict_json_is_output_json(text: str, there: bool) -> None:
    assert ("output_json" in handler.read_trajectory(trajectory(text))[0]) is there


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({}, "not a list of trajectories"),
        ("text", "not a list of trajectories"),
        ([trajectory("x", metadata={})], "trajectory t: no reference_answer"),
        ([trajectory("x", messages=[])], "its last message is not the assistant's"),
        ([trajectory("x", messages=[{"role": "user", "content": "q"}])], "not the assistant's"),
    ],
)
def test_an_unknown_event_stops_the_job_instead_of_scoring_zero(event: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        handler.lambda_handler(event)


@pytest.mark.parametrize(
    ("returned", "reward", "errors"),
    [("0.25", 0.25, 0.0), ("7", 1.0, 0.0), ("float('nan')", 0.0, 1.0), ("'1.0'", 0.0, 1.0),
     ("True", 0.0, 1.0), ("1 / 0", 0.0, 1.0)],
)  # fmt: skip
def test_a_grader_that_fails_scores_zero_and_is_counted(
    monkeypatch: pytest.MonkeyPatch, returned: str, reward: float, errors: float
) -> None:
    module = ModuleType("grader_1")
    exec(f"def grade(sample, item):\n    return {returned}", module.__dict__)
    setup: dict[str, Any] = {"graders": {"g": "grader_1"}, "calculate_output": None, "left_out": []}
    monkeypatch.setattr(handler, "load", lambda: (setup, {"g": module}))
    (answer,) = handler.lambda_handler([trajectory("x")])
    assert answer["aggregate_reward_score"] == reward
    assert {"name": "grader_errors", "value": errors, "type": "Metric"} in answer["metrics_list"]
