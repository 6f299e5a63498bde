"""The service at home is found, or started in the background."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rft.errors import OutsideError
from rft.jobs.local_service import STATE, ensure, running
from tests.conftest import Outcome
from tests.endpoint import Endpoint

SERVICE = """
import json, os, socket, sys, time
bound = socket.create_server(("127.0.0.1", 0))
about = {"url": f"http://127.0.0.1:{bound.getsockname()[1]}/v1", "pid": os.getpid()}
path = os.path.join(sys.argv[1], "serve.json")
os.makedirs(sys.argv[1], exist_ok=True)
open(path + ".part", "w").write(json.dumps(about))
os.replace(path + ".part", path)
time.sleep(60)
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    return [sys.executable, "-c", SERVICE, str(tmp_path / STATE)]


def pid(root: Path) -> int:
    return int(json.loads((root / STATE / "serve.json").read_text())["pid"])


def test_it_is_started_once_and_outlives_a_stale_file(tmp_path: Path, command: list[str]) -> None:
    assert running(tmp_path) is None
    url = ensure(tmp_path, command)
    assert ensure(tmp_path, ["false"]) == running(tmp_path) == url
    os.kill(pid(tmp_path), signal.SIGKILL)
    while running(tmp_path):
        time.sleep(0.01)
    assert running(tmp_path) is None
    assert ensure(tmp_path, command) == running(tmp_path)
    os.kill(pid(tmp_path), signal.SIGKILL)


def test_a_model_tuned_at_home_is_asked_there(
    rft: Callable[..., Outcome], project: Path, endpoint: Endpoint
) -> None:
    path = project / "rft.toml"
    text = path.read_text().replace('"compatible"', '"local"')
    path.write_text(text.replace("[sampling]", 'tuned = "ft:toy:1"\n[sampling]'))
    (project / STATE).mkdir(parents=True)
    (project / STATE / "serve.json").write_text(json.dumps({"url": endpoint.url}))
    assert rft("eval", "--model", "tuned").code == 0
    assert {body["model"] for body in endpoint.bodies} == {"ft:toy:1"}


def test_what_it_says_when_it_cannot_start_is_told(tmp_path: Path) -> None:
    complaint = "import sys; sys.exit('rft: no packages')"
    with pytest.raises(OutsideError, match="did not start; it said: no packages"):
        ensure(tmp_path, [sys.executable, "-c", complaint])
