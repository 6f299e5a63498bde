"""`rft export bedrock`: the Lambda takes every event shape, and refuses what it does not know."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rft.reading import read_text
from tests.conftest import Outcome

Rft = Callable[..., Outcome]


@pytest.fixture
def exported(rft: Rft, project: Path) -> Path:
    """The toy project's export."""
    assert rft("export", "bedrock").code == 0
    return project / "exports/bedrock"


@pytest.fixture
def handler(exported: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The exported Lambda's module."""
    monkeypatch.syspath_prepend(exported / "lambda")
    for name in [
        name for name in sys.modules if name.partition(".")[0] in ("handler", "rft_reward")
    ]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("handler")


def test_rows_that_bedrock_does_not_take_are_warned_of(rft: Rft) -> None:
    assert "22 training rows, but Bedrock takes 100 to 20,000" in rft("export", "bedrock").out


def test_the_data_are_in_bedrocks_shape(exported: Path) -> None:
    text = (exported / "train.jsonl").read_text()
    assert '"role": "system"' in text
    assert '"developer"' not in text


def test_the_folder_holds_what_is_deployed(exported: Path) -> None:
    names = {path.relative_to(exported).as_posix() for path in exported.rglob("*.*")}
    assert {
        "lambda/handler.py",
        "lambda/rft_reward/reward.json",
        "trust.json",
        "caller.json",
    } <= names


def test_packages_that_the_lambda_needs_are_named(rft: Rft, project: Path) -> None:
    grader = project / "task/grader.py"
    grader.write_text("import numpy\n" + grader.read_text())
    assert "the grader needs numpy==2.2.4" in rft("export", "bedrock").out
    assert "pip install --target lambda" in (project / "exports/bedrock/README.md").read_text()


def trajectory(text: Any, **more: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": "s"}, {"role": "assistant", "content": text}]
    return {"id": "t", "messages": messages, "metadata": {"reference_answer": "y"}} | more


@pytest.mark.parametrize(
    "content", ["one two", [{"type": "text", "text": "one"}, {"text": " two"}]]
)
def test_the_answer_and_its_row_are_found(handler: ModuleType, content: Any) -> None:
    answer, item = handler.read_trajectory(trajectory(content))
    assert read_text(answer)["output_text"] == "one two"
    assert item["messages"] == [{"role": "developer", "content": "s"}]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "not a list of trajectories"),
        ("text", "not a list of trajectories"),
        ([trajectory("x", metadata={})], "trajectory t: no reference_answer"),
        ([trajectory("x", messages=[])], "its last message is not the assistant's"),
        ([trajectory("x", messages=[{"role": "user", "content": "q"}])], "not the assistant's"),
    ],
)
def test_an_unknown_event_stops_the_job_instead_of_scoring_zero(
    handler: ModuleType, event: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        handler.lambda_handler(event)
