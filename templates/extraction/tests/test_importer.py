"""Import of your own encounters: good rows are kept, bad rows are named by file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import task.grader
from rft.graders.source import source_fields
from rft.task import Problem
from task.grader import grade
from task.importer import OPTIONS, load
from task.schema import Item, messages
from task.tools.shortlist import SIZE
from tests.conftest import Row

Import = Callable[..., tuple[list[Row], list[Problem]]]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    """Import paths below tmp_path; return rows and problems; no candidates unless wanted."""

    def run(*names: str, **options: str) -> tuple[list[Row], list[Problem]]:
        out = list(load([tmp_path / n for n in names], {"candidates": "0"} | options))
        return [o for o in out if isinstance(o, dict)], [o for o in out if isinstance(o, Problem)]

    return run


def test_a_csv_becomes_rows(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text('id,note,codes\n1,"Well, then",i10;E119\n2,Cough,R05.1|R50.9\n')
    rows, problems = run("a.csv")
    assert problems == []
    assert [r["reference_answer"]["codes"] for r in rows] == [["I10", "E11.9"], ["R05.1", "R50.9"]]


def test_an_imported_row_makes_a_prompt(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes,setting\n1,Cough,R05.1,inpatient\n")
    (row,), _ = run("a.csv")
    assert "inpatient" in messages(Item.model_validate(row))[1]["content"]


def test_a_bad_row_is_named_by_line_and_the_others_kept(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text(
        'id,note,codes\n1,"two\nlines",I10\n2,Cough,cough\n3,Flu,J11.1\n'
    )
    rows, problems = run("a.csv")
    assert [r["id"] for r in rows] == ["1", "3"]
    assert {p.line for p in problems} == {4}
    assert "'cough' is not written like a code" in problems[0].message


def test_bad_codes_can_cost_only_themselves(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Cough,cough;R05.1\n")
    rows, problems = run("a.csv", bad_codes="code")
    assert rows[0]["reference_answer"]["codes"] == ["R05.1"]
    assert len(problems) == 1


def test_a_row_with_two_bad_codes_is_one_problem(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Cough,cough;E11;R05.1\n")
    rows, problems = run("a.csv")
    assert (rows, len(problems)) == ([], 1)
    assert "1 more of its codes cannot be used" in problems[0].message


def test_codes_are_looked_up_and_candidates_searched_for(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Diabetes,E11\n2,Diabetes,E11.9\n")
    rows, problems = run("a.csv", candidates=str(SIZE))
    assert "not billable" in problems[0].message
    assert "E11.9" in {c["code"] for c in rows[0]["candidates"]}
    assert 20 <= len(rows[0]["candidates"]) <= SIZE


def test_an_imported_row_has_every_field_that_the_grader_reads(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Cough,R05.1\n")
    (row,), _ = run("a.csv")
    grader = Path(task.grader.__file__).read_text(encoding="utf-8")
    assert source_fields(grader) <= set(row)
    assert grade({"output_text": '{"codes": ["R05.1"]}'}, row) == 1.0


def test_gold_joins_the_candidates_only_on_demand(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Cough,S42.022A\n")
    shown = [
        run("a.csv", add_gold=way, candidates="40")[0][0]["candidates"] for way in ("no", "yes")
    ]
    assert ["S42.022A" in {c["code"] for c in some} for some in shown] == [False, True]


def test_a_missing_column_is_said(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,x\n")
    assert "lacks codes, note" in run("a.csv")[1][0].message


def test_a_row_with_missing_cells_is_said(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,x\n")
    assert run("a.csv")[1][0].line == 2


def test_notes_and_a_tsv_become_rows(tmp_path: Path, run: Import) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/p1.txt").write_text("Cough.")
    (tmp_path / "c.tsv").write_text("p1\tDX\tr05.1\tcough\t0 5\np1\tPROC\t0ab\nzz\tDX\tI10\n")
    rows, problems = run("notes", "c.tsv", type="DX")
    assert rows[0]["reference_answer"] == {"codes": ["R05.1"]}
    assert [(p.line, p.message) for p in problems] == [(3, "There is no note zz.txt.")]


def test_a_two_column_tsv_is_read(tmp_path: Path, run: Import) -> None:
    (tmp_path / "p1.txt").write_text("Cough.")
    (tmp_path / "c.tsv").write_text("p1\tr05.1\n")
    assert run(".")[0][0]["reference_answer"] == {"codes": ["R05.1"]}


def test_a_note_without_codes_has_no_reference(tmp_path: Path, run: Import) -> None:
    (tmp_path / "p1.txt").write_text("Cough.")
    (tmp_path / "c.tsv").write_text("")
    assert run(".")[0][0]["reference_answer"] is None


def test_a_note_that_states_its_code_is_refused(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_text("id,note,codes\n1,Coded R05.1 here,R05.1\n")
    rows, problems = run("a.csv")
    assert rows == []
    assert "gives the answer away" in problems[0].message


@pytest.mark.parametrize("name", ["nothing.csv", "a.docx", "."])
def test_a_path_that_holds_nothing_is_said(name: str, run: Import) -> None:
    rows, problems = run(name)
    assert (len(rows), len(problems)) == (0, 1)


def test_text_that_is_not_utf8_is_said(tmp_path: Path, run: Import) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,note,codes\n1,caf\xe9,I10\n")
    assert "UTF-8" in run("a.csv")[1][0].message


def test_an_unknown_option_is_said(run: Import) -> None:
    assert "no option 'colour'" in run("a.csv", colour="red")[1][0].message


def test_every_option_has_a_help_sentence() -> None:
    assert all(len(text) > 20 for text in OPTIONS.values())


ENCOUNTERS = """\
== a-1 | outpatient | 2026-05-04
Cough for two days, fever.

