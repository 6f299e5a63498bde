"""A task needs its schema, its grader and its rows; every other file may be left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.toy import point_to

Rft = Callable[..., Outcome]
OPTIONAL = ("floors.py", "probes.jsonl", "importer.py")


@pytest.mark.parametrize("names", [*((name,) for name in OPTIONAL), OPTIONAL])
def test_check_has_no_error_without_it(rft: Rft, project: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (project / "task" / name).unlink()
    out = rft("check").out
    assert "check: no errors" in out
    assert ("probes: none" in out) == ("probes.jsonl" in names)


def test_eval_ready_and_report_work_with_the_least(
    rft: Rft, project: Path, endpoint: Endpoint
) -> None:
    for name in OPTIONAL:
        (project / "task" / name).unlink()
    point_to(project, endpoint.url)
    assert rft("eval").code == 0
    assert "NOT YET" in rft("ready").out
    assert rft("report").code == 0


@pytest.mark.parametrize("name", ["schema.py", "grader.py", "grader.json", "data/test.jsonl"])
def test_check_names_what_it_needs(rft: Rft, project: Path, name: str) -> None:
    (project / "task" / name).unlink()
    outcome = rft("check")
    assert outcome.code != 0
    assert name in outcome.out + outcome.err
