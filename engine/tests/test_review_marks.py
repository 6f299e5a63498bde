"""Marks of experts become calibration labels once they agree; agreement is the library's."""

from __future__ import annotations

from pathlib import Path

import krippendorff
import pytest

from rft.project import Project
from rft.review.agreement import agreement, ratings
from rft.review.app import gold_labels, judge_labels
from rft.review.desk import ACCEPTABLE, Desk
from rft.stats import cohen_kappa
from tests import review_fixtures
from tests.review_fixtures import Expert, lines, store_run

desk, ada, ben = review_fixtures.desk, review_fixtures.ada, review_fixtures.ben
ACCEPT = {f"mark.{ACCEPTABLE}": ["met"]}
REJECT = {f"mark.{ACCEPTABLE}": ["not met"]}


@pytest.fixture
def run(project: Path) -> str:
    return store_run(project, {"adobe": ['{"backwards": "eboda"}'], "basil": ["{}"]})


def calibration(project: Path) -> list[dict[str, object]]:
    return lines(project / "task/calibration.jsonl")


def test_marks_are_labels_until_another_expert_disagrees(
    ada: Expert, ben: Expert, project: Path, run: str
) -> None:
    ada.save("/judge", ada.sheet("/judge") | ACCEPT)
    assert [x["labels"] for x in calibration(project)] == [{ACCEPTABLE: True}]
    ben.save("/judge", ben.sheet("/judge", source=run) | REJECT)
    assert calibration(project) == []
    page = ben.open("/judge", source=run, show="disputed")
    assert "Experts disagree" in page
    sheet = ben.sheet("/judge", source=run, show="disputed")
    ben.save("/judge", sheet | REJECT, do="settle")
    assert [x["labels"] for x in calibration(project)] == [{ACCEPTABLE: False}]
    assert Project.open(project).check().ok


@pytest.mark.slow
def test_a_changed_mind_changes_the_label(ada: Expert, project: Path, run: str) -> None:
    for marks in (ACCEPT, REJECT):
        ada.save("/judge", ada.sheet("/judge", source=run, show="all") | marks)
    assert [x["labels"] for x in calibration(project)] == [{ACCEPTABLE: False}]


@pytest.mark.slow
def test_the_marks_of_others_are_shown_after_ones_own(ada: Expert, ben: Expert, run: str) -> None:
    ada.save("/judge", ada.sheet("/judge", source=run) | ACCEPT)
    assert "Ada: accept" not in ben.open("/judge", source=run)
    sheet = ben.sheet("/judge", source=run)
    ben.save("/judge", sheet | REJECT)
    assert "Ada: accept" in ben.open("/judge", source=run, show="all", row=sheet["row"][0])


def test_a_mark_that_is_missing_is_asked_for(ada: Expert, project: Path, run: str) -> None:
    assert "Choose met or not met." in ada.save("/judge", ada.sheet("/judge"), 422)
    assert calibration(project) == []


# Agreement


@pytest.mark.slow
def test_the_agreement_is_the_librarys(ada: Expert, ben: Expert, desk: Desk) -> None:
    for expert, changed in ((ada, "adobe"), (ben, "basil")):
        for word in ("adobe", "basil", "coral", "denim"):
            sheet = expert.sheet("/gold", row=word)
            given = "other" if word == changed else word[::-1]
            expert.save("/gold", sheet, do="save", answer__backwards=given)
    labels = gold_labels(desk)
    result = agreement(labels)
    units = sorted(labels["Ada"])
    table = ratings(labels, list(labels), units)
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    assert result.alpha
    assert result.alpha.value == pytest.approx(expected)
    kappa = cohen_kappa(
        [labels["Ada"][u] for u in units], [labels["Ben"][u] for u in units], [u[0] for u in units]
    )
    assert ("Ada", "Ben", 4, kappa) in result.pairs
    lines_shown = ada.client.get("/agreement", params={"task": "gold"}).json()
    assert f"Krippendorff's alpha {expected:.2f}" in lines_shown[1]


@pytest.mark.slow
def test_nothing_to_compare_is_said(ada: Expert) -> None:
    (line,) = ada.client.get("/agreement", params={"task": "judge"}).json()
    assert line == "No marks of two experts to compare yet."


@pytest.mark.slow
def test_marks_are_compared_criterion_by_criterion(
    ada: Expert, ben: Expert, desk: Desk, run: str
) -> None:
    for expert, marks in ((ada, ACCEPT), (ben, REJECT)):
        expert.save("/judge", expert.sheet("/judge", source=run) | marks)
    labels = judge_labels(desk)
    assert [list(labels[name].values()) for name in ("Ada", "Ben")] == [[True], [False]]
    assert "reference" not in labels
