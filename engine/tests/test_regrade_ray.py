"""`rft eval --regrade --ray` on two machines: a cluster of two nodes on this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rft import runs
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.toy import point_to

ray = pytest.importorskip("ray", reason="ray is not installed: pip install -e '.[ray]'")
pytestmark = pytest.mark.slow
Rft = Callable[..., Outcome]

GRADER = """
def grade(sample, item):
    return len(sample["output_text"]) / 40

def explain(sample, item):
    return {"length": float(len(sample["output_text"]))}
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with one CPU each."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes.add_node(num_cpus=1)
    yield nodes
    nodes.shutdown()


@pytest.fixture
def sampled(rft: Rft, project: Path, endpoint: Endpoint) -> Path:
    """A project with a whole run, whose grader has changed since."""
    point_to(project, endpoint.url)
    rft("eval")
    (project / "task" / "grader.py").write_text(GRADER)
    return project


def grades(project: Path) -> list[tuple[Any, ...]]:
    newest = list(runs.all_runs(project / "runs"))[-1]
    return [(r.item_id, r.k, r.reward, r.grade and r.grade.parts) for r in newest.records()]


def run_locally(project: Path) -> None:
    """Make the grader one that sees the project."""
    spec = project / "task" / "grader.json"
    local = '"local", "hosted": "endpoint"'
    spec.write_text(spec.read_text().replace('"python"', local))


def test_two_nodes_give_the_same_grades_as_one_process(
    rft: Rft, sampled: Path, cluster: Any
) -> None:
    assert rft("eval", "--regrade").code == 0
    here = grades(sampled)
    outcome = rft("eval", "--regrade", "--new", "--ray", cluster.address)
    assert outcome.code == 0
    assert len(list(runs.all_runs(sampled / "runs"))) == 3
    assert grades(sampled) == here


def test_a_grader_of_the_team_runs_on_the_cluster_with_its_project(
    rft: Rft, sampled: Path, cluster: Any
) -> None:
    (sampled / "task" / "half.py").write_text("HALF = 0.5\n")
    (sampled / "task" / "grader.py").write_text(
        "def grade(sample, item):\n    from task.half import HALF\n    return HALF\n"
    )
    run_locally(sampled)
    outcome = rft("eval", "--regrade", "--ray", cluster.address)
    assert "mean reward 0.50" in outcome.out


def test_the_environment_file_with_its_keys_stays_here(
    rft: Rft, sampled: Path, cluster: Any
) -> None:
    (sampled / ".env").write_text("SOME_KEY=sk-secret\n")
    (sampled / "task" / "grader.py").write_text(
        "import os\n"
        "def grade(sample, item):\n"
        "    from pathlib import Path\n"
        "    return float(Path('.env').exists())\n"
    )
    run_locally(sampled)
    assert "mean reward 0.00" in rft("eval", "--regrade", "--ray", cluster.address).out


def test_a_cluster_that_is_not_there_is_named(rft: Rft, sampled: Path) -> None:
    outcome = rft("eval", "--regrade", "--ray", "127.0.0.1:1")
    assert outcome.code == 2
    assert "no Ray cluster answers at '127.0.0.1:1'" in outcome.err
