"""`rft ready` as a user and as a CI job meets it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rft import Project
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.toy import point_to

Rft = Callable[..., Outcome]
REASON = ("--because", "more rows come next week")


@pytest.fixture
def run(rft: Rft, project: Path, endpoint: Endpoint) -> Path:
    """The folder of a finished run of the toy project."""
    point_to(project, endpoint.url)
    rft("eval")
    (folder,) = project.glob("runs/*/")
    return folder


def verdict_of(rft: Rft, name: str) -> str:
    checks = json.loads(rft("ready", "--json").out)["checks"]
    return str(next(c["verdict"] for c in checks if c["name"] == name))


def test_it_fits_eighty_columns_and_has_no_colours_in_a_file(
    rft: Rft, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = rft("ready").out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_it_begins_with_the_verdict_and_fits_a_screen(
    rft: Rft, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    verdict, _, rest = rft("ready").out.partition("\n\n")
    assert verdict.startswith("NOT YET: ")
    assert len(rest.splitlines()) <= 20
    assert "arXiv" not in rest


def test_all_shows_every_check_with_its_advice(rft: Rft, run: Path) -> None:
    short, full = rft("ready").out, rft("ready", "--all").out
    assert "reference answers" not in short
    assert "reference answers" in full
    assert "judge examined (no judge is asked)" in full


def test_it_takes_the_name_of_a_model(rft: Rft, run: Path) -> None:
    assert rft("ready", "base").out == rft("ready", run.name).out


def test_the_result_of_the_api_prints_as_the_command(
    rft: Rft, run: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = Project.open(project).ready()
    assert str(result) == rft("ready").out.rstrip("\n")
    assert result.to_dict() == json.loads(rft("ready", "--json").out)


def test_quiet_is_the_verdict_and_the_next_step(rft: Rft, run: Path) -> None:
    out = rft("ready", "--quiet").out
    assert out.startswith("NOT YET: ")
    assert len(out) < 200


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--split", "test", "--samples", "3"),
        ("--limit", "2"),
        ("--model", "tuned model"),
        ("--settings", "other.toml"),
    ],
)
def test_the_command_that_is_named_gets_the_missing_answers(
    rft: Rft, project: Path, endpoint: Endpoint, options: tuple[str, ...]
) -> None:
    point_to(project, endpoint.url)
    shutil.copy(project / "rft.toml", project / "other.toml")
    settings = options if "--settings" in options else ()
    rft(*settings, "eval", *(() if settings else options))
    (records,) = project.glob("runs/*/records.jsonl")
    lines = records.read_text().splitlines(keepends=True)
    lost = json.loads(lines[0])["item_id"]
    records.write_text("".join(line for line in lines if json.loads(line)["item_id"] != lost))
    outcome = rft(*settings, "ready", "--all")
    (command,) = re.findall(r"are missing: run rft (.+?) again;", " ".join(outcome.out.split()))
    assert "NOT YET" in outcome.out
    assert rft(*shlex.split(command)).code == 0
    assert "are missing" not in rft(*settings, "ready", "--all").out


def test_machines_get_figure_interval_threshold_and_source(rft: Rft, run: Path) -> None:
    result = json.loads(rft("ready", "--json").out)
    check = next(c for c in result["checks"] if c["name"] == "mean reward")
    assert check["estimate"]["low"] < check["estimate"]["value"]
    assert all(check[field] for field in ("figure", "threshold", "source"))
    assert result["forecast"]["answers"] == 22 * 8 * 3


@pytest.mark.parametrize(
    "name", ["grader repeats itself", "reference answers", "junk and cheats", "leakage"]
)
def test_a_sound_task_passes_what_needs_no_model(rft: Rft, run: Path, name: str) -> None:
    assert verdict_of(rft, name) == "pass"


def test_an_override_needs_a_reason_and_is_remembered(rft: Rft, run: Path) -> None:
    assert rft("ready", "--accept", "rows with spread").code == 2
    out = rft("ready", "--accept", "rows-with-spread", *REASON).out
    assert "accepted: rows with spread is warn, because more rows come next week" in out
    assert json.loads((run / "accepted.json").read_text())[0]["because"] == REASON[1]
    checks = json.loads(rft("ready", "--json").out)["checks"]
    assert [c["accepted"] for c in checks if c["accepted"]] == [REASON[1]]


def test_the_exit_code_is_0_once_every_open_check_is_accepted(rft: Rft, run: Path) -> None:
    checks = json.loads(rft("ready", "--json").out)["checks"]
    opened = [c["name"] for c in checks if c["verdict"] in ("warn", "fail")]
    outcome = rft("ready", *(word for name in opened for word in ("--accept", name)), *REASON)
    assert outcome.code == 0
    assert "GO: " in outcome.out


@pytest.mark.parametrize(
    ("name", "expected"), [("luck", "There is no check 'luck'"), ("leakage", "nothing to accept")]
)
def test_only_what_stands_in_the_way_can_be_accepted(
    rft: Rft, run: Path, name: str, expected: str
) -> None:
    outcome = rft("ready", "--accept", name, *REASON)
    assert outcome.code == 2
    assert expected in outcome.err


def test_a_row_of_two_splits_is_a_no_go(rft: Rft, run: Path, project: Path) -> None:
    test, train = (project / f"task/data/{split}.jsonl" for split in ("test", "train"))
    test.write_text(train.read_text().splitlines()[0] + "\n")
    assert verdict_of(rft, "leakage") == "fail"


def test_a_probe_that_pays_is_a_no_go(rft: Rft, run: Path, project: Path) -> None:
    hack = {"name": "hack", "item_id": "adobe", "output_text": '{"backwards": "eboda"}'}
    path = project / "task/probes.jsonl"
    path.write_text(json.dumps(hack | {"min": 0, "max": 0.2, "why": "w"}) + "\n")
    assert verdict_of(rft, "junk and cheats") == "fail"


def test_people_set_the_mark(rft: Rft, run: Path, project: Path) -> None:
    lines = [
        {"item_id": word, "coder": coder, "answer": {"backwards": word[::-1]}}
        for word in ("adobe", "basil", "coral", "denim", "apple", "bread", "cloud", "dream")
        for coder in ("ann", "bob")
    ]
    path = project / "task/human.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert verdict_of(rft, "people's answers") == "warn"  # 8 rows are few


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{}", "human.jsonl:1: item_id: is missing"),
        ('{"item_id": "nobody", "coder": "ann", "answer": {}}', "'nobody' is the id of no row"),
        ('{"item_id": "adobe", "coder": "ann", "answer": {}}', "human.jsonl:1: answer.backwards"),
    ],
)
def test_a_broken_answer_of_a_person_is_named_by_line(
    rft: Rft, run: Path, project: Path, line: str, expected: str
) -> None:
    (project / "task/human.jsonl").write_text(line + "\n")
    outcome = rft("ready")
    assert outcome.code == 2
    assert expected in outcome.err


def test_prices_turn_tokens_into_money(rft: Rft, run: Path, project: Path) -> None:
    assert "in money: unknown" in rft("ready").out
    path = project / "rft.toml"
    path.write_text(path.read_text() + "[ready.prices.hosted]\nprompt = 2.0\nanswer = 8.0\n")
    assert json.loads(rft("ready", "--json").out)["forecast"]["costs"]["hosted"]["value"] > 0


def test_thresholds_the_wrong_way_round_are_refused(rft: Rft, run: Path, project: Path) -> None:
    path = project / "rft.toml"
    path.write_text(path.read_text() + "[ready]\nlearnable = [0.2, 0.4]\n")
    outcome = rft("ready")
    assert outcome.code == 2
    assert "ready.learnable: more is better here" in outcome.err
