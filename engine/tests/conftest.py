"""Fixtures all tests share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.main import get_command

from rft import cli, rollouts
from rft.cli.app import app
from rft.jobs import follow
from rft.records import Record
from tests.endpoint import Endpoint
from tests.toy import make_project, point_to
from tests.trainer import Trainer


def pytest_collection_finish() -> None:
    """Exempt imported modules from garbage collection, which statsmodels runs at each call."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest test first, so that no worker waits for it at the end."""
    items.sort(key=lambda item: "thousand_projects" not in item.nodeid)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An OpenAI-shaped server on loopback whose faults a test chooses."""
    with Endpoint() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole small project with a toy task: answer the capital letter of a word's first letter."""
    for name in ("OPENAI_API_KEY", "RFT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return make_project(tmp_path / "toy")


@pytest.fixture
def trainer(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainer]:
    """A vendor to whom the toy project sends its jobs, watched without pauses."""
    monkeypatch.setattr(follow, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(follow, "LONGEST_WAIT_S", 0.01)
    with Trainer() as vendor:
        point_to(project, vendor.url)
        yield vendor


@pytest.fixture
def render(tmp_path: Path) -> Callable[..., str]:
    """Make a run of these records and render its page."""

    def make(records: Iterable[Record], items: Iterable[dict[str, Any]] = (), **given: Any) -> str:
        # Imported here: most tests need no matplotlib.
        from tests.pages import page

        return page(tmp_path / "run", records, items, **given)

    return make


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def own_task() -> Iterator[None]:
    """Forget what a command imports of the toy's task, so that the next test imports its own."""
    path, modules = list(sys.path), _task_modules()
    yield
    sys.path[:] = path
    for name in _task_modules():
        del sys.modules[name]
    sys.modules.update(modules)


def _task_modules() -> dict[str, ModuleType]:
    return {name: m for name, m in sys.modules.items() if name.partition(".")[0] == "task"}


@pytest.fixture(scope="session")
def commands_made() -> Any:
    """The commands of `rft`, which take 30 ms to make from their signatures."""
    return get_command(app)


@pytest.fixture
def rft(
    project: Path,
    commands_made: Any,
    own_task: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Outcome]:
    """Run `rft ARGUMENTS` in the toy project."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(rollouts, "PAUSE_S", 0.01)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr(cli, "app", commands_made)

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr("sys.argv", ["rft", *arguments])
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        output = capsys.readouterr()
        return Outcome(code, output.out, output.err)

    return run
