"""The service answers the unmodified SDK as its types promise, good and bad input alike."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types import FileDeleted, FileObject, Model
from openai.types.chat import ChatCompletion
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.alpha import GraderRunResponse, GraderValidateResponse

from rft.config import EMBEDDED_MODEL
from rft.local.store import worker_lock
from tests.grader_fixtures import SAME, body, multi, python
from tests.service_fixtures import Running, chat, ended, jsonl, raw, serving, upload
from tests.toy import make_project

SUPERVISED = [chat(n, "yes") for n in range(4)]
REINFORCED = [chat(n) for n in range(4)]
GRADER = python(body("return 0.5"))
HALF = {"type": "reinforcement", "reinforcement": {"grader": GRADER}}
TRAINS = importlib.util.find_spec("trl") is not None


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all tests of a module."""
    root = make_project(tmp_path_factory.mktemp("serve") / "toy")
    with serving(root) as running:
        yield running


@pytest.fixture
def client(service: Running) -> Any:
    """A client of the service."""
    return service.client()


def refused(call: Any, kind: type[openai.APIStatusError], code: str, param: str | None) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises(kind) as caught:
        call()
    error: Any = caught.value
    assert (error.code, error.param) == (code, param)
    assert error.body.keys() == {"message", "type", "param", "code"}
    assert error.request_id
    return str(error.body["message"])


# models --------------------------------------------------------------------------------------


def test_models_are_listed_and_found(client: Any) -> None:
    assert [model.id for model in client.models.list()] == [EMBEDDED_MODEL]
    answer = raw(client.models.with_raw_response.retrieve(EMBEDDED_MODEL))
    assert Model.model_validate(answer, strict=True).shutdown_date is None


@pytest.mark.parametrize("name", ["gpt-5", "../../etc/passwd", "/etc/passwd", "models/x.gguf"])
def test_no_id_is_taken_as_a_path(client: Any, name: str) -> None:
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve(name)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model=name, messages=[{"role": "user", "content": "x"}])


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        ({"temperature": 3}, "temperature"),
        ({"stream": True}, "stream"),
        ({"extra_body": {"grammar": "x"}}, "grammar"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
    ],
)
def test_a_wrong_chat_request_names_its_parameter(client: Any, change: Any, param: str) -> None:
    good = {"model": EMBEDDED_MODEL, "messages": [{"role": "user", "content": "x"}]}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**(good | change))
    assert caught.value.param == param


@pytest.mark.slow
def test_a_chat_answer_is_what_the_sdk_promises(client: Any) -> None:
    """The embedded model really answers, twice, held to a schema."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    sent = client.chat.completions.with_raw_response.create(
        model=EMBEDDED_MODEL,
        messages=[{"role": "user", "content": "Give a number."}],
        max_completion_tokens=32,
        seed=1,
        n=2,
        response_format=form,
    )
    answer = ChatCompletion.model_validate(raw(sent), strict=True)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert all("n" in json.loads(c.message.content or "") for c in answer.choices)
    assert answer.usage
    assert answer.usage.completion_tokens > 2


# files ---------------------------------------------------------------------------------------


def test_a_file_lives_from_upload_to_deletion(client: Any) -> None:
    content = jsonl(SUPERVISED)
    sent = client.files.with_raw_response.create(
        file=("../../rows.jsonl", content), purpose="fine-tune"
    )
    file = FileObject.model_validate(raw(sent), strict=True)
    assert (file.filename, file.bytes) == ("rows.jsonl", len(content))
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == content
    assert file.id in [entry.id for entry in client.files.list(purpose="fine-tune")]
    assert file.id not in [entry.id for entry in client.files.list(purpose="batch")]
    gone = raw(client.files.with_raw_response.delete(file.id))
    assert FileDeleted.model_validate(gone, strict=True).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)


def test_files_come_in_pages(client: Any) -> None:
    ids = [upload(client, SUPERVISED) for _ in range(3)]
    assert [file.id for file in client.files.list(limit=2)][:3] == ids[::-1]  # the SDK turns pages


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no rows"),
        (b"hello\n", "line 1: not valid JSON at column 1"),
        (b'{"messages": [{"role": "user", "content": "x"}]}\n[]\n', "line 2: the line is an array"),
        (b'{"x": 1}\n', "line 1: messages: is missing; add it"),
        (b'\n{"messages": [{"role": "user"}]}\n', "line 2: messages[0].content: is missing"),
        (b'{"messages": [{"role": "user", "content": [1]}]}\n', "only text is portable"),
        (b'{"a": "\xff"}\n', "line 1: not valid UTF-8 at byte 8"),
        (b'{"a": 1, "a": 2}\n', "line 1: a: the key stands more than once"),
        (b"[" * 100_000 + b"\n", "line 1: the JSON is nested deeper"),
    ],
)
def test_a_file_that_nobody_can_train_on_is_refused(
    client: Any, content: bytes, message: str
) -> None:
    def send() -> None:
        client.files.create(file=("f", content), purpose="fine-tune")

    assert message in refused(send, openai.BadRequestError, "invalid_file_format", "file")


def test_an_unknown_purpose_is_refused(client: Any) -> None:
    def send() -> None:
        client.files.create(file=("f", b"x"), purpose="fun")

    assert "fine-tune" in refused(send, openai.BadRequestError, "invalid_value", "purpose")


# graders -------------------------------------------------------------------------------------


def test_a_grader_is_validated(client: Any) -> None:
    answer = raw(client.fine_tuning.alpha.graders.with_raw_response.validate(grader=GRADER))
    grader: Any = GraderValidateResponse.model_validate(answer, strict=True).grader
    assert grader.to_dict() == GRADER


@pytest.mark.parametrize(
    "grader",
    [
        {"type": "magic"},
        python("def wrong(): pass"),
        python("file:///etc/passwd"),
        {"type": "local", "name": "l", "source": body("return 1"), "hosted": "endpoint"},
        multi("a + b", a=SAME),
        {"type": "score_model", "name": "s", "model": "m", "input": [
            {"role": "user", "content": "?"}]},
    ],
)  # fmt: skip
def test_a_grader_that_cannot_be_is_refused(client: Any, grader: Any) -> None:
    graders = client.fine_tuning.alpha.graders
    for call in (
        lambda: graders.validate(grader=grader),
        lambda: graders.run(grader=grader, model_sample="x", item={}),
    ):
        refused(call, openai.BadRequestError, "invalid_grader", "grader")


def run(client: Any, grader: Any, sample: str = "a") -> GraderRunResponse:
    """One grading, its answer checked against the SDK's type."""
    graders = client.fine_tuning.alpha.graders.with_raw_response
    answer = raw(graders.run(grader=grader, model_sample=sample, item={"gold": "a"}))
    return GraderRunResponse.model_validate(answer, strict=True)


