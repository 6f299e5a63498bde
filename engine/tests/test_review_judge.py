"""A judged task: experts' marks beside the team's labels, and the rows the judge is examined on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rft.judging.calibration import is_examined_on
from rft.review.desk import Desk
from rft.review.log import answer_key
from tests import judged_toy, review_fixtures
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.review_fixtures import Expert, lines

pytestmark = pytest.mark.slow
project = judged_toy.project
desk, ada = review_fixtures.desk, review_fixtures.ada
ALL_MET = {f"mark.{name}": ["met"] for name in judged_toy.WEIGHTS}
NONE_MET = {name: ["not met"] for name in ALL_MET}


def calibration(project: Path) -> list[dict[str, object]]:
    return lines(project / "task/calibration.jsonl")


def test_a_label_of_the_team_stays_until_the_dispute_is_settled(
    ada: Expert, project: Path, desk: Desk
) -> None:
    before = calibration(project)
    sheet = ada.sheet("/judge")
    ada.save("/judge", sheet | NONE_MET)
    assert calibration(project) == before
    ada.save("/judge", sheet | NONE_MET, do="settle")
    after = calibration(project)
    assert len([1 for a, b in zip(before, after, strict=True) if a != b]) == 1
    assert desk.project.check().ok


def test_labels_of_answers_made_from_another_follow_it(
    ada: Expert, project: Path, desk: Desk
) -> None:
    line = next(line for line in desk.calibration_lines() if line.kind == "fair")
    key = f"{line.item_id}/{answer_key(line.kind, None, line.output_text)}"
    sheet = ada.sheet("/judge", row=key)
    ada.save("/judge", sheet | ALL_MET, do="settle")
    labels = [
        x["labels"]
        for x in calibration(project)
        if x["item_id"] == line.item_id and "fair" in (x["kind"], x.get("of"))
    ]
    assert labels == [dict.fromkeys(judged_toy.WEIGHTS, True)] * 2
    assert desk.project.check().ok


def test_the_judge_is_examined_on_its_rows_alone(
    rft: Callable[..., Outcome], endpoint: Endpoint
) -> None:
    rft("judge", "--repeats", "1", "--limit", "3")
    asked = {body["messages"][1]["content"] for body in endpoint.bodies}
    words = {text.removeprefix("On ").partition(":")[0] for text in asked if text}
    assert len(words) == 3
    assert words <= set(judged_toy.WORDS.split())
    assert all(map(is_examined_on, words))


def test_revising_takes_the_other_rows_and_leaves_the_result_alone(
    rft: Callable[..., Outcome], endpoint: Endpoint, project: Path
) -> None:
    rft("judge", "--revising", "--repeats", "1")
    words = {b["messages"][1]["content"].partition(":")[0] for b in endpoint.bodies}
    assert words - {""} == {f"On {word}" for word in judged_toy.REVISING.split()}
    assert not (project / "runs/judge/latest.json").exists()


def test_stored_judgements_are_used_again(
    rft: Callable[..., Outcome], endpoint: Endpoint, project: Path
) -> None:
    rft("judge", "--repeats", "1", "--limit", "2")
    first = len(endpoint.bodies)
    rft("judge", "--repeats", "1", "--limit", "4")
    assert len(endpoint.bodies) == 2 * first
    path = project / "task/calibration.jsonl"
    path.write_text(path.read_text().replace('"c4": false', '"c4": true', 1))
    rft("judge", "--repeats", "1", "--limit", "4")
    assert len(endpoint.bodies) == 2 * first
