"""A schema with two ways to ask: the runs of the two never mix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rft import runs
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.toy import SCHEMA, point_to

Rft = Callable[..., Outcome]
KINDLY = 'item.word + (", please" if ask == "kindly" else "")'
TWO_WAYS = SCHEMA.replace("def messages(item):", "def messages(item, ask):").replace(
    '"content": item.word', f'"content": {KINDLY}'
)
TWO_WAYS += '\nASKS = ("kindly", "plainly")\n'


@pytest.fixture
def two_ways(project: Path, endpoint: Endpoint) -> Endpoint:
    """The toy project, its schema with two ways to ask, its rows asking kindly."""
    (project / "task" / "schema.py").write_text(TWO_WAYS)
    for path in (project / "task" / "data").glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            row["messages"][1]["content"] += ", please"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    point_to(project, endpoint.url)
    return endpoint


def choose(project: Path, ask: str) -> None:
    """Set the way to ask in rft.toml."""
    toml = project / "rft.toml"
    toml.write_text(f'{toml.read_text()}\n[task]\nask = "{ask}"\n')


def asked(endpoint: Endpoint) -> set[str]:
    """The last words of the questions the endpoint got."""
    return {body["messages"][-1]["content"][5:] for body in endpoint.bodies}


def test_the_first_way_is_asked_unless_told(rft: Rft, two_ways: Endpoint) -> None:
    rft("eval")
    assert asked(two_ways) == {", please"}


def test_another_way_is_asked_on_demand(rft: Rft, project: Path, two_ways: Endpoint) -> None:
    assert "prompt variant: plainly" in rft("eval", "--ask", "plainly").out
    assert asked(two_ways) == {""}


def test_rft_toml_chooses_the_way(rft: Rft, project: Path, two_ways: Endpoint) -> None:
    choose(project, "plainly")
    rft("eval")
    assert asked(two_ways) == {""}


def test_the_two_ways_are_two_runs(rft: Rft, project: Path, two_ways: Endpoint) -> None:
    rft("eval")
    rft("eval", "--ask", "plainly")
    rft("eval", "--ask", "kindly")
    found = [run.info for run in runs.all_runs(project / "runs")]
    assert {info.ask for info in found} == {"kindly", "plainly"}
    assert len({info.hashes["prompt"] for info in found}) == len(found) == 2


def test_both_runs_are_of_the_data_as_they_stand(
    rft: Rft, project: Path, two_ways: Endpoint
) -> None:
    rft("eval", "--ask", "plainly")
    assert rft("report").code == 0


def test_stored_prompts_of_another_way_are_reported_and_refreshed(
    rft: Rft, project: Path, two_ways: Endpoint
) -> None:
    choose(project, "plainly")
    assert "is not what messages() of the schema builds" in rft("check").out
    assert "validation.jsonl: messages of 4 rows refreshed" in rft("check", "--write-messages").out
    assert "is not what messages()" not in rft("check").out


@pytest.mark.parametrize("ask", ["rudely", ""])
def test_an_unknown_way_is_refused(rft: Rft, project: Path, two_ways: Endpoint, ask: str) -> None:
    choose(project, ask)
    outcome = rft("eval")
    assert outcome.code == 2
    assert "choose kindly or plainly" in outcome.err


def test_a_schema_with_one_way_takes_no_choice(rft: Rft, project: Path) -> None:
    assert "it has one way to ask; leave ask out" in rft("eval", "--ask", "kindly").err


def test_a_report_shows_the_prompts_that_were_sent(
    rft: Rft, project: Path, two_ways: Endpoint
) -> None:
    rft("eval", "--ask", "plainly")
    rft("report")
    (page,) = (project / "runs").rglob("report.html")
    assert "adobe" in page.read_text()
    assert ", please" not in page.read_text()