def test_a_multi_grader_gives_its_parts(client: Any) -> None:
    found = run(client, multi("0.5 * s + 0.5 * p", s=SAME, p=GRADER))
    assert (found.reward, found.sub_rewards) == (0.75, {"s": 1.0, "p": 0.5})


@pytest.mark.parametrize(
    ("lines", "flag"),
    [
        (["raise ValueError('no')"], "python_grader_runtime_error"),
        (["return float('nan')"], "python_grader_runtime_error"),
        (["return '1.0'"], "python_grader_runtime_error"),
        (["print('x' * 10_000_000)", "return 2.0"], "other_error"),
        (["os._exit(3)"], "python_grader_server_error"),
    ],
)
def test_a_bad_grader_sets_the_contracts_flag(client: Any, lines: Any, flag: str) -> None:
    errors = run(client, python(body(*lines))).metadata.errors.to_dict()
    assert [name for name, value in errors.items() if value is True] == [flag]


# jobs ----------------------------------------------------------------------------------------


def test_a_job_is_created_listed_and_cancelled(client: Any, service: Running) -> None:
    jobs = client.fine_tuning.jobs
    made = raw(
        jobs.with_raw_response.create(
            model=EMBEDDED_MODEL,
            training_file=upload(client, REINFORCED),
            validation_file=upload(client, REINFORCED[:2]),
            method=HALF,
            suffix="first try",
            seed=5,
            metadata={"team": "a", "rft_beta": "0.1"},
        )
    )
    job = FineTuningJob.model_validate(made, strict=True)
    assert (job.status, job.seed, job.result_files) == ("validating_files", 5, [])
    # The worker waits for its lock: without the train extra it would end the job before we do.
    with worker_lock(service.root / ".rft/serve/jobs" / job.id):
        assert job.id in [entry.id for entry in jobs.list(metadata={"team": "a"})]
        assert job.id not in [entry.id for entry in jobs.list(metadata={"team": "b"})]
        cancelled = raw(jobs.with_raw_response.cancel(job.id))
    stopped = FineTuningJob.model_validate(cancelled, strict=True)
    assert stopped.status == "cancelled"
    assert stopped.finished_at
    for verb in (jobs.cancel, jobs.pause, jobs.resume):
        cancelled = refused(
            lambda v=verb: v(job.id), openai.BadRequestError, "invalid_job_status", None
        )
        assert "is cancelled" in cancelled
    events = raw(jobs.with_raw_response.list_events(job.id))["data"]
    first = FineTuningJobEvent.model_validate(events[0], strict=True)
    assert first.message == "The job was cancelled."
    assert list(jobs.checkpoints.list(job.id)) == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"training_file": "file-none"}, "training_file"),
        ({"validation_file": "../state.db"}, "validation_file"),
        ({"suffix": "x" * 65}, "suffix"),
        ({"suffix": "../x"}, "suffix"),
        ({"seed": -1}, "seed"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"metadata": {"rft_beta": "much"}}, "metadata"),
        ({"metadata": {"rft_magic": "1"}}, "metadata"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]}, "integrations"),
        ({"method": {"type": "dpo", "dpo": {}}}, "method.type"),
        ({"method": {"type": "reinforcement"}}, "method"),
    ],
)
def test_a_wrong_job_names_its_parameter(client: Any, change: Any, param: str) -> None:
    good = {"model": EMBEDDED_MODEL, "training_file": upload(client, SUPERVISED)}
    with pytest.raises(openai.BadRequestError) as caught:
        client.fine_tuning.jobs.create(**(good | change))
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_epochs", 51), ("batch_size", 0), ("batch_size", "some"), ("learning_rate_multiplier", 0),
     ("compute_multiplier", 11), ("eval_samples", 0), ("reasoning_effort", "huge"), ("lr", 1)],
)  # fmt: skip
def test_a_wrong_hyperparameter_is_named(client: Any, name: str, value: Any) -> None:
    own = {"grader": GRADER, "hyperparameters": {name: value}}
    with pytest.raises(openai.BadRequestError) as caught:
        client.fine_tuning.jobs.create(
            model=EMBEDDED_MODEL,
            training_file=upload(client, REINFORCED),
            method={"type": "reinforcement", "reinforcement": own},
        )
    assert caught.value.param == f"method.reinforcement.hyperparameters.{name}"


