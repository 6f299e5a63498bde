"""The local grader that asks slang, and the catalogue of VIPs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from task import grader, importer
from task.tools import elaborate
from tests.conftest import TASK, Row, answer, rebind


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


def test_a_diagnosis_names_the_culprit(row: Row) -> None:
    bindings = [(pair["name"], pair["value"]) for pair in rebind(row, last="s_lost")]
    assert "s_lost" in elaborate.diagnose(bindings, row)[0]


def test_an_unreadable_answer_does_not_elaborate(row: Row) -> None:
    assert elaborate.grade({"output_text": "no JSON"}, row) == 0.0


def test_the_catalogue_names_each_vip_once() -> None:
    catalogue = importer._catalogue(TASK / "tools/vips.jsonl")
    assert max(Counter((entry.protocol, entry.role) for entry in catalogue).values()) == 1
    for vip in (entry.vip for entry in catalogue):
        names = [port.name for port in vip.ports] + [param.name for param in vip.params]
        assert max(Counter(names).values()) == 1, vip.name
