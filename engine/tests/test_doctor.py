"""`rft doctor` and `Project.diagnose`: what works here, part by part."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rft import Project
from tests.endpoint import Endpoint
from tests.toy import point_to


def diagnoses(project: Path) -> dict[str, tuple[bool, str]]:
    return {each.part: (each.ok, each.text) for each in Project.open(project).diagnose()}


def test_a_working_endpoint_is_named_with_its_model(project: Path, endpoint: Endpoint) -> None:
    point_to(project, endpoint.url)
    ok, text = diagnoses(project)["endpoint"]
    assert ok
    assert endpoint.url in text


def test_an_endpoint_that_is_not_there_is_a_fault(project: Path) -> None:
    point_to(project, "http://127.0.0.1:9/v1")
    ok, text = diagnoses(project)["endpoint"]
    assert not ok
    assert "base_url" in text


def test_a_key_that_is_not_set_is_named(project: Path) -> None:
    settings = project / "rft.toml"
    settings.write_text(settings.read_text().replace('"compatible"', '"openai"'))
    ok, text = diagnoses(project)["endpoint"]
    assert not ok
    assert "OPENAI_API_KEY" in text


def test_a_grader_that_needs_a_judge_and_has_none_is_a_fault(project: Path) -> None:
    spec = {
        "type": "score_model",
        "name": "style",
        "model": "judge-1",
        "input": [{"role": "user", "content": "{{sample.output_text}}"}],
    }
    (project / "task" / "grader.json").write_text(json.dumps(spec))
    ok, text = diagnoses(project)["judge"]
    assert not ok
    assert "[judge]" in text


def test_a_full_disk_is_a_fault(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10_000_000}))
    ok, text = diagnoses(project)["disk"]
    assert not ok
    assert "0.0 GB free" in text
