"""Fixtures of the generator's tests: bake a project, copy the template, publish it with git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cookiecutter.main import cookiecutter

ROOT = Path(__file__).resolve().parents[1]
SETTINGS: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
USE_CASES: list[str] = SETTINGS["use_case"]
ENGINE = tomllib.loads((ROOT / "engine" / "pyproject.toml").read_text(encoding="utf-8"))
ENGINE_VERSION: str = ENGINE["project"]["version"]
CACHES = (".git", ".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache")
sys.dont_write_bytecode = True
# `python -m pytest` puts the working folder first on the path, where every copy of the template
# that a test bakes would import this rft_template instead of its own.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ROOT]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-files",
        action="store_true",
        help="write tests/expected_files/ anew from what is baked now, then read the difference",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that install first, so that no worker waits for them at the end."""
    items.sort(key=lambda item: "test_flows_install" not in item.nodeid)


@dataclass(frozen=True)
class Done:
    """The result of a command: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class BakedProject:
    """A generated project and what a test does with it."""

    path: Path

    def has_file(self, name: str) -> bool:
        return (self.path / name).is_file()

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def toml(self, name: str) -> dict[str, Any]:
        return tomllib.loads(self.read(name))

    def files(self) -> list[str]:
        """All files relative to the project, sorted, with forward slashes."""
        found = (p for p in self.path.rglob("*") if p.is_file() or p.is_symlink())
        return sorted(p.relative_to(self.path).as_posix() for p in found)

    def contents(self) -> dict[str, bytes]:
        return {name: (self.path / name).read_bytes() for name in self.files()}

    def write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")


Run = Callable[..., Done]
Bake = Callable[..., BakedProject]


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment that neither reads nor writes the settings of the user."""
    home = tmp_path_factory.mktemp("home")
    config = home / "cookiecutter.yaml"
    folders = {"cookiecutters_dir": str(home / "templates"), "replay_dir": str(home / "replay")}
    config.write_text(json.dumps(folders), encoding="utf-8")
    git = home / "gitconfig"
    git.write_text(
        '[user]\nname = Test\nemail = test@example.org\n[protocol "file"]\nallow = always\n'
        "[safe]\ndirectory = *\n[core]\nautocrlf = false\n",
        encoding="utf-8",
    )
    os.environ |= {"GIT_CONFIG_GLOBAL": str(git), "GIT_CONFIG_NOSYSTEM": "1"}  # for bakes in here
    here = str(Path(sys.executable).parent)
    outer = {
        name: os.environ[name] for name in os.environ if not name.startswith(("MAKE", "MFLAGS"))
    }
    return outer | {
        "PATH": os.pathsep.join((here, os.environ["PATH"])),
        "COOKIECUTTER_CONFIG": str(config),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # those of this environment are not the project's
        "COLUMNS": "160",
        "NO_COLOR": "1",
    }


@pytest.fixture(scope="session")
def run(env: dict[str, str]) -> Run:
    """Run a command; `code=None` accepts any exit code."""

    def run(
        *command: str | Path, cwd: Path, code: int | None = 0, stdin: str = "", timeout: float = 600
    ) -> Done:
        result = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
        )
        done = Done(result.returncode, result.stdout, result.stderr)
        assert code is None or done.code == code, f"{command}\n{done.said}"
        return done

    return run


@pytest.fixture(scope="session")
def bake(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Bake:
    """Bake with the given answers. Equal answers share one project: do not change it."""
    baked: dict[str, BakedProject] = {}

    def bake(template: Path = ROOT, fresh: bool = False, **answers: str) -> BakedProject:
        key = json.dumps([str(template), answers], sort_keys=True)
        if fresh or key not in baked:
            path = cookiecutter(
                str(template),
                no_input=True,
                extra_context=answers,
                output_dir=str(tmp_path_factory.mktemp("bake")),
                config_file=env["COOKIECUTTER_CONFIG"],
            )
            project = BakedProject(Path(path))
            if fresh:
                return project
            baked[key] = project
        return baked[key]

    return bake


def template_files() -> Iterator[str]:
    """The working tree's files that git tracks or would: what a user would clone."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    if listed.returncode == 0 and (ROOT / ".git").exists():
        names = listed.stdout.split("\0")
        yield from sorted({n for n in names if n and (ROOT / n).is_file()})
        return
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT)
        if path.is_file() and not set(inside.parts) & set(CACHES):
            yield inside.as_posix()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A copy of the template that a test may change."""
    copy = tmp_path / "cookiecutter-rft"
    for name in template_files():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return copy


@pytest.fixture
def published(template: Path, run: Run) -> Path:
    """The same copy as a git repository with one commit."""
    run("git", "init", "--quiet", "--initial-branch=main", cwd=template)
    commit(run, template, "first")
    return template


def commit(run: Run, folder: Path, message: str) -> None:
    """Commit everything in the folder."""
    run("git", "add", "--all", cwd=folder)
    run("git", "commit", "--quiet", "--message", message, cwd=folder)
