"""`rft export foundry`: the endpoint grader's service, as Foundry and others ask it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome
from tests.test_export import LOCAL, set_grader
from tests.trainer import Trainer

Rft = Callable[..., Outcome]
Ask = Callable[..., tuple[int, dict[str, Any]]]
ROW = {"id": "adobe", "word": "adobe", "reference_answer": "eboda"}
RIGHT = {"output_text": '{"backwards": "eboda"}', "choices": [{"finish_reason": "stop"}]}


@pytest.fixture
def exported(rft: Rft, project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The endpoint of a project whose grader Foundry cannot run, ready to be imported."""
    set_grader(project, LOCAL)
    assert rft("export", "foundry").code == 0
    folder = project / "exports/foundry"
    monkeypatch.syspath_prepend(folder / "endpoint")
    monkeypatch.setattr("atexit.register", lambda close: None)
    for name in [n for n in sys.modules if n.partition(".")[0] in ("service", "rft_reward")]:
        monkeypatch.delitem(sys.modules, name)
    yield folder
    if grading := sys.modules.get("rft_reward.grading"):
        grading.load().close()


@pytest.fixture
def ask(exported: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Send a body to the service, which expects the token "secret"."""
    monkeypatch.setenv("RFT_TOKEN", "secret")
    handler = importlib.import_module("service").Handler
    monkeypatch.setattr(handler, "log_message", lambda *_: None)

    def send(body: bytes, path: str = "/grade", token: str = "secret") -> tuple[int, Any]:
        url = f"http://127.0.0.1:{server.server_port}{path}"
        request = urllib.request.Request(url, body, {"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield send
        server.shutdown()


def body(**changes: Any) -> bytes:
    """A request as Foundry sends it, with changes."""
    return json.dumps({"sample": RIGHT, "item": ROW, "trace_id": "t", **changes}).encode()


def test_the_service_gives_the_reward(ask: Ask) -> None:
    assert ask(body()) == (200, {"score": 1.0, "parts": {"exact": 1.0}, "errors": []})


def test_a_request_of_another_kind_is_refused_and_never_scored(ask: Ask) -> None:
    replies = {
        "wrong token": ask(body(), token="wrong"),
        "wrong path": ask(body(), path="/"),
        "too large": ask(body() + b" " * 1_000_000),
        "empty": ask(b""),
        "broken": ask(body()[:-1]),
        "deep": ask(b"[" * 100_000),
        "no object": ask(body(item="adobe")),
        "no text": ask(body(sample={})),
        "odd choices": ask(body(sample=RIGHT | {"choices": {}, "output_text": 1})),
    }
    assert [status for status, _ in replies.values()] == [401, 404, 413, 413, *[400] * 5]
    assert all(list(reply) == ["error"] for _, reply in replies.values())


@pytest.mark.slow
def test_an_answer_that_cannot_be_graded_is_asked_for_again(ask: Ask, exported: Path) -> None:
    grader = exported / "rft_reward/project/task/grader.py"
    grader.write_text("import os\nos._exit(1)\n" + grader.read_text())
    status, reply = ask(body())
    assert (status, list(reply)) == (503, ["error"])


def test_the_image_gets_what_its_requirements_name(exported: Path) -> None:
    lines = (exported / "endpoint/Dockerfile").read_text().splitlines()
    sources = [line.split()[1] for line in lines if line.startswith("COPY")]
    assert [source for source in sources if not (exported / source).exists()] == []
    assert "rft_reward" in sources
    assert lines[-1] == 'CMD ["python", "endpoint/service.py"]'


@pytest.mark.slow
def test_submit_sends_rows_and_job_and_the_token_reaches_no_file(
    exported: Path, trainer: Trainer
) -> None:
    job = exported / "job.json"
    job.write_text(job.read_text().replace("YOUR-HOST", "grader.example"))
    variables = {"AZURE_OPENAI_ENDPOINT": trainer.url.removesuffix("/v1"),
                 "AZURE_OPENAI_API_KEY": "k", "RFT_TOKEN": "secret"}  # fmt: skip
    command = [sys.executable, str(exported / "submit.py"), "--send"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "ftjob-1: validating_files\n")
    grader = trainer.bodies[0]["method"]["reinforcement"]["grader"]
    assert grader["headers"] == {"Authorization": "Bearer secret"}
    assert trainer.contents["file-1"] == (exported / "train.jsonl").read_bytes()
    assert "secret" not in job.read_text()
    without = subprocess.run(command, env={}, capture_output=True, text=True)
    assert without.stderr == "RFT_TOKEN is not set; see README.md.\n"
