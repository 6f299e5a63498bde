"""Figures over a whole run, from the team's task/metrics.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rft.project.figures import sentences
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.test_human import line
from tests.toy import point_to

Rft = Callable[..., Outcome]
METRICS = """
def metrics(answers, train):
    right = [s["output_text"][15:-2] == row["reference_answer"] for row, s in answers]
    return {"letters": {"right": sum(right) / len(right), "train rows": len(train)}}

def agreement(by_coder):
    return {"coders": {coder: len(answers) for coder, answers in by_coder.items()}}
"""


@pytest.fixture
def metrics(project: Path, endpoint: Endpoint) -> Path:
    """The toy project with a metrics.py."""
    point_to(project, endpoint.url)
    path = project / "task" / "metrics.py"
    path.write_text(METRICS)
    return path


def test_the_figures_are_printed_after_an_evaluation(rft: Rft, metrics: Path) -> None:
    assert "letters: right 1.00, train rows 22" in rft("eval").out


def test_without_the_file_there_are_none(rft: Rft, metrics: Path) -> None:
    metrics.unlink()
    assert "letters" not in rft("eval").out


def test_people_have_their_agreement_as_well(rft: Rft, project: Path, metrics: Path) -> None:
    lines = [line("adobe", "A", "eboda"), line("basil", "B", "lisab")]
    (project / "task" / "human.jsonl").write_text("\n".join(lines) + "\n")
    assert "coders: A 1, B 1" in rft("eval", "--model", "human").out


def test_a_failure_of_the_file_is_told_and_costs_no_answer(
    rft: Rft, project: Path, metrics: Path
) -> None:
    metrics.write_text("def metrics(answers, train):\n    return answers[0].colour\n")
    outcome = rft("eval")
    assert outcome.code == 1
    assert "task/metrics.py fails with AttributeError" in outcome.err
    assert len(list(project.glob("runs/*/records.jsonl"))) == 1


def test_counts_are_whole_and_shares_have_two_places() -> None:
    assert sentences({"F1": {"micro": 0.256, "rows": 3}}) == ["F1: micro 0.26, rows 3"]
