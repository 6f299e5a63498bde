"""Reading and writing data files: nothing stops at the first fault, nothing else changes."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from rft.dataset import Finding, Split, dataset_hash, load_split, write_messages
from rft.errors import OutsideError, UserError

Load = Callable[[str | bytes], tuple[Split, list[Finding]]]


class Item(BaseModel):
    """A question with a one-word answer."""

    model_config = ConfigDict(extra="forbid")
    id: str
    messages: list[dict[str, str]]
    question: str
    sizes: list[int] = []
    reference_answer: str


def messages(item: Item) -> list[dict[str, str]]:
    return [{"role": "user", "content": item.question}]


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [
        {
            "id": f"r{n}",
            "question": f"What is {n}?",
            "messages": [{"role": "user", "content": f"What is {n}?"}],
            "reference_answer": str(n),
        }
        for n in range(20)
    ]


def text_of(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def run(content: str | bytes) -> tuple[Split, list[Finding]]:
        path = tmp_path / "train.jsonl"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_split("train", path, Item)

    return run


def test_all_faults_are_reported_not_only_the_first(load, rows):
    lines = text_of(rows).splitlines()
    lines[2], lines[5], lines[9] = "{", '{"id": 1}', ""
    split, findings = load("\n".join(lines))
    assert {f.line for f in findings} == {3, 6, 10}
    assert [row.line for row in split.rows] == [n for n in range(1, 21) if n not in (3, 6, 10)]


def test_one_row_may_have_several_findings(load):
    _, findings = load('{"id": 1, "question": "?", "messages": []}\n')
    assert {f.field for f in findings} == {"id", "reference_answer"}


def test_a_list_with_many_faults_is_cut_short_and_counted(load, rows):
    rows[3]["sizes"] = ["x"] * 500
    _, findings = load(text_of(rows))
    assert [f.field for f in findings if f.field] == [f"sizes[{i}]" for i in range(10)]
    assert any("490 more fields" in f.message for f in findings)


def test_content_that_is_not_text_is_told_how_to_be_written(load, rows):
    rows[3]["messages"][0]["content"] = [{"type": "text", "text": "?"}]
    _, (finding,) = load(text_of(rows))
    assert finding.field == "messages[0].content"
    assert "only text is portable" in finding.remedy


def test_a_validators_endless_message_is_cut():
    finding = Finding("error", "schema", "a.jsonl", 1, None, "x" * 9_999, "shorten it")
    assert len(str(finding)) < 500
    assert str(finding).endswith("...; shorten it.")


def test_a_missing_file_is_a_finding(tmp_path):
    split, (finding,) = load_split("train", tmp_path / "none.jsonl", Item)
    assert (finding.code, finding.line, split.rows) == ("missing-file", None, [])
    assert "create it" in str(finding)


def test_a_folder_in_place_of_the_file_is_a_finding(tmp_path):
    _, (finding,) = load_split("train", tmp_path, Item)
    assert finding.code == "unreadable-file"


def test_windows_line_ends_and_a_missing_last_one_are_fine(load, rows):
    split, findings = load(text_of(rows).replace("\n", "\r\n").rstrip())
    assert (len(split.rows), findings) == (20, [])


def test_unicode_line_separators_inside_a_string_do_not_end_the_row(load, rows):
    rows[0]["question"] = "a\u2028b\u0085c"
    split, findings = load("\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
    assert (len(split.rows), findings) == (20, [])


def test_a_whole_emoji_written_as_two_escapes_is_fine(load, rows):
    rows[0]["question"] = "\N{GRINNING FACE}?"
    assert load(text_of(rows))[1] == []


def test_a_finding_is_one_printable_line_whatever_the_row_holds(load, rows):
    rows[0]["reference_answer"] = ["a \x1b[31m\nb" * 1000]
    rows[1]["x\n\x1b[2J"] = 1
    _, findings = load(text_of(rows))
    assert len(findings) == 2
    assert all(str(f).isprintable() and len(str(f)) < 600 for f in findings)


def test_the_finding_reads_as_documented():
    finding = Finding("error", "schema", "task/data/train.jsonl", 17, "level", "is bad", "fix it")
    assert str(finding) == "task/data/train.jsonl:17: level: is bad; fix it."


def test_garbage_collection_is_on_again_after_reading(load, rows):
    load(text_of(rows))
    assert gc.isenabled()


def test_unreadable_lines_count_as_rows_of_the_file(load, rows):
    split, findings = load(text_of(rows) + "{\n")
    assert (split.lines, len(split.rows), findings[0].severity) == (21, 20, "error")


class TestHash:
    def test_spacing_and_key_order_do_not_change_it(self, load, rows):
        first = load(text_of(rows))[0].sha256
        shuffled = [dict(reversed(row.items())) for row in rows]
        compact = "\n".join(json.dumps(row, separators=(",", ":")) for row in shuffled)
        assert load(compact)[0].sha256 == first

    def test_any_value_and_the_order_of_rows_change_it(self, load, rows):
        split, _ = load(text_of(rows))
        rows[3]["sizes"] = [1]
        changed, _ = load(text_of(rows))
        hashes = {split.sha256, changed.sha256, dataset_hash(reversed(split.rows))}
        assert len(hashes) == 3

    def test_the_split_carries_the_hash_of_its_rows(self, load, rows):
        split, _ = load(text_of(rows))
        assert split.sha256 == dataset_hash(split.rows)


class TestWriteMessages:
    @pytest.fixture
    def stale(self, load, rows) -> Split:
        rows[4]["messages"] = [{"role": "user", "content": "old \u00e4"}]
        del rows[7]["messages"]
        split: Split = load(text_of(rows))[0]
        return split

    def test_only_stale_and_missing_prompts_change(self, stale):
        before = stale.path.read_bytes().split(b"\n")
        assert write_messages(stale, messages) == 2
        after = stale.path.read_bytes().split(b"\n")
        assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [4, 7]

    def test_the_file_is_up_to_date_afterwards_and_stays_as_it_is(self, stale):
        write_messages(stale, messages)
        text = stale.path.read_bytes()
        split, findings = load_split("train", stale.path, Item)
        assert not findings
        for row in split.rows:
            assert isinstance(row.item, Item)
            assert row.data["messages"] == messages(row.item)
        assert write_messages(stale, messages) == 0
        assert stale.path.read_bytes() == text

    def test_keys_keep_their_order(self, stale):
        keys = list(stale.rows[4].data)
        write_messages(stale, messages)
        assert list(json.loads(stale.path.read_text().splitlines()[4])) == keys

    def test_changed_rows_keep_spacing_escapes_and_line_ends(self, load, rows):
        rows[0] |= {"question": "\u00e9?", "messages": [{"role": "user", "content": "old"}]}
        line = json.dumps(rows[0], separators=(",", ":"))
        split, _ = load(line + "\r\n")
        write_messages(split, messages)
        text = split.path.read_bytes()
        assert text.endswith(b"}\r\n")
        assert b'"question":"\\u00e9?"' in text
        assert b'"content":"\\u00e9?"' in text

    def test_a_file_with_errors_is_left_alone(self, stale):
        text = stale.path.read_text() + "{\n"
        stale.path.write_text(text)
        with pytest.raises(UserError, match=r"train.jsonl:21: .*column"):
            write_messages(stale, messages)
        assert stale.path.read_text() == text

    def test_a_file_without_rows_is_refused(self, load):
        with pytest.raises(UserError, match="no readable rows"):
            write_messages(load("{\n")[0], messages)

    def test_a_failing_messages_function_is_named_with_the_line(self, stale):
        with pytest.raises(UserError, match=r"train.jsonl:1: messages\(\).*ZeroDivisionError"):
            write_messages(stale, lambda item: [{"role": "user", "content": str(1 / 0)}])

    def test_a_failed_write_leaves_the_old_file_and_no_other(self, stale, monkeypatch):
        before = stale.path.read_bytes()

        def full(*args: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OutsideError, match="No space left"):
            write_messages(stale, messages)
        assert [p.read_bytes() for p in stale.path.parent.iterdir()] == [before]

    def test_a_link_stays_a_link(self, stale, tmp_path):
        link = tmp_path / "link.jsonl"
        link.symlink_to(stale.path)
        split, _ = load_split("train", link, Item)
        assert write_messages(split, messages) == 2
        assert link.is_symlink()
        assert load_split("train", stale.path, Item)[1] == []
