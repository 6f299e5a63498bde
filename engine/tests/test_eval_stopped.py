"""`rft eval` that is killed, stopped or disturbed: nothing is lost, nothing asked for twice."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft import runs
from rft.config import Sampling
from rft.evaluate import seed_for
from rft.project import Project
from tests import toy
from tests.conftest import Outcome
from tests.endpoint import DRIP, RESET, Endpoint, Reply, completion
from tests.stored import run_apart

Rft = Callable[..., Outcome]
Results = dict[tuple[str, int], tuple[str, float | None]]
CONCURRENCY = 4
POSIX = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


def mixed(body: dict[str, Any]) -> Reply:
    """Solve the toy task for two words of three."""
    word = body["messages"][-1]["content"]
    answer = word[::-1] if sum(word.encode()) % 3 else word
    return 200, completion(json.dumps({"backwards": answer})), {}


@pytest.fixture
def served(project: Path, endpoint: Endpoint) -> Endpoint:
    """The toy project, with 16 rows to evaluate, points to the test's endpoint."""
    toy.point_to(project, endpoint.url)
    settings = project / "rft.toml"
    concurrency = f"concurrency = {CONCURRENCY}"
    settings.write_text(settings.read_text().replace("concurrency = 2", concurrency))
    rows = [json.dumps(toy.row(f"word{n}")) + "\n" for n in range(16)]
    (project / "task/data/validation.jsonl").write_text("".join(rows))
    endpoint.reply = mixed
    return endpoint


def newest(project: Path) -> runs.Run:
    """The newest run."""
    return list(runs.all_runs(project / "runs"))[-1]


def results(project: Path) -> Results:
    """Answer and reward of each item and k in the newest run."""
    records = newest(project).records()
    return {(r.item_id, r.k): (r.sample.output_text, r.reward) for r in records if r.sample}


def stored_seeds(project: Path) -> set[int]:
    """The seeds of the answers in the newest run."""
    seed = Sampling().seed + newest(project).info.redrawn
    return {seed_for(seed, *key) for key in results(project)}


@pytest.fixture
def undisturbed(rft: Rft, project: Path, served: Endpoint) -> Results:
    """What a run holds that nothing disturbs."""
    assert rft("eval").code == 0
    served.bodies.clear()
    return results(project)


def _evaluate(project: Path, new: bool) -> None:
    os.chdir(project)
    Project.open(project).evaluate(new=new)


def killed_at_random(project: Path, served: Endpoint, chance: random.Random, *, new: bool) -> bool:
    """Evaluate in a process that is killed somewhere; False if it came to its end."""
    enough = len(served.bodies) + chance.randrange(33)
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=_evaluate, args=(project, new))
    process.start()
    while process.is_alive() and len(served.bodies) < enough:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.02))
    process.kill()
    process.join()
    return process.exitcode != 0


@POSIX
@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_a_killed_run_loses_nothing_and_asks_for_nothing_twice(
    project: Path, served: Endpoint, undisturbed: Results, kills: int
) -> None:
    chance = random.Random(kills)
    while kills > 0:
        served.bodies.clear()
        kept: set[int] = set()
        lives, killed = 0, True
        while killed:
            before = len(served.bodies)
            killed = killed_at_random(project, served, chance, new=not lives)
            assert kept.isdisjoint(body["seed"] for body in served.bodies[before:])
            kept = stored_seeds(project)
            lives += 1
        kills -= lives - 1
        assert results(project) == undisturbed
        assert len(served.bodies) <= len(undisturbed) + CONCURRENCY * (lives - 1)


@POSIX
def test_ctrl_c_once_finishes_what_is_in_flight(project: Path, served: Endpoint, rft: Rft) -> None:
    release = hold_all_but(CONCURRENCY, served)
    process = run_apart(project, "eval")
    wait_for_requests(served, 2 * CONCURRENCY)
    process.send_signal(signal.SIGINT)
    read_until(process, f"waiting for {CONCURRENCY} answers in flight")
    release.set()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "of 32 answers are kept" in err
    assert len(results(project)) == len(served.bodies)
    assert rft("eval").code == 0
    assert len(served.bodies) == 32


@POSIX
def test_ctrl_c_twice_stops_at_once(project: Path, served: Endpoint) -> None:
    release = hold_all_but(0, served)
    process = run_apart(project, "eval")
    wait_for_requests(served, CONCURRENCY)
    process.send_signal(signal.SIGINT)
    read_until(process, "press Ctrl-C again")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    release.set()
    assert process.returncode == 130
    assert "stopped; 0 of 32 answers are kept" in err
    assert "Traceback" not in err


def hold_all_but(count: int, served: Endpoint) -> threading.Event:
    """Answer so many requests, and the others once the event is set."""
    release, calls = threading.Event(), itertools.count()

    def reply(body: dict[str, Any]) -> Reply:
        if next(calls) >= count:
            release.wait()
        return mixed(body)

    served.reply = reply
    return release


def read_until(process: subprocess.Popen[str], text: str) -> None:
    """Read the process's output up to the line that holds the text."""
    assert process.stdout
    while text not in process.stdout.readline():
        assert process.poll() is None


def wait_for_requests(served: Endpoint, count: int) -> None:
    """Until so many have arrived."""
    while len(served.bodies) < count:
        time.sleep(0.01)


FAULTS: list[Reply] = [
    (429, {"error": {"message": "slow down"}}, {"retry-after-ms": "5"}),
    (500, {"error": {"message": "broken"}}, {"retry-after-ms": "5"}),
    (200, "<html>Welcome</html>", {"content-type": "text/html"}),
    (200, json.dumps(completion("{}"))[:60], {}),
    (200, completion("{}"), {"content-length": "100000"}),
    (RESET, None, {}),
]


def test_a_connection_that_breaks_is_not_called_slow(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    served.reply = lambda body: (RESET, None, {})
    outcome = rft("eval", "--limit", "1", "--samples", "1")
    assert outcome.code == 3
    assert "cannot be reached" in outcome.err
    assert "took longer" not in outcome.err


def test_a_reply_that_drips_is_given_up_after_the_time_limit(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    settings = project / "rft.toml"
    limit = settings.read_text().replace("[sampling]", "[sampling]\ntimeout_s = 0.5", 1)
    settings.write_text(limit)
    served.reply = lambda body: (200, completion(" " * 100_000), {DRIP: "1"})
    outcome = rft("eval", "--limit", "1", "--samples", "1")
    assert outcome.code == 3
    assert "took longer than sampling.timeout_s" in outcome.err


def test_faults_that_pass_change_no_reward(
    rft: Rft, project: Path, served: Endpoint, undisturbed: Results
) -> None:
    attempts: Counter[int] = Counter()

    def faulty(body: dict[str, Any]) -> Reply:
        seed = int(body["seed"])
        attempts[seed] += 1
        if body["messages"][-1]["content"] == "word7":
            return 500, {"error": {"message": "poisoned"}}, {"retry-after-ms": "1"}
        if attempts[seed] == 1 and seed % 2:
            return FAULTS[seed // 2 % len(FAULTS)]
        status, content, headers = mixed(body)
        return status, content, {**headers, DRIP: "40"}

    served.reply = faulty
    outcome = rft("eval", "--new")
    assert outcome.code == 0
    assert "2 answers are missing (not scored): The endpoint answered 500: poisoned." in outcome.out
    sound = {key: found for key, found in undisturbed.items() if key[0] != "word7"}
    assert results(project) == sound
