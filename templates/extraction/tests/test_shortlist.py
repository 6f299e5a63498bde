"""What the retriever promises."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from task import shortlist as module
from task.grader import canonical
from task.schema import CODE
from task.shortlist import Index, load_index, near_misses, search, shortlist

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def index() -> Index:
    """The index of the installed code set (built when this machine has none: seconds)."""
    return load_index()


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("Essential hypertension.", "I10"),
        ("High blood pressure", "I10"),
        ("T2DM with diabetic polyneuropathy", "E11.42"),
        ("Acute obstructive appendicitis; haemorrhage", "K35.80"),
        ("Displaced fracture, shaft of left clavicle", "S42.022A"),
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


def test_only_billable_codes_are_found_and_each_once(index: Index) -> None:
    found = search(index, "Fracture of the wrist, diabetes, pregnancy of 30 weeks, cough.")
    assert len(set(found)) == len(found) == module.SIZE
    assert all(map(index.is_billable, found))


def test_a_note_without_words_finds_nothing(index: Index) -> None:
    assert search(index, "...") == search(index, "qq zz") == []


def test_what_must_be_there_takes_the_last_places(index: Index) -> None:
    shown = [c["code"] for c in shortlist(index, "Cough and fever.", 20, must=["Z66", "Z66"])]
    assert "Z66" in shown
    assert len(shown) == 20
    assert shown == sorted(shown)


def test_near_misses_are_the_closest_billable_codes_of_the_category(index: Index) -> None:
    found = near_misses(index, ["S52.531A"], most=5)
    assert [code[:7] for code in found] == ["S52.531"] * 5
    assert "S52.531A" not in found
    assert near_misses(index, ["I10"]) == []


def test_the_code_set_is_counted_as_published(index: Index) -> None:
    """74,719 codes in the release of April 2026; categories that are blocks are among them."""
    assert int(index.billable.sum()) == 74_719


def test_every_code_of_the_code_set_is_read_as_one(index: Index) -> None:
    """Also those of category 'QA0', the only ones with a letter in the second place."""
    assert [c for c in index.codes if canonical(c) != c.replace(".", "")] == []
    assert [c for c in index.codes if not CODE.fullmatch(c)] == []


def test_the_index_loads_in_less_than_a_second(index: Index) -> None:
    load_index.cache_clear()
    started = time.perf_counter()
    load_index()
    assert time.perf_counter() - started < 1


def test_loading_the_index_loads_neither_code_set_nor_scikit_learn(index: Index) -> None:
    code = "import sys, task.shortlist as s; s.load_index(); print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {"simple_icd_10_cm", "sklearn"} & set(told)


def test_the_index_holds_no_objects_that_could_run_code(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module._write(index, tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz", allow_pickle=False) as found:
        assert all(found[name].dtype.kind in "iufb" for name in found)


def test_a_damaged_index_is_built_anew(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFT_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "build_index", lambda: index)
    load_index.cache_clear()
    load_index()
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"PK\3\4 torn")
    load_index.cache_clear()
    assert load_index().codes == index.codes
    load_index.cache_clear()
