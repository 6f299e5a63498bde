"""`rft judge` as a run: resumed, stopped, under load; and what it says of mistakes."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import judged_toy
from tests.conftest import Outcome
from tests.endpoint import Endpoint, Reply
from tests.judged_toy import ToyJudge
from tests.stored import run_apart

Rft = Callable[..., Outcome]
project = judged_toy.project
SMALL = ("judge", "--limit", "2", "--repeats", "2")
ASKED = 2 * 2 * (7 + 4)
"""Requests of SMALL: two rows, two calls, seven answers, four of them reversed as well."""


def result(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "runs/judge/latest.json").read_text())
    del found["created"]
    return found


def judged(project: Path) -> int:
    paths = project.glob("runs/judge/*/records.jsonl")
    return sum(len(path.read_bytes().splitlines()) for path in paths)


def test_it_says_what_it_will_ask_and_asks_no_more(rft: Rft, endpoint: Endpoint) -> None:
    outcome = rft(*SMALL)
    assert f"{ASKED} requests to make" in outcome.out
    assert len(endpoint.bodies) == ASKED


def test_the_newest_result_lies_beside_the_examinations(rft: Rft, project: Path) -> None:
    rft(*SMALL)
    (kept,) = project.glob("runs/judge/*/judge.json")
    assert kept.read_text() == (project / "runs/judge/latest.json").read_text()
    assert result(project)["judge"] == {"profile": "compatible", "model": "judge-1"}


def test_too_few_labels_do_not_pass(rft: Rft, project: Path) -> None:
    outcome = rft(*SMALL)
    assert (outcome.code, result(project)["verdict"]) == (1, "NOT YET")
    assert "NOT YET: Too few labels" in outcome.out


def test_a_finished_examination_is_shown_again_for_nothing(
    rft: Rft, project: Path, endpoint: Endpoint
) -> None:
    first, kept = rft(*SMALL), result(project)
    again = rft(*SMALL)
    assert (len(endpoint.bodies), kept) == (ASKED, result(project))
    assert again.out.splitlines()[3:] == first.out.splitlines()[3:]


def test_an_outage_loses_nothing_and_ends_with_the_same_figures(
    rft: Rft, project: Path, endpoint: Endpoint
) -> None:
    rft(*SMALL)
    undisturbed, judge, calls = result(project), ToyJudge(), itertools.count()

    def dying(body: dict[str, Any]) -> Reply:
        return judge(body) if next(calls) < 20 else (503, {}, {"retry-after-ms": "1"})

    endpoint.reply = dying
    outcome = rft(*SMALL, "--new")
    assert (outcome.code, "in a row failed" in outcome.err) == (3, True)
    endpoint.bodies.clear()
    endpoint.reply = judge
    rft(*SMALL)
    assert len(endpoint.bodies) == ASKED - 20
    assert result(project) == undisturbed


def test_what_cannot_be_read_has_been_paid_for(rft: Rft, endpoint: Endpoint) -> None:
    endpoint.reply = ToyJudge(garbled=1)
    assert "could not be read" in rft(*SMALL).out
    asked = len(endpoint.bodies)
    rft(*SMALL)
    assert len(endpoint.bodies) == asked == 2 * ASKED


def test_what_the_judges_endpoint_refuses_is_said(rft: Rft, endpoint: Endpoint) -> None:
    right, name = ToyJudge(), "response_format"
    error = {"message": f"{name} is not supported", "param": name}
    refused: Reply = (400, {"error": error}, {})
    endpoint.reply = lambda body: refused if name in body else right(body)
    assert "note on the judge: " in rft(*SMALL).out


def test_figures_do_not_depend_on_load(rft: Rft, project: Path, endpoint: Endpoint) -> None:
    records = []
    for concurrency, chance in (("1", 0.0), ("16", 0.2)):
        toml = (project / "rft.toml").read_text()
        (project / "rft.toml").write_text(
            toml.replace("concurrency = 8", f"concurrency = {concurrency}").replace(
                "max_retries = 2", "max_retries = 10"
            )
        )
        judge, rng = ToyJudge(judged_toy.careless), random.Random(1)
        known: set[str] = set()

        def slow(
            body: dict[str, Any],
            judge: ToyJudge = judge,
            rng: random.Random = rng,
            known: set[str] = known,
            chance: float = chance,
        ) -> Reply:
            time.sleep(rng.random() * chance / 20)
            # Only at first sight, or a request could be refused until it is given up.
            busy = rng.random() < chance and json.dumps(body) not in known
            known.add(json.dumps(body))
            return (429, {}, {"retry-after-ms": "1"}) if busy else judge(body)

        endpoint.reply = slow
        rft(*SMALL, "--new")
        records.append(result(project))
        (project / "rft.toml").write_text(toml)
    assert records[0] == records[1]


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_ctrl_c_keeps_what_is_there(rft: Rft, project: Path, endpoint: Endpoint) -> None:
    judge, calls, release = ToyJudge(), itertools.count(), threading.Event()

    def hang_after_five(body: dict[str, Any]) -> Reply:
        if next(calls) >= 5:
            release.wait()
        return judge(body)

    endpoint.reply = hang_after_five
    process = run_apart(project, *SMALL)
    while judged(project) < 5:
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    release.set()
    assert process.returncode == 130
    assert f"stopped; 5 of {ASKED} judgements are kept" in err
    assert "Traceback" not in err


def test_a_scale_of_its_own_is_led_to_0_and_1(rft: Rft, project: Path, endpoint: Endpoint) -> None:
    path = project / "task/grader.json"
    spec = json.loads(path.read_text())
    spec["graders"]["style"]["range"] = [1, 3]
    spec["calculate_output"] = "0.5*exact + 0.25*style - 0.25"
    path.write_text(json.dumps(spec))
    endpoint.reply = ToyJudge(scale=(1, 3))
    rft(*SMALL)
    found = result(project)
    assert found["part_of_reward"] == pytest.approx(0.5)
    assert found["checks"][6]["figure"].startswith("0.00")


def test_without_a_way_to_reorder_that_is_said(rft: Rft, project: Path, endpoint: Endpoint) -> None:
    schema = project / "task/schema.py"
    schema.write_text(schema.read_text().replace("def reordered", "def other"))
    assert "The criteria were not reversed" in rft(*SMALL).out
    assert len(endpoint.bodies) == 2 * 2 * 7


def test_without_weights_each_criterion_counts_the_same(rft: Rft, project: Path) -> None:
    schema = project / "task/schema.py"
    schema.write_text(schema.read_text().replace("def judged_weights", "def other"))
    rft(*SMALL)
    assert result(project)["checks"][6]["figure"].startswith("0.0")


# Mistakes


def test_a_grader_that_asks_no_model_has_no_judge(rft: Rft, project: Path) -> None:
    spec = {"type": "python", "name": "toy", "source": "file://grader.py"}
    (project / "task/grader.json").write_text(json.dumps(spec))
    outcome = rft("judge")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "no score_model, so there is no judge to examine" in outcome.err


def test_no_judge_is_configured(rft: Rft, project: Path) -> None:
    toml = project / "rft.toml"
    toml.write_text(toml.read_text().partition("[judge]")[0])
    outcome = rft("judge")
    assert (outcome.code, "--profile local" in outcome.err) == (2, True)


def test_several_score_models_must_be_told_apart(
    rft: Rft, project: Path, endpoint: Endpoint
) -> None:
    path = project / "task/grader.json"
    spec = json.loads(path.read_text())
    spec["graders"]["tone"] = spec["graders"]["style"]
    path.write_text(json.dumps(spec))
    outcome = rft("judge")
    assert (outcome.code, "--grader style or tone" in outcome.err) == (2, True)
    rft(*SMALL, "--grader", "tone")
    assert len(endpoint.bodies) == ASKED


def test_calibration_answers_are_missing(rft: Rft, project: Path) -> None:
    (project / "task/calibration.jsonl").unlink()
    outcome = rft("judge")
    assert (outcome.code, "task/calibration.jsonl is missing" in outcome.err) == (2, True)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"item_id": "nobody"}, "'nobody' is the id of no row"),
        ({"kind": "fine"}, "kind: must be 'excellent'"),
        ({"kind": "padded"}, 'add "of"'),
        ({"of": "fair"}, "remove it"),
        ({"labels": {}}, "labels: "),
        ({"labels": {"c1": "yes"}}, "labels.c1: "),
        ({"labels": {"c1": True, "c2": True, "c3": True}}, "labels: c4 is missing"),
        (
            {"labels": dict.fromkeys(["c1", "c2", "c3", "c4", "c5"], True)},
            "c5 is not a judged criterion",
        ),
        ({"mark": 1}, "mark: is not a known field"),
        ({"kind": "fair"}, "has a fair answer already"),
        ({"kind": "padded", "of": "fair"}, "labels differ from those of"),
        ({"kind": "injection", "of": "excellent"}, "has no excellent answer; add it"),
    ],
    ids=str,
)
def test_each_fault_of_a_calibration_line_is_named_with_its_line(
    rft: Rft, project: Path, endpoint: Endpoint, change: dict[str, Any], expected: str
) -> None:
    path = project / "task/calibration.jsonl"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(first) | change), *others]))
    checked, asked = rft("check"), rft("judge")
    (line,) = [text for text in checked.out.splitlines() if expected in text][:1]
    assert "task/calibration.jsonl:" in line
    assert (checked.code, asked.code, endpoint.bodies) == (1, 1, [])


def test_a_line_that_is_not_json(rft: Rft, project: Path) -> None:
    path = project / "task/calibration.jsonl"
    path.write_text("[" * 9999 + "\n" + path.read_text())
    assert "task/calibration.jsonl:1: the JSON is nested" in rft("check").out


def test_what_is_there_but_unreadable_is_not_asked_for(rft: Rft, endpoint: Endpoint) -> None:
    endpoint.reply = ToyJudge(garbled=1)
    out = rft(*SMALL).out
    assert "No padded answer could be compared" in out
    assert "Add padded answers" not in out


@pytest.mark.slow
def test_the_embedded_model_fails_its_examination(rft: Rft, project: Path) -> None:
    pytest.importorskip("xllamacpp")
    path = project / "task/grader.json"
    spec = json.loads(path.read_text())
    spec["graders"]["style"]["sampling_params"] = {"max_completions_tokens": 60}
    path.write_text(json.dumps(spec))
    toml = project / "rft.toml"  # one thread: two that share a busy core wait for each other
    toml.write_text(toml.read_text().replace("[endpoint]", "[endpoint]\nthreads = 1"))
    outcome = rft("judge", "--profile", "local", "--limit", "1", "--repeats", "1")
    assert (outcome.code, "\nNO-GO: " in outcome.out) == (1, True)
