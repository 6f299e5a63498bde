"""The run store: append-only, crash-safe, resumable."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from rft import record_file, runs
from rft.errors import OutsideError, UserError
from rft.records import Grade, Record, Sample


@pytest.fixture
def info() -> runs.RunInfo:
    return runs.RunInfo(
        split="validation",
        model="org/model:1",
        profile="compatible",
        base_url="http://h/v1",
        item_ids=["a", "b"],
        samples_per_item=2,
        sampling={"temperature": 1.0},
        hashes={"data": "d", "grader": "g", "prompt": "p"},
        versions={},
    )


def graded(item_id: str, k: int, reward: float | None = 0.5) -> Record:
    return Record(item_id=item_id, k=k, sample=Sample(output_text="x"), grade=Grade(reward=reward))


def test_a_new_run_misses_every_answer(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    assert run.missing() == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_the_same_question_goes_on_with_the_same_run(tmp_path: Path, info: runs.RunInfo) -> None:
    first = runs.start(tmp_path, info)
    first.append(graded("a", 0))
    again = runs.start(tmp_path, info)
    assert again.folder == first.folder
    assert ("a", 0) not in again.missing()


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"hashes": {"data": "D", "grader": "g", "prompt": "p"}},
        {"hashes": {"data": "d", "grader": "G", "prompt": "p"}},
        {"sampling": {"temperature": 0.0}},
        {"samples_per_item": 3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_other_question_is_another_run(
    tmp_path: Path, info: runs.RunInfo, change: dict[str, object]
) -> None:
    first = runs.start(tmp_path, info)
    assert runs.start(tmp_path, info.model_copy(update=change)).folder != first.folder


def test_new_makes_a_second_run(tmp_path: Path, info: runs.RunInfo) -> None:
    assert runs.start(tmp_path, info).folder != runs.start(tmp_path, info, new=True).folder


def test_an_answer_without_reward_is_drawn_again(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    run.append(Record(item_id="a", k=0, error="The endpoint answered 500."))
    run.append(graded("a", 1, None))
    assert run.missing() == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_the_newest_record_of_an_answer_counts(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    run.append(Record(item_id="a", k=0, error="The endpoint answered 500."))
    run.append(graded("a", 0, 1.0))
    assert [r.reward for r in run.records()] == [1.0]


def test_records_come_in_the_order_of_the_items(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    for item_id, k in (("b", 1), ("a", 1), ("b", 0), ("a", 0)):
        run.append(graded(item_id, k))
    assert [(r.item_id, r.k) for r in run.records()] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_a_line_torn_by_a_crash_is_cut_off_and_nothing_else(
    tmp_path: Path, info: runs.RunInfo
) -> None:
    run = runs.start(tmp_path, info)
    run.append(graded("a", 0))
    with (run.folder / runs.RECORDS).open("ab") as file:
        file.write(b'{"item_id":"a","k":1,"samp')
    assert len(run.records()) == 1
    run.lock()
    run.append(graded("a", 1))
    run.unlock()
    assert len(run.records()) == 2
    assert "was incomplete" in run.notes[0]


def test_a_damaged_line_is_named(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    (run.folder / runs.RECORDS).write_text("{}\n")
    with pytest.raises(UserError, match=r"records\.jsonl:1: this line is damaged"):
        run.records()


def test_two_writers_cannot_mix_their_lines(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    run.lock()
    with pytest.raises(UserError, match="another rft eval"):
        runs.load(run.folder).lock()
    run.unlock()


def test_any_text_survives_the_way_to_disk(tmp_path: Path, info: runs.RunInfo) -> None:
    text = 'quote " line\nbreak \u2028 zero \x00 emoji \U0001f600'
    run = runs.start(tmp_path, info)
    run.append(Record(item_id="a", k=0, sample=Sample(output_text=text)))
    sample = run.records()[0].sample
    assert sample is not None
    assert sample.output_text == text


def test_a_model_id_cannot_leave_the_runs_folder(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path / "runs", info.model_copy(update={"model": "../../etc/x"}))
    assert run.folder.parent == tmp_path / "runs"


def test_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rft eval"):
        runs.latest(tmp_path)


def test_lines_of_others_are_seen(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    run.append(graded("a", 0))
    runs.load(run.folder).append(graded("a", 1))
    assert [r.k for r in run.records()] == [0, 1]
    assert len(run.missing()) == 2


def test_a_sample_is_stored_before_its_grade_and_read_with_it(
    tmp_path: Path, info: runs.RunInfo
) -> None:
    run = runs.start(tmp_path, info)
    run.append(Record(item_id="a", k=0, sample=Sample(output_text="x")))
    assert run.has_sample("a", 0)
    assert ("a", 0) in run.missing()
    run.append(graded("a", 0), sample_stored=True)
    assert run.records() == runs.load(run.folder).records() == [graded("a", 0)]
    assert (run.folder / runs.RECORDS).read_text().count("output_text") == 1


def test_a_stored_sample_survives_a_failed_grading(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    run.append(Record(item_id="a", k=0, sample=Sample(output_text="x")))
    run.append(Record(item_id="a", k=0, error="The judge is gone."))
    (record,) = run.records()
    assert record.sample == run.read("a", 0).sample == Sample(output_text="x")
    assert record.failure == "The judge is gone."


def test_a_line_that_the_disk_takes_in_part_is_taken_back(
    tmp_path: Path, info: runs.RunInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(FileIO):
        def write(self, data: Any) -> int:
            if len(data) < 20:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data[: len(data) // 2])

    run = runs.start(tmp_path, info)
    run.append(graded("a", 0))
    with monkeypatch.context() as patch:
        patch.setattr(record_file, "FileIO", FullDisk)
        with pytest.raises(OutsideError, match="No space left on device; free disk space"):
            run.append(graded("a", 1))
    run.append(graded("b", 0))
    assert [r.item_id for r in runs.load(run.folder).records()] == ["a", "b"]


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, info: runs.RunInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start(tmp_path, info)
    refusing = Mock(side_effect=PermissionError(errno.EACCES, "Permission denied"))
    monkeypatch.setattr(record_file, "FileIO", refusing)
    with pytest.raises(OutsideError, match="cannot be written: Permission denied; free disk"):
        run.lock()


def test_a_clock_that_was_set_back_changes_no_order(
    tmp_path: Path, info: runs.RunInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = runs.start(tmp_path, info)
    before.append(graded("a", 0))
    tomorrow = before.folder.rename(tmp_path / "20991231-235959-validation-org-model-1")
    os.utime(tomorrow / runs.RECORDS, (4102444800, 4102444800))
    new = runs.start(tmp_path, info, new=True)
    new.touch()
    assert runs.start(tmp_path, info).folder == runs.latest(tmp_path).folder == new.folder


def test_answers_beyond_the_plan_come_last(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    for item_id, k in (("z", 0), ("b", 5), ("b", 0)):
        run.append(graded(item_id, k))
    assert [(r.item_id, r.k) for r in run.records()] == [("b", 0), ("b", 5), ("z", 0)]


def test_a_file_that_was_cut_is_read_anew(tmp_path: Path, info: runs.RunInfo) -> None:
    run = runs.start(tmp_path, info)
    run.append(graded("a", 0))
    run.append(graded("a", 1))
    path = run.folder / runs.RECORDS
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[1])
    assert [r.k for r in run.records()] == [1]


@pytest.mark.parametrize(
    ("record", "unreadable"),
    [
        (Record(item_id="a", k=0, sample=Sample(output_text="prose"), grade=Grade(reward=0)), True),
        (
            Record(item_id="a", k=0, sample=Sample(output_text="prose"), grade=Grade(reward=1)),
            False,
        ),
        (Record(item_id="a", k=0, sample=Sample(output_text="{}"), grade=Grade(reward=0)), False),
        (
            Record(
                item_id="a",
                k=0,
                sample=Sample(output_text="So:\n```json\n{}\n```"),
                grade=Grade(reward=0),
            ),
            False,
        ),
        (
            Record(
                item_id="a",
                k=0,
                sample=Sample(output_text="```\n{}\n```\n```\n{}\n```"),
                grade=Grade(reward=0),
            ),
            True,
        ),
        (Record(item_id="a", k=0, error="500"), False),
    ],
)
def test_an_answer_is_unreadable_when_it_earned_nothing_and_holds_no_json(
    record: Record, unreadable: bool
) -> None:
    assert record.unreadable is unreadable
