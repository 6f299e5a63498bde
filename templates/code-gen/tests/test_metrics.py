"""Figures over a whole run."""

from __future__ import annotations

import json

import pytest

from task.metrics import metrics
from tests.task.vip_rows import Row


def answers(rows: list[Row], bind: list[dict[str, str]] | None = None) -> list[tuple[Row, Row]]:
    """Each row with its gold answer, or with the same pairs for all."""
    chosen = [(row, row["reference_answer"] if bind is None else bind) for row in rows]
    return [(row, {"output_text": json.dumps({"predicted": pairs})}) for row, pairs in chosen]


def test_gold_answers_are_right_in_every_protocol(rows: list[Row]) -> None:
    found = metrics(answers(rows), [])
    assert set(found["F1 by protocol"]) == {row["protocol"] for row in rows}
    assert set(found["F1 by protocol"].values()) == {1.0}
    assert found["must stay unbound"] == {"names bound": 0.0, "answers with any": 0.0}


def test_over_binding_is_counted_over_names_and_over_answers(rows: list[Row]) -> None:
    one, other = [row for row in rows if len(row["must_not_bind"]) > 1][:2]
    bound = [{"name": one["must_not_bind"][0], "value": "1'b0"}]
    found = metrics([*answers([one], bind=bound), *answers([other])], [])["must stay unbound"]
    names = len(one["must_not_bind"]) + len(other["must_not_bind"])
    assert found == {"names bound": pytest.approx(1 / names), "answers with any": 0.5}


def test_a_run_without_answers_has_no_figures() -> None:
    assert metrics([], []) == {}
