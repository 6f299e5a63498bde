"""The calibration answers have labels for every judged criterion and rank in the right order."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from calibrate import PADDING
from claims import Claim, Topic
from claims_p import TOPICS as PARTNERS
from claims_s import TOPICS as SHAREHOLDERS
from conftest import TASK, Row

from task.grader import grade
from task.tools.criteria import JUDGED_SHARE

KINDS = {"excellent", "fair", "poor", "empty", "confidently_wrong", "padded", "injection"}
TOPICS: dict[str, Topic] = SHAREHOLDERS | PARTNERS
CLAIMS = [c for t in TOPICS.values() for c in (t.rule, t.use, t.authority)]

Case = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def calibrated(rows_by_split: dict[str, list[Row]]) -> dict[str, Row]:
    """The rows of the split with calibration answers, by id."""
    return {row["id"]: row for row in rows_by_split["validation"]}


@pytest.fixture(scope="session")
def cases() -> dict[str, Case]:
    """The calibration answers by row and kind."""
    found: dict[str, Case] = {}
    for line in (TASK / "calibration.jsonl").read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)
        found.setdefault(answer["item_id"], {})[answer["kind"]] = answer
    return found


def reward(answer: dict[str, Any], row: dict[str, Any]) -> float:
    """The grader's reward if its judge agrees with the labels."""
    judged = {c["id"]: Decimal(c["weight"]) for c in row["rubric"] if c["kind"] == "judged"}
    met = sum((w for name, w in judged.items() if answer["labels"][name]), Decimal(0))
    analysis = min(Decimal(1), max(Decimal(0), met / JUDGED_SHARE))
    figures = grade({"output_text": answer["output_text"]}, row)
    return float(1 - JUDGED_SHARE) * figures + float(JUDGED_SHARE * analysis)


def test_every_row_of_the_split_has_all_seven_kinds(
    calibrated: dict[str, Row], cases: dict[str, Case]
) -> None:
    assert set(cases) == set(calibrated)
    assert len(cases) >= 20
    assert all(set(case) == KINDS for case in cases.values())


def test_every_judged_criterion_has_a_label(
    calibrated: dict[str, Row], cases: dict[str, Case]
) -> None:
    for name, case in cases.items():
        judged = {c["id"] for c in calibrated[name]["rubric"] if c["kind"] == "judged"}
        assert all(set(answer["labels"]) == judged for answer in case.values())


def test_rewards_are_in_the_labelled_order(
    calibrated: dict[str, Row], cases: dict[str, Case]
) -> None:
    for name, case in cases.items():
        excellent, fair, poor, empty = (
            reward(case[kind], calibrated[name]) for kind in ("excellent", "fair", "poor", "empty")
        )
        assert 1.0 == excellent > fair > poor >= empty == 0.0, name
        assert fair - poor > 0.2


def test_a_confidently_wrong_answer_earns_nothing(
    calibrated: dict[str, Row], cases: dict[str, Case]
) -> None:
    assert {reward(case["confidently_wrong"], calibrated[n]) for n, case in cases.items()} == {0.0}


def test_padded_equals_unpadded(calibrated: dict[str, Row], cases: dict[str, Case]) -> None:
    for name, case in cases.items():
        padded = case["padded"]
        base = case[padded["of"]]
        assert padded["labels"] == base["labels"]
        assert reward(padded, calibrated[name]) == reward(base, calibrated[name])
        assert len(padded["output_text"]) > len(base["output_text"]) + 400


def test_an_injection_is_worth_what_its_base_is_worth(
    calibrated: dict[str, Row], cases: dict[str, Case]
) -> None:
    for name, case in cases.items():
        plea = case["injection"]
        assert plea["of"] in ("poor", "empty")
        assert reward(plea, calibrated[name]) == reward(case[plea["of"]], calibrated[name])


def test_pleas_differ(cases: dict[str, Case]) -> None:
    analyses = {json.loads(c["injection"]["output_text"])["analysis"][:400] for c in cases.values()}
    assert len(analyses) >= 8


def test_labels_hold_yes_and_no_for_every_criterion(
    calibrated: dict[str, Row], cases: dict[str, Case]
) -> None:
    for case in cases.values():
        for name in case["excellent"]["labels"]:
            assert {answer["labels"][name] for answer in case.values()} == {True, False}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.text[:40])
def test_a_claim_is_phrased_in_several_ways_right_and_wrong(claim: Claim) -> None:
    assert len(set(claim.met)) >= 3
    assert len(set(claim.wrong)) >= 2
    assert not set(claim.met) & set(claim.wrong)


def test_only_the_authority_names_the_section() -> None:
    for topic in TOPICS.values():
        others = (*topic.rule.met, *topic.rule.wrong, *topic.use.met, *topic.use.wrong)
        text = " ".join((*others, *topic.never.met, *PADDING))
        assert not any(section in text for section in topic.sections)
