"""`rft eval --regrade`: the answers that are stored, graded with another grader."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rft import runs
from rft.project.shards import in_window
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.stored import keep_answers
from tests.toy import point_to

Rft = Callable[..., Outcome]
HALF = "def grade(sample, item):\n    return 0.5\n"


@pytest.fixture
def sampled(rft: Rft, project: Path, endpoint: Endpoint) -> Endpoint:
    """The toy project with a whole run, whose grader has changed since."""
    point_to(project, endpoint.url)
    rft("eval")
    (project / "task" / "grader.py").write_text(HALF)
    return endpoint


def newest(project: Path) -> runs.Run:
    return list(runs.all_runs(project / "runs"))[-1]


def rewards(run: runs.Run) -> dict[tuple[str, int], float | None]:
    return {(record.item_id, record.k): record.reward for record in run.records()}


def test_stored_answers_are_graded_again_and_no_model_is_asked(
    rft: Rft, project: Path, sampled: Endpoint
) -> None:
    outcome = rft("eval", "--regrade")
    assert outcome.code == 0
    assert "mean reward 0.50" in outcome.out
    assert len(sampled.bodies) == 8
    old, new = runs.all_runs(project / "runs")
    assert rewards(new) == dict.fromkeys(rewards(old), 0.5)
    assert [r.sample for r in new.records()] == [r.sample for r in old.records()]


def test_the_regraded_run_is_whole_and_is_the_one_rft_eval_takes(
    rft: Rft, project: Path, sampled: Endpoint
) -> None:
    rft("eval", "--regrade")
    assert "holds all 8 answers already" in rft("eval").out
    assert "holds all 8 answers already" in rft("eval", "--regrade").out
    assert len(sampled.bodies) == 8


def test_an_interrupted_regrading_goes_on_from_the_whole_run(
    rft: Rft, project: Path, sampled: Endpoint
) -> None:
    rft("eval", "--regrade")
    keep_answers(newest(project), 3)
    assert rft("eval", "--regrade").code == 0
    assert len(rewards(newest(project))) == 8


def test_what_was_never_sampled_stays_missing(rft: Rft, project: Path, sampled: Endpoint) -> None:
    rft("eval", "--regrade", "--samples", "3")
    assert len(newest(project).missing()) == 4
    rft("eval", "--samples", "3")
    assert len(sampled.bodies) == 12


@pytest.mark.parametrize("change", [("--split", "test"), ("--model", "other")])
def test_without_answers_to_the_same_requests_there_is_nothing_to_grade(
    rft: Rft, sampled: Endpoint, change: tuple[str, str]
) -> None:
    outcome = rft("eval", "--regrade", *change)
    assert outcome.code == 2
    assert "sample them with `rft eval`" in outcome.err


def test_corrected_reference_answers_are_graded_against(
    rft: Rft, project: Path, sampled: Endpoint
) -> None:
    data = project / "task" / "data" / "validation.jsonl"
    grader = "def grade(sample, item):\n    return float(item['reference_answer'] == 'new')\n"
    (project / "task" / "grader.py").write_text(grader)
    rows = [json.loads(line) | {"reference_answer": "new"} for line in data.open()]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "mean reward 1.00" in rft("eval", "--regrade").out


def test_a_grader_that_breaks_leaves_answers_to_be_graded_again(
    rft: Rft, project: Path, sampled: Endpoint
) -> None:
    grader = project / "task" / "grader.py"
    grader.write_text("import os\ndef grade(sample, item):\n    os._exit(3)\n")
    assert rft("eval", "--regrade").code == 3
    grader.write_text(HALF)
    assert "mean reward 0.50" in rft("eval", "--regrade").out


def test_a_cluster_needs_ray(rft: Rft, sampled: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    outcome = rft("eval", "--regrade", "--ray", "local")
    assert outcome.code == 2
    assert "-e '.[ray]'" in outcome.err


@pytest.mark.parametrize("options", [("--regrade", "--batch"), ("--ray", "auto")])
def test_ways_that_exclude_each_other_are_refused(rft: Rft, options: tuple[str, ...]) -> None:
    assert rft("eval", *options).code == 2


def test_a_window_takes_tasks_only_when_they_are_needed() -> None:
    tasks = iter(range(9))
    with ThreadPoolExecutor(2) as pool:
        results = in_window(lambda n: pool.submit(pow, n, 2), tasks, 2)
        first = next(results)
        assert next(tasks) == 3
        assert sorted([first, *results]) == [0, 1, 4, 16, 25, 36, 49, 64]
