"""Text files as people's programs write them: read, or named with file and line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rft import Project, config
from rft.errors import UserError
from rft.graders import load_spec
from rft.jsonl import Line, read_lines, read_text
from rft.task import csv_rows, text_lines
from tests.conftest import Outcome

Rft = Callable[..., Outcome]
NO_LINE_END = "a\u2028b\u2029c\x85d\x0ce\x0bf\x1cg"


class Note(Line):
    """A line with a text."""

    text: str


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a file of some bytes."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "task" / "notes.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


Write = Callable[[str | bytes], Path]


def note(text: str) -> str:
    return json.dumps({"item_id": "x", "text": text}, ensure_ascii=False)


def test_only_a_line_feed_ends_a_line(file: Write) -> None:
    notes, findings = read_lines(file(f"{note(NO_LINE_END)}\r\n\n{note('2')}"), Note, {"x"})
    assert [n.text for n in notes] == [NO_LINE_END, "2"]
    assert notes[1].place == "task/notes.jsonl:3"
    assert findings == []


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (note("1") + "\n{", 2, "not valid JSON at column 2"),
        ("[1]", 1, "an array of 1 elements, not an object"),
        (note("1").replace('"1"', "NaN"), 1, "text: is NaN"),
        (note("1").replace('"x"', '"y"'), 1, "'y' is the id of no row"),
        ('{"item_id": "x"}', 1, "text: is missing; add it."),
        ('{"item_id": "x", "txet": ""}', 1, "rename 'txet' to 'text'"),
        (note("\xe4").encode("cp1252"), 1, "0xe4, 'ä' in Windows-1252); save the file as UTF-8."),
        (note("1").encode("utf-16"), None, "it looks like UTF-16"),
        ("[" * 100_000, 1, "nested deeper than 64 levels"),
    ],
)
def test_a_line_that_cannot_be_used_is_a_finding(
    file: Write, content: str | bytes, line: int | None, words: str
) -> None:
    notes, (finding,) = read_lines(file(content), Note, {"x"})
    assert notes in ([], [Note(item_id="x", text="1", place="task/notes.jsonl:1")])
    assert (finding.file, finding.line) == ("task/notes.jsonl", line)
    assert words in str(finding)


def test_a_byte_order_mark_is_skipped(file: Write) -> None:
    assert read_text(file("\ufeff1")) == "1"
    assert len(read_lines(file("\ufeff" + note("1")), Note, {"x"})[0]) == 1


def test_text_in_another_encoding_is_named_with_its_line(file: Write) -> None:
    with pytest.raises(UserError, match=r"notes\.jsonl:2: not valid UTF-8 at byte 2 .*0xfc, 'ü'"):
        read_text(file(b"ok\nM\xfcll"))


def test_settings_with_a_byte_order_mark_are_read(project: Path) -> None:
    path = project / "rft.toml"
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert config.load(path).project.name == "toy"


def test_settings_and_environment_in_utf_16_are_named(project: Path) -> None:
    (project / ".env").write_text("A=1", encoding="utf-16")
    with pytest.raises(UserError, match=r"^\.env: the file is not UTF-8 text .*UTF-16"):
        Project.open(project)
    path = project / "rft.toml"
    path.write_text(path.read_text(), encoding="utf-16")
    with pytest.raises(UserError, match=r"^rft\.toml: the file is not UTF-8 text .*UTF-16"):
        Project.open(project)


def test_an_environment_file_with_a_byte_order_mark_is_read(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFT_TOY", "")
    monkeypatch.delenv("RFT_TOY")
    (project / ".env").write_text("\ufeffRFT_TOY=1", encoding="utf-8")
    Project.open(project)
    assert os.environ["RFT_TOY"] == "1"


def test_a_grader_with_a_byte_order_mark_grades_as_without(rft: Rft, project: Path) -> None:
    path = project / "task/grader.py"
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert "30 of 30 reference answers score 1" in rft("check").out


def test_a_grader_in_another_encoding_is_named_with_its_line(project: Path) -> None:
    (project / "task/grader.py").write_bytes(b"\n# \xe4\n")
    with pytest.raises(UserError, match=r"'grader\.py' cannot be read: line 2: not valid UTF-8"):
        load_spec(project / "task/grader.json")


def test_importers_read_lines_and_cells_whole(file: Write) -> None:
    assert list(text_lines(file(f"\ufeff{NO_LINE_END}\r\n2"))) == [(1, NO_LINE_END), (2, "2")]
    cell = NO_LINE_END + "x" * 160_000
    table = f'id,note\r\n1,"{cell}"\r\n2,"two\r\nlines"\r\n3,plain\r\n'
    rows = csv_rows(file(table))
    assert [(line, r["id"]) for line, r in rows] == [(2, "1"), (3, "2"), (5, "3")]
    assert rows[0][1]["note"] == cell


def test_a_table_that_is_not_csv_is_named(file: Write) -> None:
    with pytest.raises(UserError, match=r"notes\.jsonl:2: not valid CSV"):
        csv_rows(file('id,note\n1,"a\rb'.replace('"', "")))
