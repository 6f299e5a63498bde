"""The twelve messages are spread over the teams, and the reading rule is that of the others."""

from __future__ import annotations

import runpy
from collections import Counter
from pathlib import Path

import build_data
from hypothesis import given
from hypothesis import strategies as st

from task import grader

POLICY = Path(__file__).parents[3] / "templates/policy/task/grader.py"
LONG = runpy.run_path(str(POLICY))["read_answer"]
PIECES = ["{}", '{"team": "orders"}', "[{}]", '"', "```", "````", "~~~", "json", " ", "\n", "\r\n"]
PIECES += ["So: ", "`", "{.json #a}", 'title="a"', "null", "\ufeff", "\u00a0", "\t", "\x0b"]


def test_every_team_has_four_messages_and_some_are_urgent() -> None:
    rows = [row for listed in build_data.MESSAGES.values() for row in listed]
    assert set(Counter(team for _, team, _ in rows).values()) == {4}
    assert 0 < sum(urgent for _, _, urgent in rows) < len(rows) / 2


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_the_short_reading_rule_is_that_of_the_other_use_cases(text: str) -> None:
    sample = {"output_text": text}
    assert grader.read_answer(sample) == LONG(sample)