@pytest.mark.parametrize(
    ("rows", "method", "message"),
    [
        (SUPERVISED, HALF, "the last message of a reinforcement row must be the user's"),
        (REINFORCED, {"type": "supervised"}, "the last message of a supervised row"),
        ([{"messages": [{"role": "system", "content": "x"}]}], HALF, "'system' is not allowed"),
    ],
)
def test_rows_that_do_not_fit_the_method_fail_the_job(
    client: Any, rows: Any, method: Any, message: str
) -> None:
    job = client.fine_tuning.jobs.create(
        model=EMBEDDED_MODEL, training_file=upload(client, rows), method=method
    )
    job = ended(client, job.id)
    assert (job.status, job.error.param) == ("failed", "training_file")
    assert message in job.error.message


@pytest.mark.skipif(TRAINS, reason="the packages of the train extra are installed")
def test_without_the_train_extra_the_job_says_what_to_install(client: Any) -> None:
    job = client.fine_tuning.jobs.create(
        model=EMBEDDED_MODEL, training_file=upload(client, SUPERVISED)
    )
    job = ended(client, job.id)
    assert (job.status, job.error.code) == ("failed", "train_extra_missing")
    assert "'train' extra" in job.error.message


def test_an_unknown_job_is_404(client: Any) -> None:
    for call in (client.fine_tuning.jobs.retrieve, client.fine_tuning.jobs.pause):
        with pytest.raises(openai.NotFoundError):
            call("ftjob-none")


# the address and the state -------------------------------------------------------------------


def test_state_outlives_a_kill(service: Running, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    with serving(service.root, *state) as first:
        file = upload(first.client(), SUPERVISED)
        first.kill()
    with serving(service.root, *state) as second:
        assert second.client().files.content(file).read() == jsonl(SUPERVISED)


def test_one_state_has_one_service(service: Running) -> None:
    with serving(service.root) as second:
        assert "Another rft serve uses" in second.said


def test_what_is_uploaded_is_for_this_user_alone(service: Running) -> None:
    assert (service.root / ".rft/serve").stat().st_mode & 0o077 == 0


def test_other_addresses_than_loopback_demand_a_key(service: Running, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"), "--host", "0.0.0.0")
    with serving(service.root, *state) as closed:
        assert "--key-env" in closed.said
    with serving(service.root, *state, "--key-env", "MY_KEY", MY_KEY="secret") as keyed:
        keyed.url = keyed.url.replace("0.0.0.0", "127.0.0.1")
        assert list(keyed.client("secret").models.list())
        with pytest.raises(openai.AuthenticationError):
            keyed.client("guess").models.list()


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"host": "evil.example:80"}]
)
def test_web_pages_cannot_ask(client: Any, headers: dict[str, str]) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        client.models.list(extra_headers=headers)


def test_json_must_say_that_it_is_json(client: Any) -> None:
    with pytest.raises(openai.APIStatusError, match="415"):
        client.fine_tuning.alpha.graders.validate(
            grader=GRADER, extra_headers={"content-type": "text/plain"}
        )


def test_a_body_beyond_the_limit_is_refused(client: Any) -> None:
    with pytest.raises(openai.APIStatusError, match="413"):
        client.fine_tuning.alpha.graders.run(grader=GRADER, model_sample="x" * (9 << 20), item={})
