"""The engine's wheel has the same bytes each time and never changes within a version."""

from __future__ import annotations

import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from conftest import ENGINE_VERSION, ROOT, USE_CASES, Bake, BakedProject, Run
from packaging.requirements import Requirement

NAME = f"rft_engine-{ENGINE_VERSION}-py3-none-any.whl"


def make_wheel(run: Run, template: Path, argument: str, code: int | None = 0) -> str:
    return run(sys.executable, "engine/make_wheel.py", argument, cwd=template, code=code).said


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def requirements(message: Message) -> set[tuple[str, str]]:
    found = [Requirement(text) for text in message.get_all("Requires-Dist", [])]
    return {(f"{r.name}{sorted(map(str, r.specifier))}", str(r.marker)) for r in found}


def test_the_engine_has_not_changed_since_its_version_was_recorded(run: Run) -> None:
    """When this fails: raise the version in engine/pyproject.toml, then `make engine-version`."""
    assert make_wheel(run, ROOT, "check", code=None) == ""


def test_a_changed_engine_is_refused_until_its_version_moves(published: Path, run: Run) -> None:
    module = BakedProject(published / "engine")
    module.write("src/rft/errors.py", module.read("src/rft/errors.py") + "\n# changed\n")
    assert "the engine has changed since version" in make_wheel(run, published, "check", code=1)
    assert "is taken by other content" in make_wheel(run, published, "record", code=1)
    text = module.read("pyproject.toml")
    module.write("pyproject.toml", text.replace(f'"{ENGINE_VERSION}"', '"99.0.0"'))
    assert "does not list engine version 99.0.0" in make_wheel(run, published, "check", code=1)
    make_wheel(run, published, "record")
    assert make_wheel(run, published, "check") == ""


def test_every_project_carries_the_same_wheel(bake: Bake) -> None:
    wheels = {bake(use_case=u).contents()[f"vendor/{NAME}"] for u in USE_CASES}
    assert len(wheels) == 1


def test_caches_and_dates_change_nothing(run: Run, template: Path, tmp_path: Path) -> None:
    make_wheel(run, template, str(tmp_path / "one"))
    cache = template / "engine" / "src" / "rft" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "x.pyc").write_bytes(b"x")
    (template / "engine" / "src" / "rft" / "errors.py").touch()
    make_wheel(run, template, str(tmp_path / "two"))
    assert (tmp_path / "one" / NAME).read_bytes() == (tmp_path / "two" / NAME).read_bytes()


def test_wheel_is_the_one_that_the_build_back_end_makes(run: Run, tmp_path: Path) -> None:
    """Files and metadata are those that hatchling writes from the same pyproject.toml."""
    pytest.importorskip("hatchling")
    make_wheel(run, ROOT, str(tmp_path))
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "hatch")
    run(*build, cwd=ROOT / "engine")
    mine, theirs = tmp_path / NAME, tmp_path / "hatch" / NAME
    with zipfile.ZipFile(mine) as one, zipfile.ZipFile(theirs) as two:
        assert sorted(one.namelist()) == sorted(two.namelist())
        same = [n for n in one.namelist() if n.startswith("rft/") or n.endswith(".txt")]
        assert [n for n in same if one.read(n) != two.read(n)] == []
    ours, hatch = metadata(mine), metadata(theirs)
    assert requirements(ours) == requirements(hatch)
    fields = ("Name", "Version", "Summary", "License-Expression", "License-File", "Requires-Python")
    assert [ours[field] for field in fields] == [hatch[field] for field in fields]
    assert sorted(ours.get_all("Provides-Extra", [])) == hatch.get_all("Provides-Extra")
