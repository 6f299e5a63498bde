"""`rft train` against a vendor on loopback."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from rft import Project
from rft.errors import CheckError, StoppedError, UserError
from tests.conftest import Outcome
from tests.endpoint import Endpoint, completion
from tests.toy import point_to
from tests.trainer import SENT, Trainer, error, job_folder

Rft = Callable[..., Outcome]


def tables(project: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads((project / "rft.toml").read_text())


def add_settings(project: Path, text: str) -> None:
    path = project / "rft.toml"
    path.write_text(path.read_text() + text)


# before anything is sent -----------------------------------------------------------------------


def test_a_dry_run_writes_and_shows_the_body_and_asks_nobody(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    outcome = rft("train", "--dry-run")
    assert outcome.code == 0
    assert "nothing was sent" in outcome.out
    assert json.loads((job_folder(project) / "body.json").read_text())["model"] == "toy-model"
    assert trainer.requests == []


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ("batch_size=999", 'allowed is "auto" or a whole number from 1 to 256'),
        ("n_epochs=0", 'allowed is "auto" or a whole number from 1 to 50'),
        ("learning_rate_multiplier=-1", 'allowed is "auto" or a number above 0'),
        ("compute_multiplier=11", 'allowed is "auto" or a number above 0.00001, up to 10'),
        ("eval_interval=0.5", 'allowed is "auto" or a whole number from 1'),
        ("eval_samples=true", 'allowed is "auto" or a whole number from 1'),
        ("reasoning_effort=huge", 'allowed is "default", "low", "medium" or "high"'),
        ("learning_rate=1", "has none of that name; use batch_size, n_epochs"),
        ("n_epochs", "write it as NAME=VALUE"),
    ],
)
def test_a_wrong_hyperparameter_is_refused_with_its_domain_before_any_upload(
    rft: Rft, trainer: Trainer, given: str, allowed: str
) -> None:
    outcome = rft(*SENT, "--hyper", given)
    assert outcome.code == 2
    assert allowed in outcome.err
    assert trainer.requests == []


def test_a_wrong_hyperparameter_in_rft_toml_is_refused_alike(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    add_settings(project, "[train.reinforcement]\nn_epochs = 51\n")
    outcome = rft(*SENT)
    assert outcome.code == 2
    assert "[train.reinforcement] of rft.toml" in outcome.err


def test_without_evidence_nothing_is_sent(rft: Rft, trainer: Trainer) -> None:
    outcome = rft("train", "--yes")
    assert outcome.code == 1
    assert "There is no evidence about toy-model yet" in outcome.err
    assert trainer.requests == []


def evaluate_elsewhere(rft: Rft, project: Path, endpoint: Endpoint, trainer: Trainer) -> None:
    """Make the evidence with another address than the one that trains."""
    point_to(project, endpoint.url)
    rft("eval")
    point_to(project, trainer.url)


def test_a_no_go_is_obeyed_and_overruling_it_is_recorded(
    rft: Rft, project: Path, trainer: Trainer, endpoint: Endpoint
) -> None:
    endpoint.reply = lambda body: (200, completion("I do not know."), {})
    evaluate_elsewhere(rft, project, endpoint, trainer)
    refused = rft("train", "--yes")
    assert refused.code == 1
    assert "rft ready says NO-GO" in refused.err
    assert rft(*SENT).code == 0
    output = json.loads((job_folder(project) / "job.json").read_text())
    assert output["overruled"] is True
    assert "NO-GO" in output["readiness"]


def test_a_run_without_a_single_answer_is_no_evidence(
    rft: Rft, project: Path, trainer: Trainer, endpoint: Endpoint
) -> None:
    endpoint.reply = lambda body: (400, {"error": {"message": "no"}}, {})
    evaluate_elsewhere(rft, project, endpoint, trainer)
    refused = rft("train", "--yes")
    assert refused.code == 1
    assert "The endpoint refused 8 requests" in refused.err


def test_a_not_yet_is_told_and_sent(
    rft: Rft, project: Path, trainer: Trainer, endpoint: Endpoint
) -> None:
    evaluate_elsewhere(rft, project, endpoint, trainer)
    outcome = rft("train", "--yes")
    assert outcome.code == 0
    assert "warn: rft ready says NOT YET" in outcome.out
    assert "tokens of 2" in outcome.out  # the run's folder begins with the year


def test_a_warm_start_needs_no_evidence(rft: Rft, trainer: Trainer) -> None:
    outcome = rft("train", "--method", "supervised", "--yes")
    assert outcome.code == 0
    assert trainer.bodies[0]["method"] == {"type": "supervised", "supervised": {}}


def test_nobody_is_asked_where_there_is_no_terminal(rft: Rft, trainer: Trainer) -> None:
    outcome = rft("train", "--anyway")
    assert outcome.code == 2
    assert "add --yes" in outcome.err
    assert trainer.requests == []


def test_a_broken_row_keeps_everything_here(rft: Rft, project: Path, trainer: Trainer) -> None:
    path = project / "task/data/train.jsonl"
    path.write_text(path.read_text().replace('"role": "user"', '"role": "system"', 1))
    outcome = rft(*SENT)
    assert outcome.code == 1
    assert "train.jsonl:1: messages[1].role" in outcome.err
    assert trainer.requests == []


def test_an_empty_validation_file_keeps_everything_here(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    (project / "task/data/validation.jsonl").write_text("")
    outcome = rft(*SENT)
    assert outcome.code == 1
    assert "validation.jsonl holds no rows" in outcome.err
    assert trainer.requests == []


def test_a_model_that_was_shut_down_is_refused_before_the_upload(
    rft: Rft, trainer: Trainer
) -> None:
    trainer.models["toy-model"] = {"shutdown_date": "2026-01-31"}
    outcome = rft(*SENT)
    assert outcome.code == 1
    assert "toy-model was shut down on 2026-01-31" in outcome.err
    assert trainer.uploads() == 0


def test_a_model_nobody_knows_is_refused_before_the_upload(rft: Rft, trainer: Trainer) -> None:
    outcome = rft(*SENT, "--from", "no-model")
    assert outcome.code == 2
    assert "knows no model 'no-model'" in outcome.err
    assert trainer.uploads() == 0


# sending ---------------------------------------------------------------------------------------


def test_the_tuned_model_lands_in_rft_toml(rft: Rft, project: Path, trainer: Trainer) -> None:
    outcome = rft(*SENT, "--suffix", "toy", "--hyper", "n_epochs=2", "--hyper", "batch_size=auto")
    assert outcome.code == 0
    assert tables(project)["models"] == {"base": "toy-model", "tuned": "ft:toy:1"}
    assert "next: rft eval --model tuned" in outcome.out
    (body,) = trainer.bodies
    assert body["suffix"] == "toy"
    hyper = body["method"]["reinforcement"]["hyperparameters"]
    assert hyper == {"n_epochs": 2, "batch_size": "auto"}


def test_the_warm_start_has_a_name_of_its_own(rft: Rft, project: Path, trainer: Trainer) -> None:
    rft(*SENT, "--method", "supervised")
    assert tables(project)["models"]["warm"] == "ft:toy:1"
    trainer.models["ft:toy:1"] = {}
    assert rft(*SENT, "--from", "warm", "--no-watch").code == 0
    assert trainer.bodies[-1]["model"] == "ft:toy:1"


def test_rows_go_out_with_their_fields_and_the_roles_of_the_profile(
    rft: Rft, trainer: Trainer
) -> None:
    rft(*SENT, "--no-watch")
    first = json.loads(trainer.contents["file-1"].splitlines()[0])
    assert first["messages"][0]["role"] == "developer"
    assert first["reference_answer"] == "rebma"
    assert trainer.files["file-1"]["purpose"] == "fine-tune"


def test_supervised_rows_end_with_the_gold_answer_and_hold_nothing_else(
    rft: Rft, trainer: Trainer
) -> None:
    rft(*SENT, "--method", "supervised", "--no-watch")
    first = json.loads(trainer.contents["file-1"].splitlines()[0])
    assert list(first) == ["messages"]
    assert first["messages"][0]["role"] == "system"
    assert first["messages"][-1] == {"role": "assistant", "content": '{"backwards":"rebma"}'}


def test_the_warm_start_and_rft_can_have_rows_of_their_own(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    whole = _asked(project / "task/data/train.jsonl")
    add_settings(project, "\n[train]\nwarm_share = 0.25\n")
    halves = []
    for method in ("supervised", "reinforcement"):
        rft(*SENT, "--dry-run", "--method", method)
        (path,) = (project / "runs/train").glob(f"*-{method}/train.jsonl")
        halves.append(_asked(path))
    assert [len(half) for half in halves] == [round(len(whole) * 0.25), round(len(whole) * 0.75)]
    assert sorted(halves[0] + halves[1]) == sorted(whole)


def _asked(path: Path) -> list[str]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [next(m["content"] for m in row["messages"] if m["role"] == "user") for row in rows]


def test_files_are_uploaded_once(rft: Rft, trainer: Trainer) -> None:
    rft(*SENT, "--no-watch")
    rft(*SENT, "--no-watch", "--hyper", "n_epochs=2")
    assert trainer.uploads() == 2  # train and validation
    assert len(trainer.bodies) == 2


def test_a_file_the_vendor_has_lost_is_uploaded_again(rft: Rft, trainer: Trainer) -> None:
    rft(*SENT, "--no-watch")
    del trainer.files["file-1"]
    outcome = rft(*SENT, "--no-watch", "--hyper", "n_epochs=2")
    assert trainer.uploads() == 3
    assert trainer.bodies[-1]["training_file"] in trainer.files
    assert outcome.code == 0


def test_a_file_that_is_looked_at_first_is_waited_for(rft: Rft, trainer: Trainer) -> None:
    trainer.file_status = ["pending", "processed"]
    assert rft(*SENT, "--no-watch").code == 0
    assert trainer.requests.count(("GET", "files/file-1")) == 1


def test_a_file_that_is_refused_makes_no_job(rft: Rft, trainer: Trainer) -> None:
    trainer.file_status = ["error"]
    outcome = rft(*SENT)
    assert outcome.code == 2
    assert "refused train.jsonl: row 3 is not valid JSON" in outcome.err
    assert trainer.bodies == []


def test_no_secret_is_written_down(
    rft: Rft, project: Path, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    point_to(project, trainer.url.replace("//", "//me:hidden@") + "?token=secret")
    assert rft(*SENT).code in (0, 2, 3)  # some servers refuse such an address
    written = [path.read_text() for path in (project / "runs").rglob("*.json*")]
    assert written
    assert not any(word in text for text in written for word in ("secret", "hidden"))


def test_bedrocks_rows_are_counted_before_anything_is_sent(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    arn = "arn:aws:lambda:us-west-2:123456789012:function:rft-reward"
    add_settings(project, f'[train]\nbase_url = "{trainer.url}"\nlambda_arn = "{arn}"\n')
    outcome = rft(*SENT, "--profile", "bedrock", "--from", "openai.gpt-oss-20b")
    assert outcome.code == 1
    assert "22 train rows, but bedrock takes 100 or more; add 78" in outcome.err
    assert trainer.requests == []


def test_a_missing_key_is_named(rft: Rft, project: Path, trainer: Trainer) -> None:
    add_settings(project, f'[train]\nbase_url = "{trainer.url}"\n')
    outcome = rft(*SENT, "--profile", "openai", "--from", "gpt-x")
    assert outcome.code == 2
    assert "reads its key from OPENAI_API_KEY" in outcome.err


def test_the_same_body_is_sent_once(rft: Rft, trainer: Trainer) -> None:
    assert rft(*SENT, "--no-watch").out.endswith("sent: ftjob-1; next: rft watch\n")
    assert "next: rft watch" not in rft(*SENT, "--no-watch").out
    assert "This job was sent already: ftjob-1" in rft(*SENT).out
    assert len(trainer.bodies) == 1


def test_the_same_job_can_be_wanted_twice(rft: Rft, trainer: Trainer) -> None:
    rft(*SENT, "--no-watch")
    assert rft(*SENT, "--no-watch", "--new").code == 0
    assert len(trainer.bodies) == 2


def test_a_job_whose_answer_was_lost_is_found_again(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    trainer.lose_answer = True
    assert rft(*SENT, "--no-watch").code == 3
    trainer.lose_answer = False
    assert rft(*SENT, "--no-watch").code == 0
    assert len(trainer.bodies) == 1
    assert json.loads((job_folder(project) / "job.json").read_text())["job_id"] == "ftjob-1"


def test_a_failed_job_may_be_sent_again(rft: Rft, trainer: Trainer) -> None:
    failure = {"code": "invalid_training_file", "message": "row 3 is bad", "param": None}
    trainer.ending = {"status": "failed", "error": failure}
    outcome = rft(*SENT)
    assert outcome.code == 1
    assert "ftjob-1 failed: invalid_training_file: row 3 is bad" in outcome.err
    assert rft(*SENT, "--no-watch").code == 0
    assert len(trainer.bodies) == 2


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        ((403, error("x", "training_not_available")), 2, "closed fine-tuning to new organisations"),
        ((403, error("no right")), 2, "does not allow the job (403): no right"),
        ((400, error("bad grader")), 2, "refused the job (400): bad grader"),
        ((401, error("key")), 2, "refused the key (401)"),
        ((500, error("oops")), 3, "the job failed (500): oops"),
    ],
)
def test_a_refusal_is_one_sentence(
    rft: Rft, trainer: Trainer, reply: tuple[int, dict[str, object]], code: int, message: str
) -> None:
    trainer.refuse = reply
    outcome = rft(*SENT)
    assert outcome.code == code
    assert message in outcome.err
    assert trainer.requests.count(("POST", "fine_tuning/jobs")) == 1


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "http://x:99999"])
def test_a_service_on_this_machine_is_never_reached_through_a_proxy(
    rft: Rft, trainer: Trainer, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
        monkeypatch.setenv(name.lower(), proxy)
    outcome = rft(*SENT)
    assert outcome.code == 0, outcome.err


def test_a_bad_address_is_named_by_its_own_setting(
    rft: Rft, project: Path, trainer: Trainer
) -> None:
    add_settings(project, '[train]\nbase_url = "http://127.0.0.1:0/v1"\n')
    outcome = rft(*SENT)
    assert outcome.code == 2
    assert "rft.toml: train.base_url: 'http://127.0.0.1:0/v1' has port 0" in outcome.err


def test_a_vendor_who_is_not_there(rft: Rft, project: Path) -> None:
    point_to(project, "http://127.0.0.1:9/v1")
    text = (project / "rft.toml").read_text()
    (project / "rft.toml").write_text(text.replace("max_retries = 2", "max_retries = 0"))
    outcome = rft(*SENT)
    assert outcome.code == 3
    assert "cannot be reached" in outcome.err


# the Python API --------------------------------------------------------------------------------


@pytest.fixture
def opened(project: Path, own_task: None, trainer: Trainer) -> Project:
    """The toy project as a script opens it."""
    return Project.open(project)


def test_a_script_trains_and_gets_a_typed_result(opened: Project, project: Path) -> None:
    job = opened.train("supervised")
    result = job.watch()
    assert (job.status, result.status, result.model) == ("succeeded", "succeeded", "ft:toy:1")
    assert tables(project)["models"]["warm"] == "ft:toy:1"
    assert "models.warm in rft.toml is now ft:toy:1" in str(result)
    assert json.loads(json.dumps(result.to_dict()))["name"] == "warm"
    assert list(result.to_frame()["train_reward"]) == [0.2, 0.4]


def test_a_script_is_refused_like_the_command(opened: Project, trainer: Trainer) -> None:
    with pytest.raises(CheckError, match="There is no evidence about toy-model yet"):
        opened.train()
    with pytest.raises(UserError, match="n_epochs = 0"):
        opened.train(hyperparameters={"n_epochs": 0})
    assert trainer.requests == []


def test_a_prepared_job_shows_what_the_command_shows(
    opened: Project, rft: Rft, trainer: Trainer
) -> None:
    prepared = opened.prepare_training(anyway=True)
    assert str(prepared).splitlines()[1:] == rft(*SENT, "--dry-run").out.splitlines()[1:-1]
    assert prepared.to_dict()["body"]["model"] == "toy-model"


def test_ctrl_c_leaves_the_job_running_and_says_so(opened: Project, trainer: Trainer) -> None:
    trainer.hold = True
    job = opened.train("supervised")

    def press(state: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(StoppedError, match="ftjob-1 goes on, rft watch shows it again"):
        job.watch(press)
    assert opened.training_job().status == "running"
