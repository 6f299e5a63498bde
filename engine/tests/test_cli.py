"""The other commands on the toy project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rft import runs
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.stored import keep_answers
from tests.toy import point_to

Rft = Callable[..., Outcome]


@pytest.fixture
def evaluated(rft: Rft, project: Path, endpoint: Endpoint) -> Path:
    """The toy project with one finished run."""
    point_to(project, endpoint.url)
    rft("eval")
    return project


def test_a_sound_project_passes_the_check(rft: Rft) -> None:
    outcome = rft("check")
    assert outcome.code == 0
    assert "30 of 30 reference answers score 1" in outcome.out
    assert "2 of 2 score what they must" in outcome.out


def test_the_floors_are_measured(rft: Rft) -> None:
    assert "forwards" in rft("check").out


def test_a_wrong_gold_answer_is_found_by_its_line(rft: Rft, project: Path) -> None:
    path = project / "task/grader.py"
    path.write_text(path.read_text().replace("return 1.0\n", "return 0.9\n"))
    outcome = rft("check")
    assert outcome.code == 1
    assert "train.jsonl:1: reference_answer" in outcome.out


def test_a_probe_that_pays_fails_the_check(rft: Rft, project: Path) -> None:
    hack = {"name": "hack", "item_id": "adobe", "output_text": '{"backwards": "eboda"}'}
    path = project / "task/probes.jsonl"
    path.write_text(path.read_text() + json.dumps(hack | {"min": 0, "max": 0.2, "why": "w"}) + "\n")
    outcome = rft("check")
    assert outcome.code == 1
    assert "probes.jsonl:3: probe 'hack' scores 1.0" in outcome.out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not valid JSON at column 2"),
        ('{"name": "x"}', "item_id: is missing"),
        (
            '{"name":"x","item_id":"nobody","output_text":"","min":0,"max":1,"why":"w"}',
            "'nobody' is the id of no row",
        ),
    ],
)
def test_a_broken_probe_is_named_by_line(rft: Rft, project: Path, line: str, message: str) -> None:
    path = project / "task/probes.jsonl"
    path.write_text(path.read_text() + line + "\n")
    outcome = rft("check")
    assert outcome.code == 1
    assert "probes.jsonl:3" in outcome.out
    assert message in outcome.out


def test_a_terminal_that_lacks_a_character_shows_a_question_mark(project: Path) -> None:
    probe = {"name": "日本", "item_id": "adobe", "output_text": '{"backwards": "eboda"}'}
    path = project / "task/probes.jsonl"
    path.write_text(json.dumps(probe | {"min": 0, "max": 0.2, "why": "w"}) + "\n")
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "rft", "check"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"probe '??' scores 1.0" in done.stdout


def test_stale_prompts_are_refreshed_on_request(rft: Rft, project: Path) -> None:
    schema = project / "task/schema.py"
    schema.write_text(schema.read_text().replace("Spell the word", "Write the word"))
    assert "messages" in rft("check").out
    assert rft("check", "--write-messages").code == 0
    assert "Write the word" in (project / "task/data/test.jsonl").read_text()


@pytest.mark.parametrize("command", ["check", "eval", "ready", "report"])
def test_a_project_baked_without_hooks_says_so_first(rft: Rft, project: Path, command: str) -> None:
    (project / "task/schema.py").unlink()
    outcome = rft(command)
    assert outcome.code == 2
    assert "without the template's hooks" in outcome.err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("class Item", "clas Item", "schema.py:4: SyntaxError: invalid syntax; correct"),
        ("def gold", "def golden", "defines no gold"),
        ("from pydantic", "import nowhere\nfrom pydantic", "schema.py:2: ModuleNotFoundError"),
    ],
)
def test_a_mistake_in_the_schema_is_named_by_line(
    rft: Rft, project: Path, old: str, new: str, message: str
) -> None:
    path = project / "task/schema.py"
    path.write_text(path.read_text().replace(old, new, 1))
    outcome = rft("check")
    assert outcome.code == 2
    assert message in outcome.err


def test_a_folder_without_project(rft: Rft, tmp_path: Path) -> None:
    outcome = rft("--project", str(tmp_path), "check")
    assert outcome.code == 2
    assert "run rft in the project's folder" in outcome.err


def test_ready_says_verdict_and_next_step(rft: Rft, evaluated: Path) -> None:
    outcome = rft("ready")
    assert outcome.code == 1
    assert "NOT YET: Groups of 8 answers are planned" in outcome.out


def test_ready_speaks_json(rft: Rft, evaluated: Path) -> None:
    result = json.loads(rft("ready", "--json").out)
    assert result["verdict"] == "NOT YET"
    assert result["floors"]["forwards"] == pytest.approx(0.1)


def test_ready_before_any_run(rft: Rft) -> None:
    outcome = rft("ready")
    assert outcome.code == 2
    assert "rft eval" in outcome.err


def test_changed_rows_make_an_old_run_unreadable_rather_than_wrong(
    rft: Rft, evaluated: Path
) -> None:
    path = evaluated / "task/data/validation.jsonl"
    path.write_text(path.read_text().replace("eboda", "ebodA"))
    outcome = rft("ready")
    assert outcome.code == 2
    assert "has changed since" in outcome.err


def test_a_changed_grader_is_noticed(rft: Rft, evaluated: Path) -> None:
    path = evaluated / "task/grader.py"
    path.write_text(path.read_text() + "\n# new\n")
    assert "grader has changed" in rft("ready").err


def test_report_is_one_file_in_the_runs_folder(rft: Rft, evaluated: Path) -> None:
    assert rft("report").code == 0
    (path,) = evaluated.glob("runs/*/report.html")
    assert "NOT YET" in path.read_text()


def test_import_keeps_the_good_and_lists_the_bad(rft: Rft, project: Path) -> None:
    (project / "words.txt").write_text("zebra\n12\nox\n")
    outcome = rft("import", "words.txt", "--set", "prefix=new-")
    assert outcome.code == 0
    assert "left out: words.txt:2: '12' is not a word" in outcome.out
    lines = [json.loads(x) for x in (project / "task/data/imported.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["new-zebra", "new-ox"]
    assert lines[0]["messages"][1]["content"] == "zebra"
    assert "1 row without a reference_answer" in outcome.out


def test_import_twice_adds_nothing_and_keeps_what_an_expert_wrote(rft: Rft, project: Path) -> None:
    (project / "words.txt").write_text("zebra\nox\n")
    assert "next: read task/data/imported.jsonl" in rft("import", "words.txt").out
    file = project / "task/data/imported.jsonl"
    file.write_text(file.read_text().replace("null", '"xo"'))
    edited = file.read_text()
    assert "2 rows with an id that the file has already" in rft("import", "words.txt").out
    assert file.read_text() == edited


def test_import_help_lists_the_projects_own_options(rft: Rft) -> None:
    assert "put before each id" in rft("import", "--help").out


def test_import_of_nothing_usable_fails(rft: Rft, project: Path) -> None:
    (project / "words.txt").write_text("12\n")
    assert rft("import", "words.txt").code == 1


@pytest.mark.parametrize("pair", ["prefix", "size=3"])
def test_an_unknown_import_setting_lists_the_known(rft: Rft, project: Path, pair: str) -> None:
    (project / "words.txt").write_text("zebra\n")
    outcome = rft("import", "words.txt", "--set", pair)
    assert outcome.code == 2
    assert "prefix (put before each id)" in outcome.err


def test_a_reference_too_long_to_be_answered_is_found(rft: Rft, project: Path) -> None:
    path = project / "rft.toml"
    path.write_text(path.read_text().replace("max_retries", "max_tokens = 3\nmax_retries"))
    outcome = rft("check")
    assert outcome.code == 1
    assert "a right answer would be cut off" in outcome.out


def test_ready_looks_at_the_run_that_was_asked_for_last(rft: Rft, evaluated: Path) -> None:
    rft("eval", "--limit", "1")
    rft("eval")
    assert "over 4 rows" in rft("ready").out


def test_ready_says_what_is_missing(rft: Rft, evaluated: Path) -> None:
    keep_answers(runs.latest(evaluated / "runs"), 1)
    outcome = rft("ready")
    assert "7 of 8 answers are missing" in outcome.out
    assert "nan" not in outcome.out


def test_other_settings_have_runs_of_their_own(rft: Rft, evaluated: Path) -> None:
    text = (evaluated / "rft.toml").read_text().replace("[project]", '[project]\nruns = "runs/b"')
    (evaluated / "task/b.toml").write_text(text)
    other = ("--settings", "task/b.toml")
    assert "no run" in rft(*other, "ready").err.lower()
    assert rft(*other, "eval", "--limit", "2").code == 0
    assert len(runs.latest(evaluated / "runs/b").records()) == 2 * 2
    assert len(list((evaluated / "runs").glob("*/records.jsonl"))) == 1


@pytest.mark.parametrize("where", ["../elsewhere", "/tmp/elsewhere"])
def test_runs_stay_inside_the_project(rft: Rft, project: Path, where: str) -> None:
    path = project / "rft.toml"
    path.write_text(path.read_text().replace("[project]", f'[project]\nruns = "{where}"'))
    outcome = rft("ready")
    assert outcome.code == 2
    assert "project.runs: must be a folder inside the project" in outcome.err


def test_a_settings_file_that_is_not_there_is_named(rft: Rft, project: Path) -> None:
    outcome = rft("--settings", "task/none.toml", "ready")
    assert outcome.code == 2
    assert "task/none.toml is not in" in outcome.err


def test_a_run_of_fewer_rows_has_no_other_prompt(rft: Rft, evaluated: Path) -> None:
    (whole,) = (path.parent.name for path in evaluated.glob("runs/*/run.json"))
    rft("eval", "--limit", "3")
    (small,) = {path.parent.name for path in evaluated.glob("runs/*/run.json")} - {whole}
    outcome = rft("compare", whole, small, "--common")
    assert outcome.code == 0, outcome.err


def test_a_run_of_people_is_not_taken_for_the_newest_model(rft: Rft, evaluated: Path) -> None:
    line = {"item_id": "adobe", "coder": "A", "answer": {"backwards": "eboda"}}
    (evaluated / "task" / "human.jsonl").write_text(json.dumps(line) + "\n")
    assert "next: rft compare human base" in rft("eval", "--model", "human").out
    assert "toy-model" in rft("ready").out
