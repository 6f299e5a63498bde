"""The builder reproduces every generated file of the use case, byte for byte."""

from __future__ import annotations

from pathlib import Path

import build_data
import pytest

from tests.conftest import SPLITS, TASK

FILES = [
    *(f"{folder}/{split}.jsonl" for folder in ("data", "starter") for split in SPLITS),
    "probes.jsonl",
    "starter/probes.jsonl",
    "tools/vips.jsonl",
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the builder writes."""
    folder = tmp_path_factory.mktemp("task")
    build_data.build(folder)
    return folder


def test_the_builder_writes_these_files(built: Path) -> None:
    files = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert files == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_shipped_file_is_what_the_builder_makes(built: Path, name: str) -> None:
    """The same seed gives the same bytes, so the file was not edited by hand."""
    assert (built / name).read_bytes() == (TASK / name).read_bytes()
