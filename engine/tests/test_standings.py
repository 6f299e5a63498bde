"""A model beside what needs no model and beside people, on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rft.standings import Standing, rivals, standings
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.pages import Page, Render, answer, row
from tests.toy import point_to

ROWS = [f"r{n}" for n in range(8)]


@pytest.fixture
def ordered() -> list[Standing]:
    """A model that earns 0.5, two floors that earn 0 and 0.75, and people who earn 1."""
    floors = {"empty": dict.fromkeys(ROWS, 0.0), "heuristic": dict.fromkeys([*ROWS, "x"], 0.75)}
    people = {"ann": dict.fromkeys(ROWS[:6], 1.0), "bob": {"elsewhere": 0.0}}
    return standings("model", {row: [0.25, 0.75] for row in ROWS}, floors, people)


def test_the_best_comes_first(ordered: list[Standing]) -> None:
    assert [one.name for one in ordered] == ["people: ann", "heuristic", "model", "empty"]


def test_only_rows_that_the_model_answered_count(ordered: list[Standing]) -> None:
    assert {one.name: len(one.rewards) for one in ordered} == {
        "people: ann": 6,
        "heuristic": 8,
        "model": 8,
        "empty": 8,
    }


def test_the_gain_is_the_models_on_the_same_rows(ordered: list[Standing]) -> None:
    gains = {one.name: one.gain.verdict for one in ordered if one.gain}
    assert gains == {"people: ann": "a", "heuristic": "a", "empty": "b"}


def test_the_best_floor_and_people_are_drawn_beside_the_model(ordered: list[Standing]) -> None:
    assert [one.name for one in rivals(ordered)] == ["heuristic", "people: ann"]


def test_the_page_shows_everybody_with_mean_and_gain(
    render: Render, ordered: list[Standing]
) -> None:
    page = Page(render([answer(i) for i in ROWS], [row(i) for i in ROWS], standings=ordered))
    assert "people: annheuristicmodelempty" in page.read("bdi")
    assert "heuristic: 0.75 [" in str([svg.get("aria-label") for svg in page.attributes("svg")])


def test_the_page_of_peoples_answers_has_no_verdict(render: Render) -> None:
    page = Page(render([answer()], [row()], coders=["ann"]))
    assert "Next step" not in page.read()
    assert "Checks" not in page.read("h2")


def test_report_ends_with_who_earns_what_and_the_page(
    rft: Callable[..., Outcome], project: Path, endpoint: Endpoint
) -> None:
    point_to(project, endpoint.url)
    rft("eval")
    *_, last = lines = rft("report").out.splitlines()
    assert lines[0].startswith("mean reward on 4 rows")
    assert any("(the model)" in line for line in lines)
    assert last.startswith("report: ")
