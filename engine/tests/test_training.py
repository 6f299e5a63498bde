"""Jobs that really train: a tiny random llama with the embedded model's tokenizer, on the CPU."""

from __future__ import annotations

import csv
import io
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai.types.fine_tuning import FineTuningJob
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

from rft.config import EMBEDDED_MODEL
from tests.grader_fixtures import body, python
from tests.service_fixtures import (
    Running,
    below_best,
    chat,
    ended,
    raw,
    serving,
    tiny_llama,
    until,
    upload,
)
from tests.toy import make_project

for package in ("torch", "transformers", "trl", "peft", "datasets", "gguf"):
    pytest.importorskip(package, reason="needs the packages of the train extra")
pytestmark = pytest.mark.slow

TINY = "models/tiny"
SMALL = {"rft_threads": "1", "rft_max_tokens": "8", "rft_save_interval": "1"}
ES = body("text = sample['output_text']", "return min(1, 5 * text.count('e') / (len(text) + 1))")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project with a tiny model of its own."""
    from rft.local.train import weights

    root = make_project(tmp_path_factory.mktemp("training") / "toy")
    settings = root / "rft.toml"
    settings.write_text(settings.read_text() + f'[models]\ntiny = "{TINY}"\n')
    settings.write_text(settings.read_text().replace('[models]\nbase = "toy-model"\n', ""))
    weights.save(*tiny_llama(), root / TINY)
    return root


@pytest.fixture(scope="module")
def service(root: Path) -> Iterator[Running]:
    """One service for the tests that do not kill it."""
    with serving(root) as running:
        yield running


def create(client: Any, method: str, rows: int = 8, grader: Any = None, **own: Any) -> Any:
    """A job of `rows` rows, four a step, one epoch."""
    answer = "yes" if method == "supervised" else None
    part: dict[str, Any] = {"hyperparameters": {"batch_size": 4, "n_epochs": own.pop("epochs", 1)}}
    if method == "reinforcement":
        part["grader"] = grader or python(ES)
        part["hyperparameters"] |= {"eval_interval": 1, "compute_multiplier": 0.5}
    return client.fine_tuning.jobs.create(
        model=own.pop("model", TINY),
        training_file=upload(client, [chat(n, answer) for n in range(rows)]),
        validation_file=upload(client, [chat(n, answer) for n in range(3)]),
        method={"type": method, method: part},
        metadata=SMALL | own,
    )


def steps(client: Any, job: Any) -> list[int]:
    """The steps of the metrics events, in the order in which they are listed, oldest first."""
    events = list(client.fine_tuning.jobs.list_events(job.id))[::-1]
    return [event.data["step"] for event in events if event.type == "metrics"]


def last(client: Any, job: Any) -> Any:
    """The data of the latest metrics event."""
    events = client.fine_tuning.jobs.list_events(job.id)
    return next(event.data for event in events if event.type == "metrics")


def say(client: Any, model: str, text: str = "question 1") -> str:
    """A greedy answer of at most ten tokens."""
    messages = [{"role": "user", "content": text}]
    answer = client.chat.completions.create(
        model=model, messages=messages, temperature=0, max_completion_tokens=10
    )
    return str(answer.choices[0].message.content)


def test_supervised_training_makes_a_model_that_answers(service: Running) -> None:
    client = service.client()
    job = create(client, "supervised", rows=20, epochs=2, rft_learning_rate="0.01")
    done = ended(client, job.id)
    assert done.status == "succeeded", done.error
    assert steps(client, job) == list(range(1, 11))
    text = client.files.content(done.result_files[0]).text
    losses = [float(line["train_loss"]) for line in csv.DictReader(io.StringIO(text))]
    assert losses[-1] < losses[0] - 1
    listed = raw(client.fine_tuning.jobs.checkpoints.with_raw_response.list(job.id))["data"]
    kept = [FineTuningJobCheckpoint.model_validate(entry, strict=True) for entry in listed]
    assert 1 <= len(kept) <= 3
    job_again = raw(client.fine_tuning.jobs.with_raw_response.retrieve(job.id))
    assert FineTuningJob.model_validate(job_again, strict=True).fine_tuned_model
    assert (kept[0].metrics.full_valid_loss or 0) > 0
    names = [model.id for model in client.models.list()]
    assert done.fine_tuned_model in names
    assert kept[0].fine_tuned_model_checkpoint in names
    assert done.trained_tokens > 0
    assert "yes" in say(client, done.fine_tuned_model)
    again = create(client, "reinforcement", rows=4, model=done.fine_tuned_model)
    assert ended(client, again.id).status == "succeeded"  # the warm start leads on to RFT


def test_the_embedded_model_can_be_trained(service: Running) -> None:
    client = service.client()
    job = create(client, "supervised", rows=1, model=EMBEDDED_MODEL)
    done = ended(client, job.id, 600)
    assert done.status == "succeeded", done.error


def test_reinforcement_tells_the_contracts_metrics(service: Running) -> None:
    client = service.client()
    job = create(client, "reinforcement", rft_zero_variance="resample")
    done = ended(client, job.id)
    assert done.status == "succeeded", done.error
    assert steps(client, job) == [0, 1, 2]
    data = last(client, job)
    assert 0 < data["scores"]["train_reward_mean"] < 1
    assert 0 <= data["scores"]["valid_reward_mean"] <= 1
    assert data["scores"]["graders"][0]["name"] == "p"
    assert data["errors"]["graders"][0]["train_python_grader_runtime_error_count"] == 0
    assert data["usage"]["samples"]["train_completion_tokens_mean"] <= 8
    for name in ("entropy", "kl", "train_zero_variance_share"):
        assert data[name] is not None
    best = max(client.fine_tuning.jobs.checkpoints.list(job.id), key=lambda c: c.metrics.to_dict()[
        "full_valid_mean_reward"])  # fmt: skip
    assert best.fine_tuned_model_checkpoint


def test_a_grader_that_fails_now_and_then_does_not_stop_the_job(service: Running) -> None:
    faults = ["raise ValueError", "return float('nan')", "return '1.0'",
              "print('x' * 10_000_000); return 1", "os._exit(1)", "time.sleep(60)"]  # fmt: skip
    lines = ["kind = len(sample['output_text']) % 12"]
    lines += [f"if kind == {n}: {fault}" for n, fault in enumerate(faults)]
    client = service.client()
    grader = python(body(*lines, "return kind / 12"))
    job = create(client, "reinforcement", grader=grader, rft_grader_timeout_s="1")
    done = ended(client, job.id)
    assert done.status == "succeeded", done.error
    events = client.fine_tuning.jobs.list_events(job.id)
    graders = [e.data["errors"]["graders"][0] for e in events if e.type == "metrics"]
    for flag in ("runtime", "server"):
        assert sum(g[f"train_python_grader_{flag}_error_count"] for g in graders) > 0


def test_a_grader_that_always_raises_fails_the_job_with_its_traceback(service: Running) -> None:
    client = service.client()
    job = create(client, "reinforcement", 12, python(body("return 1 / 0")))
    done = ended(client, job.id)
    assert done.status == "failed"
    assert "ZeroDivisionError" in done.error.message


def test_a_flat_reward_teaches_nothing_and_breaks_nothing(service: Running) -> None:
    client = service.client()
    job = create(client, "reinforcement", 4, python(body("return 0.5")), rft_beta="0")
    done = ended(client, job.id)
    assert done.status == "succeeded", done.error
    assert last(client, job)["train_zero_variance_share"] == 1
    assert say(client, done.fine_tuned_model) == say(client, TINY)


def test_a_paused_job_has_a_snapshot_and_goes_on_from_it(service: Running) -> None:
    client = service.client()
    job = create(client, "supervised", rows=40)
    until(lambda: bool(steps(client, job)))
    assert client.fine_tuning.jobs.pause(job.id).status == "pausing"
    until(lambda: client.fine_tuning.jobs.retrieve(job.id).status == "paused")
    steps_done = steps(client, job)
    assert steps_done[-1] < 10
    kept = list(client.fine_tuning.jobs.checkpoints.list(job.id))
    assert kept[0].step_number == steps_done[-1]
    assert say(client, kept[0].fine_tuned_model_checkpoint) is not None
    client.fine_tuning.jobs.resume(job.id)
    assert ended(client, job.id).status == "succeeded"
    assert steps(client, job) == list(range(1, 11))


def test_a_cancelled_job_ends_its_worker(service: Running) -> None:
    client = service.client()
    job = create(client, "supervised", rows=400)
    until(lambda: bool(steps(client, job)))
    pid = worker_of(service.root, job.id)
    assert client.fine_tuning.jobs.cancel(job.id).status == "cancelled"
    until(lambda: not Path(f"/proc/{pid}").exists(), 30)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_kill_9_of_service_and_worker_costs_no_step_and_repeats_none(root: Path) -> None:
    state = ("--state", ".rft/killed")
    with serving(root, *state) as first:
        client = first.client()
        job = create(client, "reinforcement", rows=24)
        until(lambda: len(steps(client, job)) > 2)
        os.kill(worker_of(root, job.id, ".rft/killed"), signal.SIGKILL)
        until(lambda: len(steps(client, job)) > 3)  # taken up again by itself
        first.kill()
        os.kill(worker_of(root, job.id, ".rft/killed"), signal.SIGKILL)
    with serving(root, *state) as second:
        client = second.client()
        done = ended(client, job.id, 600)
        assert done.status == "succeeded", done.error
        assert steps(client, job) == list(range(7))
        messages = [event.message for event in client.fine_tuning.jobs.list_events(job.id)]
        assert sum("goes on from the checkpoint" in message for message in messages) == 2


def worker_of(root: Path, job_id: str, state: str = ".rft/serve") -> int:
    """The process that trains a job."""
    with sqlite3.connect(root / state / "state.db") as db:
        return int(db.execute("SELECT pid FROM jobs WHERE id = ?", (job_id,)).fetchone()[0])


def test_llama_cpp_writes_what_transformers_finds_likeliest(tmp_path: Path) -> None:
    import httpx2

    from rft.local.model import gguf_path
    from rft.local.server import serve
    from rft.local.train import weights

    model, tokenizer = weights.load(gguf_path(EMBEDDED_MODEL, Path()), "cpu")
    weights.save(model, tokenizer, tmp_path / "saved")
    model, tokenizer = weights.load(tmp_path / "saved", "cpu")
    path = tmp_path / "saved" / "model.gguf"
    with serve(path, "m", slots=1, context_tokens=512) as url:
        for text in ("Name three colours.", "Add 12345 and 678.", "What is port [3:0]  for?"):
            chat = [{"role": "user", "content": text}]
            asked = {"messages": chat, "temperature": 0, "max_tokens": 24}
            reply = httpx2.post(f"{url}/chat/completions", json=asked, timeout=120).json()
            ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True)["input_ids"]
            answer = tokenizer(reply["choices"][0]["message"]["content"])["input_ids"]
            assert reply["usage"]["prompt_tokens"] == len(ids)
            assert len(answer) > 4
            assert below_best(model, ids, answer) < 0.05  # 8-bit weights
