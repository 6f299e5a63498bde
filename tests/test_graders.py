"""What the graders of all use cases have in common: how they read an answer."""

from __future__ import annotations

import json
import runpy
from typing import Any

import pytest
from conftest import ROOT, USE_CASES

BEGIN, END = "# --- Reading an answer", "# --- End of the reading"
KEYS = {"code-gen": "predicted", "code-exec": "code", "extraction": "codes", "policy": "figures"}


def reader(use_case: str) -> str:
    """The part of a grader that reads answers."""
    text = (ROOT / "templates" / use_case / "task/grader.py").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    return text[text.index(BEGIN) : text.index(END)]


def probes(use_case: str) -> list[dict[str, Any]]:
    path = ROOT / "templates" / use_case / "task/probes.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_every_use_case_reads_answers_by_the_same_rule() -> None:
    """Graders are single files, so the rule is copied; the copies may not drift apart."""
    assert len({reader(use_case) for use_case in USE_CASES}) == 1


@pytest.mark.parametrize("use_case", USE_CASES)
def test_every_way_to_write_an_answer_has_a_probe(use_case: str) -> None:
    forms = runpy.run_path(str(ROOT / "builders/forms.py"))
    names = {probe["name"] for probe in probes(use_case)}
    text = json.dumps({KEYS[use_case]: []})
    for form in forms["readable"](text):
        assert f"gold {form}" in names
    for form in forms["unreadable"](text):
        assert any(name.endswith(form) for name in names)
