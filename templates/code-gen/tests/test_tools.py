"""The local grader that asks slang, and the catalogue of VIPs."""

from __future__ import annotations

from typing import Any

import pytest

from task import grader
from task.tools import elaborate
from tests.conftest import Row, answer, rebind


@pytest.mark.parametrize(
    ("values", "fine"),
    [
        ({}, True),
        ({"code": "{2{clk, busy}}", "last": "pad[2]"}, True),
        ({"bogus": "clk"}, False),
        ({"W": "32"}, False),
        ({"last": "s_valid"}, False),
        ({"clk": "clk), .abort(busy"}, False),
    ],
)
def test_slang_and_the_portable_gate_agree(row: Row, values: dict[str, Any], fine: bool) -> None:
    sample = answer(rebind(row, **values))
    assert elaborate.grade(sample, row) == grader.explain(sample, row)["elaborates"] == fine


def test_every_gold_answer_compiles(rows: list[Row]) -> None:
    failing = [r["id"] for r in rows if elaborate.grade(answer(r["reference_answer"]), r) != 1.0]
    assert failing == []
