"""`rft watch` and what changes a job that runs, against a vendor on loopback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from openai import OpenAI

from rft.jobs import follow, store
from tests.conftest import Outcome
from tests.toy import point_to
from tests.trainer import SENT, Trainer, job_folder, reward

Rft = Callable[..., Outcome]


def test_the_watch_tells_steps_and_messages(rft: Rft, project: Path, trainer: Trainer) -> None:
    rft(*SENT, "--no-watch")
    outcome = rft("watch")
    assert "Files were read." in outcome.out
    assert "step 2 of 3: train reward 0.400, valid reward 0.500" in outcome.out
    kept = (job_folder(project) / "events.jsonl").read_text().splitlines()
    assert len(kept) == 3


def test_a_job_that_was_watched_twice_has_its_events_once(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    rft(*SENT)
    rft("watch", "ftjob-1")
    assert len((job_folder(project) / "events.jsonl").read_text().splitlines()) == 3


def test_a_job_of_another_address_is_not_asked_for_here(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    rft(*SENT, "--no-watch")
    point_to(project, "http://127.0.0.1:9/v1")
    outcome = rft("watch")
    assert outcome.code == 2
    assert f"ftjob-1 was sent to {trainer.url}" in outcome.err


def test_a_service_that_comes_back_elsewhere_is_found_again(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    rft(*SENT, "--no-watch")
    urls = iter(["http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1", trainer.url])

    def reach() -> OpenAI:
        return OpenAI(base_url=next(urls), api_key="k", max_retries=0)

    states = list(follow.follow(reach, store.find(project / "runs/train", "")))
    assert ["cannot be reached" in state.notice for state in states[:3]] == [True, True, False]
    assert states[-1].status == "succeeded"


def test_an_unknown_job(rft: Rft, trainer: Trainer) -> None:
    assert "No job was sent from here yet" in rft("watch").err
    rft(*SENT, "--no-watch")
    outcome = rft("watch", "ftjob-9")
    assert outcome.code == 2
    assert "runs/train holds ftjob-1" in outcome.err


@pytest.mark.parametrize(
    ("action", "status"), [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")]
)
def test_a_job_can_be_stopped_and_started(
    rft: Rft, trainer: Trainer, action: str, status: str
) -> None:
    rft(*SENT, "--no-watch")
    assert rft("train", action).out == f"ftjob-1: {status}\n"
    assert trainer.jobs["ftjob-1"]["status"] == status


def test_a_paused_job_is_left_alone(rft: Rft, trainer: Trainer) -> None:
    rft(*SENT, "--no-watch")
    rft("train", "pause")
    outcome = rft("watch")
    assert outcome.code == 0
    assert "rft train resume continues it" in outcome.out


def test_the_watch_stops_a_job_that_hacks_its_reward(rft: Rft, trainer: Trainer) -> None:
    trainer.steps = [
        reward(step, 0.3 + step / 20, 0.6 - step / 20 if step % 5 == 0 else None)
        for step in range(0, 11)
    ]
    trainer.hold = True
    outcome = rft(*SENT, "--stop-on-hacking", "--hyper", "eval_samples=16")
    assert "warning: validation reward fell" in outcome.out
    assert trainer.jobs["ftjob-1"]["status"] == "paused"
    assert outcome.code == 0
