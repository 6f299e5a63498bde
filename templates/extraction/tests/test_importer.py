"""What an import of your own encounters promises: good rows kept, bad ones named by line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import task.grader
from rft.graders.source import source_fields
from task.grader import grade
from task.importer import OPTIONS, Problem, load
from task.schema import Item, messages
from task.shortlist import SIZE

Found = tuple[list[dict[str, Any]], list[Problem]]


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., Found]:
    """Imports paths below tmp_path; rows and problems apart."""

    def run(*names: str, **options: str) -> Found:
        out = list(load([tmp_path / n for n in names], options))
        return [o for o in out if isinstance(o, dict)], [o for o in out if isinstance(o, Problem)]

    return run


def test_a_csv_becomes_rows(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "a.csv").write_text('id,note,codes\n1,"Well, then",i10;E119\n2,Cough,R05.1|R50.9\n')
    rows, problems = found("a.csv")
    assert problems == []
    assert [r["reference_answer"]["codes"] for r in rows] == [["I10", "E11.9"], ["R05.1", "R50.9"]]


def test_an_imported_row_makes_a_prompt(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes,setting\n1,Cough,R05.1,inpatient\n")
    (row,), _ = found("a.csv")
    assert "inpatient" in messages(Item.model_validate(row))[1]["content"]


def test_a_bad_row_is_named_by_line_and_the_others_kept(
    tmp_path: Path, found: Callable[..., Found]
) -> None:
    (tmp_path / "a.csv").write_text(
        'id,note,codes\n1,"two\nlines",I10\n2,Cough,cough\n3,Flu,J11.1\n'
    )
    rows, problems = found("a.csv")
    assert [r["id"] for r in rows] == ["1", "3"]
    assert {p.line for p in problems} == {4}
    assert "'cough' is not written like a code" in problems[0].message


def test_bad_codes_can_cost_only_themselves(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Cough,cough;R05.1\n")
    rows, problems = found("a.csv", bad_codes="code")
    assert rows[0]["reference_answer"]["codes"] == ["R05.1"]
    assert len(problems) == 1


def test_codes_are_looked_up_and_candidates_searched_for(
    tmp_path: Path, found: Callable[..., Found]
) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Diabetes,E11\n2,Diabetes,E11.9\n")
    rows, problems = found("a.csv")
    assert "not billable" in problems[0].message
    assert "E11.9" in {c["code"] for c in rows[0]["candidates"]}
    assert 20 <= len(rows[0]["candidates"]) <= SIZE


def test_an_imported_row_has_every_field_that_the_grader_reads(
    tmp_path: Path, found: Callable[..., Found]
) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Cough,R05.1\n")
    (row,), _ = found("a.csv")
    grader = Path(task.grader.__file__).read_text(encoding="utf-8")
    assert source_fields(grader) <= set(row)
    assert grade({"output_text": '{"codes": ["R05.1"]}'}, row) == 1.0


def test_gold_joins_the_candidates_only_on_demand(
    tmp_path: Path, found: Callable[..., Found]
) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Cough,S42.022A\n")
    shown = [found("a.csv", add_gold=way)[0][0]["candidates"] for way in ("no", "yes")]
    assert ["S42.022A" in {c["code"] for c in some} for some in shown] == [False, True]


def test_a_missing_column_is_said(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,x\n")
    assert "lacks codes, note" in found("a.csv")[1][0].message


def test_a_row_with_missing_cells_is_said(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,x\n")
    assert found("a.csv")[1][0].line == 2


def test_notes_and_a_tsv_become_rows(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/p1.txt").write_text("Cough.")
    (tmp_path / "c.tsv").write_text("p1\tDX\tr05.1\tcough\t0 5\np1\tPROC\t0ab\nzz\tDX\tI10\n")
    rows, problems = found("notes", "c.tsv", type="DX")
    assert rows[0]["reference_answer"] == {"codes": ["R05.1"]}
    assert [(p.line, p.message) for p in problems] == [(3, "There is no note zz.txt.")]


def test_a_two_column_tsv_is_read(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "p1.txt").write_text("Cough.")
    (tmp_path / "c.tsv").write_text("p1\tr05.1\n")
    assert found(".")[0][0]["reference_answer"] == {"codes": ["R05.1"]}


def test_a_note_without_codes_has_no_reference(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "p1.txt").write_text("Cough.")
    (tmp_path / "c.tsv").write_text("")
    assert found(".")[0][0]["reference_answer"] is None


def test_a_note_that_states_its_code_is_refused(
    tmp_path: Path, found: Callable[..., Found]
) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Coded R05.1 here,R05.1\n")
    rows, problems = found("a.csv")
    assert rows == []
    assert "gives the answer away" in problems[0].message


@pytest.mark.parametrize("name", ["nothing.csv", "a.docx", "."])
def test_a_path_that_holds_nothing_is_said(name: str, found: Callable[..., Found]) -> None:
    rows, problems = found(name)
    assert (len(rows), len(problems)) == (0, 1)


def test_text_that_is_not_utf8_is_said(tmp_path: Path, found: Callable[..., Found]) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,note,codes\n1,caf\xe9,I10\n")
    assert "UTF-8" in found("a.csv")[1][0].message


def test_an_unknown_option_is_said(found: Callable[..., Found]) -> None:
    assert "no option 'colour'" in found("a.csv", colour="red")[1][0].message


def test_every_option_has_a_help_sentence() -> None:
    assert all(len(text) > 20 for text in OPTIONS.values())


def test_codiesp_is_read_where_it_is_present() -> None:
    """147 of the 500 documents have 2 to 10 codes, all billable, and fit; most others do not."""
    shared = os.environ.get("RFT_SHARED_DATA", "")
    folder = Path(shared) / "codiesp/train" if shared else Path("no such folder")
    if not folder.is_dir():
        pytest.skip("RFT_SHARED_DATA is not set")
    options = {"type": "DIAGNOSTICO", "bad_codes": "code", "candidates": "0"}
    out = list(load([folder / "text_files_en", folder / "trainX.tsv"], options))
    assert sum(isinstance(o, dict) for o in out) > 400
    assert any("not billable" in o.message for o in out if isinstance(o, Problem))
