"""What services answer about files and jobs in other words than the contract's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft.jobs import follow, uploads
from tests.conftest import Outcome
from tests.trainer import SENT, Trainer, job_folder

Rft = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for a file again at once."""
    monkeypatch.setattr(uploads, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(uploads, "UPLOADED_S", 0.02)


# files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    ["pending", "running", "notRunning", "queued", "In Progress", "validating", "not_ready", "new"],
)
def test_a_file_is_waited_for_whatever_the_time_until_then_is_called(
    rft: Rft, trainer: Trainer, state: str
) -> None:
    trainer.file_status = [state, state, "processed"]
    outcome = rft(*SENT, "--no-watch")
    assert outcome.code == 0
    assert f"waiting for train.jsonl to be processed (it is '{state}')" in outcome.out
    assert trainer.requests.count(("GET", "files/file-1")) == 2


@pytest.mark.parametrize("state", ["uploaded", "Processed", "FileStatus.READY", "OK", None, ""])
def test_a_file_that_stays_so_can_be_used(rft: Rft, trainer: Trainer, state: str | None) -> None:
    trainer.file_status = [state]
    assert rft(*SENT, "--no-watch").code == 0


@pytest.mark.parametrize("state", ["error", "FileFailed", "deleted", "FILE_STATE_ERROR"])
@pytest.mark.parametrize("before", [[], ["pending"]])
def test_a_file_that_is_refused_is_told_with_its_reason(
    rft: Rft, trainer: Trainer, before: list[str], state: str
) -> None:
    trainer.file_status = [*before, state]
    outcome = rft(*SENT)
    assert outcome.code == 2
    assert "refused train.jsonl: row 3 is not valid JSON" in outcome.err
    assert trainer.bodies == []


def test_a_file_that_is_never_processed_ends_the_wait(
    rft: Rft, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PATIENCE_S", 0.05)
    trainer.file_status = ["pending"]
    outcome = rft(*SENT)
    assert outcome.code == 3
    assert "still reports train.jsonl (file-1) as 'pending'" in outcome.err


# how a job ends --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    ["Completed", "JOB_STATE_SUCCEEDED", "early-stopped", "done", "SUCCEEDED_WITH_WARNINGS",
     "JobStatus.SUCCEEDED", {"state": "succeeded"}],
)  # fmt: skip
def test_a_success_ends_the_watch_however_it_is_spelled(
    rft: Rft, trainer: Trainer, state: Any
) -> None:
    trainer.ending = {"status": state, "fine_tuned_model": {"id": "ft:toy:1"}}
    outcome = rft(*SENT)
    assert outcome.code == 0
    assert "models.tuned in rft.toml is now ft:toy:1" in outcome.out


@pytest.mark.parametrize("state", ["canceled", "Cancelled by user", "Stopped", "STATE_CANCELLED"])
def test_a_cancelled_job_ends_the_watch_however_it_is_spelled(
    rft: Rft, trainer: Trainer, state: str
) -> None:
    trainer.ending = {"status": state}
    outcome = rft(*SENT)
    assert outcome.code == 1
    assert "ftjob-1 was cancelled" in outcome.err


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        ({"status": "Failed", "error": "out of memory"}, "failed: out of memory"),
        ({"status": "user_error", "error": {"message": "row 3"}}, "failed: row 3"),
        ({"status": "FAILED_VALIDATION", "error": ["row 3", "row 4"]}, "failed: row 3; row 4"),
        ({"status": "errored", "error": {"detail": "row 3"}}, "failed: row 3"),
        ({"status": "failed", "failure_reason": "no quota"}, "failed: no quota"),
        ({"status": "failed", "error": None, "status_details": "no quota"}, "failed: no quota"),
        ({"status": "failed", "error": "bad\x1b[2J\nline"}, "failed: bad"),
        ({"status": "failed", "error": {"code": "x", "message": "y", "param": None}}, ": x: y"),
        ({"status": "failed"}, "failed: no reason is given"),
        ({"status": "OUT_OF_MEMORY"}, "failed: no reason is given"),
        ({"status": "TrainingFailed", "error": True}, "failed: True"),
        ({"status": "exploded", "finished_at": 9}, "failed: no reason is given"),
    ],
)
def test_a_failed_job_says_why_in_whatever_shape(
    rft: Rft, trainer: Trainer, ending: dict[str, Any], sentence: str
) -> None:
    trainer.ending = ending
    outcome = rft(*SENT)
    assert outcome.code == 1
    assert sentence in outcome.err
    assert "\x1b" not in outcome.err


def test_an_unknown_state_is_told_once_and_watched_on(rft: Rft, trainer: Trainer) -> None:
    trainer.between = ["warming_up", "warming_up", "warming_up", "Compiling", "Compiling"]
    outcome = rft(*SENT)
    assert outcome.code == 0
    assert outcome.out.count("the state 'warming_up'") == 1
    assert outcome.out.count("the state 'compiling'") == 1


# events ----------------------------------------------------------------------------------------


def test_a_page_of_events_that_repeats_for_ever_is_read_once(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    trainer.more_pages = True
    assert rft(*SENT).code == 0
    assert len((job_folder(project) / "events.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"id": None, "message": "no id"},
        {"id": "e", "message": None, "created_at": None, "data": "text"},
        {"message": "only words"},
        "an event that is text",
        {"id": "e", "type": "metrics", "message": "m", "data": {"step": "two"}},
    ],
)
def test_an_odd_event_does_not_end_the_watch(rft: Rft, trainer: Trainer, odd: Any) -> None:
    trainer.odd_events = [odd]
    outcome = rft(*SENT)
    assert outcome.code == 0, outcome.err
    assert "step 2 of 3" in outcome.out


@pytest.mark.parametrize("reply", [{"object": "list", "data": None}, [3], 3, "text"])
def test_a_list_of_events_that_is_none_does_not_end_the_watch(
    rft: Rft, trainer: Trainer, reply: Any
) -> None:
    trainer.events_reply = (200, reply)
    assert rft(*SENT).code == 0


def test_a_service_without_events_is_reported_once_and_watched_on(
    rft: Rft, trainer: Trainer
) -> None:
    trainer.events_reply = (404, {"error": {"message": "no such path"}})
    outcome = rft(*SENT)
    assert outcome.code == 0
    assert outcome.out.count("The watch goes on.") == 1


@pytest.mark.parametrize("reply", [[], None, {}, 3])
def test_a_reply_without_a_state_is_not_watched_for_ever(
    rft: Rft, trainer: Trainer, monkeypatch: pytest.MonkeyPatch, reply: Any
) -> None:
    monkeypatch.setattr(follow, "PATIENCE_S", 0.0)
    trainer.job_reply = reply
    outcome = rft(*SENT)
    assert outcome.code == 3
    assert "replied without the state of the job" in outcome.err


@pytest.mark.parametrize("odd", [{"created_at": None}, {"metadata": "text"}, {"training_file": 3}])
def test_an_odd_entry_in_the_list_of_jobs_is_passed_over(
    rft: Rft, trainer: Trainer, odd: dict[str, Any]
) -> None:
    trainer.lose_answer = True
    rft(*SENT, "--no-watch")
    trainer.lose_answer = False
    trainer.jobs["ftjob-1"] |= odd
    assert rft(*SENT, "--no-watch").code == 0


def test_a_job_without_an_id_is_looked_for_again(rft: Rft, trainer: Trainer) -> None:
    trainer.refuse = (200, {"object": "fine_tuning.job"})
    outcome = rft(*SENT)
    assert outcome.code == 3
    assert "without a job id" in outcome.err
