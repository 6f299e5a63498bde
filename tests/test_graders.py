"""The graders of all use cases read an answer in the same way."""

from __future__ import annotations

import json
import runpy
from typing import Any

import pytest
from conftest import ROOT, USE_CASES

from rft.records import parse_answer

BEGIN, END = "# --- Reading an answer", "# --- End of the reading"
KEYS = {"code-gen": "predicted", "code-exec": "code", "extraction": "codes", "policy": "figures"}
KEYS |= {"blank": "team"}


def reader(use_case: str) -> str:
    """The part of a grader that reads answers."""
    text = (ROOT / "templates" / use_case / "task/grader.py").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    return text[text.index(BEGIN) : text.index(END)]


def probes(use_case: str) -> list[dict[str, Any]]:
    path = ROOT / "templates" / use_case / "task/probes.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_every_use_case_reads_answers_by_the_same_rule() -> None:
    """Graders are single files, so the rule is copied; the copies must stay equal.

    The grader of blank is short and has the same rule in fewer words: builders/blank/tests compares
    what both read.
    """
    assert len({reader(use_case) for use_case in USE_CASES if use_case != "blank"}) == 1


@pytest.mark.parametrize("use_case", USE_CASES)
def test_every_way_to_write_an_answer_has_a_probe(use_case: str) -> None:
    forms = runpy.run_path(str(ROOT / "builders/forms.py"))
    names = {probe["name"] for probe in probes(use_case)}
    text = json.dumps({KEYS[use_case]: []})
    for form in forms["readable"](text):
        assert f"gold {form}" in names
    for form in forms["unreadable"](text):
        assert any(name.endswith(form) for name in names)


READ = [
    "{}",
    "\ufeff\n{}\u00a0\n",
    "```json\n{}\n```",
    "```JSON\r\n{}\r\n```\r\n",
    "~~~\n{}\n~~~",
    "````\n{}\n````",
    "```{}```",
    "``` json {} ```",
    '```json title="a"\n{}\n```',
    "```{.json #a}\n{}\n```",
    "```json {#a .numbered}\n{}\n```",
    "  ```\n  {}\n  ```",
    "So: ```json\n{}\n```",
    "Use `x`:\n```\n{}\n```\n`x`!",
    "Not ```x``` but\n```\n{}\n```",
    "```\n\ufeff{}\n```",
]
NOT_READ = [
    "",
    "none",
    "So: {}",
    "{} done",
    "{},",
    "'{}'",
    "`{}`",
    "[{}]",
    "```\n[{}]\n```",
    "{}{}",
    "{}\n{}",
    "```\n{}",
    "{}\n```",
    "```\n{}\n```\n```\n{}\n```",
    "~~~\n{}\n~~~\n```\n{}\n```",
    "```\n```json\n{}\n```\n```",
    "~~~\n```json\n{}\n```\n~~~",
    "```\nplan\n```\n```json\n{}\n```",
    "<answer>{}</answer>",
    "> ```\n> {}\n> ```",
]
"""Texts around an answer, which replaces the braces."""


@pytest.mark.parametrize("use_case", USE_CASES)
def test_the_same_texts_are_read_and_refused_everywhere(
    use_case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "templates" / use_case))
    read = runpy.run_path(str(ROOT / "templates" / use_case / "task/grader.py"))["read_answer"]
    answer = {KEYS[use_case]: ["a {b} c"]}

    def sample(text: str) -> dict[str, str]:
        return {"output_text": text.replace("{}", json.dumps(answer))}

    assert [text for text in READ if read(sample(text)) != answer] == []
    assert [text for text in NOT_READ if read(sample(text)) is not None] == []
    assert [text for text in READ if parse_answer(sample(text)["output_text"]) != answer] == []
    assert [t for t in NOT_READ if parse_answer(sample(t)["output_text"]) == answer] == []
    for broken in ("{'a': 1}", '{"a": 1,}', '{"a": None}', '"{\\"a\\": 1}"', '{"a": 1'):
        assert read({"output_text": broken}) is None