No pneumonia.
code: R05.1 | Cough for two days | Acute cough.
code: r509 | fever | Fever, unspecified.
optional: Z79.899
never: J18
near: R05.9 R05.3
traps: negation ruled-out

== a-2 | inpatient | 2026-05-05
Pneumonia was suspected, then ruled out.
never: J18
"""


@pytest.fixture
def by_hand(tmp_path: Path, run: Import) -> Import:
    """Import a text of encounters, with parts of it replaced."""

    def by_hand(old: str = "", new: str = "", **options: str) -> tuple[list[Row], list[Problem]]:
        (tmp_path / "my.txt").write_text(ENCOUNTERS.replace(old, new, 1) if old else ENCOUNTERS)
        return run("my.txt", **options)

    return by_hand


def test_encounters_by_hand_become_rows(by_hand: Import) -> None:
    (first, second), problems = by_hand()
    assert problems == []
    assert first["note"] == "Cough for two days, fever.\n\nNo pneumonia."
    assert first["reference_answer"] == {"codes": ["R05.1", "R50.9"]}
    assert first["evidence"][1] == {"code": "R50.9", "span": "fever", "why": "Fever, unspecified."}
    assert (first["optional"], first["must_not_code"]) == (["Z79.899"], ["J18"])
    assert first["traps"] == ["negation", "ruled-out"]
    assert (second["setting"], second["encounter_date"]) == ("inpatient", "2026-05-05")
    assert second["reference_answer"] == {"codes": []}


def test_near_and_optional_codes_join_the_candidates_on_demand(by_hand: Import) -> None:
    for option, joined in (("no", False), ("yes", True)):
        shown = {c["code"] for c in by_hand(add_gold=option, candidates="40")[0][0]["candidates"]}
        assert ({"Z79.899", "R05.3"} <= shown) == joined


def test_an_encounter_without_codes_has_no_reference_yet(by_hand: Import) -> None:
    rows, _ = by_hand("then ruled out.\nnever: J18", "then ruled out.")
    assert rows[1]["reference_answer"] is None


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("| outpatient |", "|", 1, "Cannot read '== a-1"),
        ("== a-1", "a-1", 1, "Text before the first encounter"),
        ("| Acute cough.", "", 5, "Write 'code: E11.9 | words of the note"),
        ("R05.1 |", "R05 |", 5, "'R05' is not billable"),
        ("Z79.899", "Z79.8999", 7, "'Z79.8999' is not in the installed code set"),
        ("never: J18", "never: ???", 8, "'???' is not written like a code"),
        ("near: R", "nearly: R", 9, "Cannot read 'nearly: R05.9 R05.3' after the note"),
        ("Cough for two", "Cough for ten", 1, "not in the note word for word"),
        ("outpatient", "at home", 1, "setting: must be 'outpatient' or 'inpatient'"),
    ],
)
def test_a_faulty_encounter_is_named_by_line(
    by_hand: Import, old: str, new: str, line: int, message: str
) -> None:
    rows, problems = by_hand(old, new)
    assert "a-1" not in [row["id"] for row in rows]
    assert any(p.line == line and message in p.message for p in problems), problems


def test_a_file_without_an_encounter_is_said(tmp_path: Path, run: Import) -> None:
    (tmp_path / "my.txt").write_text("\n")
    assert "There is no encounter" in run("my.txt")[1][0].message
