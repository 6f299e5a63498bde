"""The builder reproduces the shipped files, and the importer reads what the docs describe."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import starter
from build_data import build
from build_data import rows as rows_of

from rft.task import Problem
from task import importer


@pytest.mark.slow
def test_building_again_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    build(tmp_path)
    built = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.jsonl")]
    assert len(built) == 7
    assert [p for p in built if (tmp_path / p).read_bytes() != (folder / p).read_bytes()] == []


def test_a_faulty_encounter_stops_the_build_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("== a | outpatient | 2026-05-01\nCough.\ncode: R05 | Cough | Cough.\n")
    with pytest.raises(ValueError, match=r"bad\.txt:3: 'a': 'R05' is not billable"):
        rows_of(file, {})


def test_the_shipped_starter_rows_are_those_of_the_builder(folder: Path) -> None:
    for split in starter.ROWS:
        text = (folder / f"starter/{split}.jsonl").read_text(encoding="utf-8")
        assert [json.loads(line) for line in text.splitlines()] == starter.rows(split)


def test_the_example_of_an_encounter_by_hand_is_imported(folder: Path, tmp_path: Path) -> None:
    page = (folder.parent / "USE_CASE.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```\n(== .*?)```", page, re.DOTALL)
    (tmp_path / "example.txt").write_text(example, encoding="utf-8")
    (row,) = importer.load([tmp_path / "example.txt"], {"add_gold": "yes"})
    assert isinstance(row, dict), row
    assert row["reference_answer"] == {"codes": ["J10.1", "E11.9", "Z79.84"]}


def test_codiesp_is_read_where_it_is_present() -> None:
    """More than 400 of the 500 documents give a row; many of their codes are not billable."""
    shared = os.environ.get("RFT_SHARED_DATA", "")
    folder = Path(shared) / "codiesp/train" if shared else Path("no such folder")
    if not folder.is_dir():
        pytest.skip("RFT_SHARED_DATA is not set")
    options = {"type": "DIAGNOSTICO", "bad_codes": "code", "candidates": "0"}
    out = list(importer.load([folder / "text_files_en", folder / "trainX.tsv"], options))
    assert sum(isinstance(o, dict) for o in out) > 400
    assert any("not billable" in o.message for o in out if isinstance(o, Problem))
