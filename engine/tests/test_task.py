"""rft.task, the contract that task code is written against."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from rft import config, task
from rft.project.loader import Task
from rft.sandbox import Call, NotDataError, Sandbox
from tests.conftest import Outcome

Rft = Callable[..., Outcome]
CONTRACTS = (
    task.Schema,
    task.OptionalSchema,
    task.GraderSource,
    task.Floors,
    task.Metrics,
    task.Importer,
)


def test_every_hook_that_the_engine_looks_up_is_documented() -> None:
    documented = {name.lower() for contract in CONTRACTS for name in vars(contract)}
    documented |= {name.lower() for contract in CONTRACTS for name in contract.__annotations__}
    assert {field.name for field in fields(Task)} - documented == {"prompt_variant"}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_hook_has_a_docstring_with_an_example(contract: type) -> None:
    hooks = [f for name, f in vars(contract).items() if inspect.isfunction(f) and name[0] != "_"]
    assert hooks
    assert all(hook.__doc__ for hook in hooks)
    assert ">>>" in "".join(str(hook.__doc__) for hook in hooks)


def test_everything_that_is_exported_is_there() -> None:
    assert all(hasattr(task, name) for name in task.__all__)


LOCAL = """
import os
from rft import config
def grade(sample, item):
    return config.load(__import__("pathlib").Path(os.environ["RFT_SETTINGS"])).sandbox.timeout_s / 8
"""


def test_a_local_grader_works_with_the_settings_that_the_command_names(
    rft: Rft, project: Path
) -> None:
    spec = json.loads((project / "task/grader.json").read_text())
    local = {"type": "local", "name": "l", "source": LOCAL}
    multi = {"type": "multi", "graders": {"a": spec, "l": local}, "calculate_output": "a"}
    (project / "task/grader.json").write_text(json.dumps(multi))
    text = (project / "rft.toml").read_text()
    (project / "other.toml").write_text(f"{text}\n[sandbox]\ntimeout_s = 2\n")
    answer = '{"backwards": "eboda"}'
    outcome = rft("--settings", "other.toml", "grade", "--item", "adobe", "--sample", answer)
    assert "0.25" in outcome.out


def test_the_sandbox_of_the_project_follows_the_settings_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (project / "rft.toml").read_text()
    other = project / "other.toml"
    other.write_text(f"{text}\n[sandbox]\nmemory_mb = 128\nworkers = 7\n")
    monkeypatch.setenv(config.SETTINGS_VARIABLE, str(other))
    with Sandbox.of_project() as sandbox:
        assert (sandbox.limits.memory_mb, sandbox.workers) == (128, 1)


DEEP: list[object] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize("argument", [float("inf"), DEEP, object(), {1: object()}])
def test_an_argument_that_is_not_plain_data_is_refused_by_name(argument: object) -> None:
    with Sandbox() as sandbox, pytest.raises(NotDataError, match="an argument of f is not plain"):
        sandbox.run("def f(x): return x", [Call("f", [argument])])
