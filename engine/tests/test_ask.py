"""A schema with two prompt variants: the runs of the two never mix."""

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
KINDLY = 'item.word + (", please" if prompt_variant == "kindly" else "")'
TWO_VARIANTS = SCHEMA.replace("def messages(item):", "def messages(item, prompt_variant):").replace(
    '"content": item.word', f'"content": {KINDLY}'
)
TWO_VARIANTS += '\nPROMPT_VARIANTS = ("kindly", "plainly")\n'


@pytest.fixture
def two_variants(project: Path, endpoint: Endpoint) -> Endpoint:
    """The toy project, its schema with two prompt variants, its rows with the first."""
    (project / "task" / "schema.py").write_text(TWO_VARIANTS)
    for path in (project / "task" / "data").glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            row["messages"][1]["content"] += ", please"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    point_to(project, endpoint.url)
    return endpoint


def choose(project: Path, variant: str) -> None:
    """Set the prompt variant in rft.toml."""
    toml = project / "rft.toml"
    toml.write_text(f'{toml.read_text()}\n[task]\nprompt_variant = "{variant}"\n')


def asked(endpoint: Endpoint) -> set[str]:
    """The last words of the questions the endpoint got."""
    return {body["messages"][-1]["content"][5:] for body in endpoint.bodies}


def test_the_first_variant_is_the_default(rft: Rft, two_variants: Endpoint) -> None:
    rft("eval")
    assert asked(two_variants) == {", please"}


def test_an_option_chooses_another_variant(rft: Rft, project: Path, two_variants: Endpoint) -> None:
    assert "prompt variant: plainly" in rft("eval", "--prompt", "plainly").out
    assert asked(two_variants) == {""}


def test_rft_toml_chooses_the_variant(rft: Rft, project: Path, two_variants: Endpoint) -> None:
    choose(project, "plainly")
    rft("eval")
    assert asked(two_variants) == {""}


def test_the_two_variants_are_two_runs(rft: Rft, project: Path, two_variants: Endpoint) -> None:
    rft("eval")
    rft("eval", "--prompt", "plainly")
    rft("eval", "--prompt", "kindly")
    found = [run.info for run in runs.all_runs(project / "runs")]
    assert {info.prompt_variant for info in found} == {"kindly", "plainly"}
    assert len({info.hashes["prompt"] for info in found}) == len(found) == 2


def test_both_runs_are_of_the_data_as_they_stand(
    rft: Rft, project: Path, two_variants: Endpoint
) -> None:
    rft("eval", "--prompt", "plainly")
    assert rft("report").code == 0


def test_stored_prompts_of_another_variant_are_reported_and_refreshed(
    rft: Rft, project: Path, two_variants: Endpoint
) -> None:
    choose(project, "plainly")
    assert "is not what messages() of the schema builds" in rft("check").out
    assert "validation.jsonl: messages of 4 rows refreshed" in rft("check", "--write-messages").out
    assert "is not what messages()" not in rft("check").out


@pytest.mark.parametrize("variant", ["rudely", ""])
def test_an_unknown_variant_is_refused(
    rft: Rft, project: Path, two_variants: Endpoint, variant: str
) -> None:
    choose(project, variant)
    outcome = rft("eval")
    assert outcome.code == 2
    assert "choose kindly or plainly" in outcome.err


def test_a_schema_without_variants_takes_no_choice(rft: Rft, project: Path) -> None:
    outcome = rft("eval", "--prompt", "kindly")
    assert "is not in PROMPT_VARIANTS of task/schema.py; leave the setting out" in outcome.err


def test_a_report_shows_the_prompts_that_were_sent(
    rft: Rft, project: Path, two_variants: Endpoint
) -> None:
    rft("eval", "--prompt", "plainly")
    rft("report")
    (page,) = (project / "runs").rglob("report.html")
    assert "adobe" in page.read_text()
    assert ", please" not in page.read_text()
