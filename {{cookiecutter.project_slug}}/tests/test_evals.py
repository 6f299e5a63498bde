"""The eval scripts run from start to end against a small endpoint, and agree with the commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rft
from rft.testing import AnswerEndpoint, Message, small_copy

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A small copy of the project; its model `tuned` knows every answer, `base` knows none."""
    copy = small_copy(ROOT, tmp_path / "project")
    opened = rft.Project.open(copy)
    rows = [row for split in ("train", "validation", "test") for row in opened.rows(split)]
    references = {
        opened.task.messages(row.item)[-1]["content"]: opened.task.gold(row.item).model_dump_json()
        for row in rows
    }

    def answer(model: str, messages: list[Message]) -> str:
        return references[messages[-1]["content"]] if model == "tuned" else "I do not know."

    with AnswerEndpoint(answer) as endpoint:
        endpoint.serve_to(copy, base="base", tuned="tuned")
        yield copy


def run(project: Path, *command: str) -> tuple[int, str]:
    """The exit code and output of a Python command in the project."""
    done = subprocess.run(
        [sys.executable, *command], cwd=project, capture_output=True, encoding="utf-8"
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def mean_reward(output: str) -> str:
    """The first line about the mean reward over all rows."""
    return next(line for line in output.splitlines() if " over " in line and " answers" in line)


def test_baseline_goes_from_the_check_to_the_report(project: Path) -> None:
    code, output = run(project, "evals/baseline.py", "--model", "base", "--split", "test")
    assert code == 1  # a model that knows nothing is not ready
    assert "NO-GO" in output or "NOT YET" in output
    assert list(project.glob("runs/*/report.html"))
    _, command = run(project, "-m", "rft", "eval", "--model", "base", "--split", "test")
    assert mean_reward(command) == mean_reward(output)


def test_compare_gives_the_verdict_of_the_command(project: Path) -> None:
    code, output = run(project, "evals/compare.py", "base", "tuned", "--split", "test")
    assert code == 0
    _, command = run(project, "-m", "rft", "compare", "base", "tuned", "--split", "test", "--quiet")
    assert command.strip() in output
