"""The local grader on every kind of code, and the index of the whole code set."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from task.grader import canonical
from task.schema import CODE
from task.tools import shortlist
from task.tools.codeset import billable, excluded, explain
from task.tools.shortlist import Index, load_index, search


def lints(code: str) -> dict[str, float]:
    """The findings that are not 0."""
    parts = explain({"output_text": json.dumps({"codes": [code]})}, {})
    return {name: value for name, value in parts.items() if value}


@pytest.mark.parametrize("code", ["B20", "F99", "P84", "R99", "Z66", "I10", "S42.022A"])
def test_a_category_that_stands_alone_is_billable(code: str) -> None:
    assert billable(code)


@pytest.mark.parametrize("code", ["S42.022", "S42.022X", "S42.022Q", "V18.0", "V18.0A", "V18.0XXB"])
def test_a_missing_or_wrong_7th_character_is_found(code: str) -> None:
    assert lints(code)["seventh"] == 1


def test_a_range_in_an_excludes_note_covers_the_codes_in_it() -> None:
    assert excluded("I10", "O11.1")
    assert not excluded("I10", "O20.0")


@pytest.mark.parametrize("code", ["Z87.891", "L89.153", "T46.4X5A", "R65.20"])
def test_a_note_that_holds_only_in_some_cases_requires_nothing(code: str) -> None:
    assert lints(code) == {}


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("Essential hypertension.", "I10"),
        ("Not for resuscitation (DNR)", "Z66"),
        ("HIV disease", "B20"),
    ],
)
def test_a_code_is_found_by_its_own_terms(index: Index, note: str, code: str) -> None:
    assert code in search(index, note)


def test_the_same_note_gives_the_same_list(index: Index) -> None:
    note = "Cough and fever for two days, right lower lobe pneumonia."
    assert search(index, note) == search(index, note)
    assert search(index, note, 20) == search(index, note)[:20]


def test_the_index_holds_as_many_billable_codes_as_were_published(index: Index) -> None:
    """74,719 codes in the release of April 2026; categories that are blocks are among them."""
    assert int(index.billable.sum()) == 74_719


def test_every_code_of_the_code_set_is_read_as_one(index: Index) -> None:
    """Also those of category 'QA0', the only ones with a letter in the second place."""
    assert [c for c in index.codes if canonical(c) != c.replace(".", "")] == []
    assert [c for c in index.codes if not CODE.fullmatch(c)] == []


def test_the_index_loads_in_less_than_a_second_of_cpu_time(index: Index) -> None:
    load_index.cache_clear()
    started = time.process_time()
    load_index()
    assert time.process_time() - started < 1


def test_loading_the_index_loads_neither_code_set_nor_scikit_learn(index: Index) -> None:
    code = "import sys, task.tools.shortlist as s; s.load_index(); print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {"simple_icd_10_cm", "sklearn"} & set(modules)


def test_the_index_holds_no_objects_that_could_run_code(index: Index, tmp_path: Path) -> None:
    shortlist._write(index, tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "iufb" for name in arrays)


def test_a_damaged_index_is_rebuilt(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFT_CACHE", str(tmp_path))
    monkeypatch.setattr(shortlist, "build_index", lambda: index)
    load_index.cache_clear()
    load_index()
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"PK\3\4 torn")
    load_index.cache_clear()
    assert load_index().codes == index.codes
    load_index.cache_clear()
