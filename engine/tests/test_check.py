"""`rft check`: what fails is named with file and line, and the rest is checked all the same."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, RootModel, create_model

from rft import Project, hooks
from rft.project import checking, hook_checks
from rft.project.answer_schema import answer_problems
from tests.conftest import Outcome
from tests.toy import FLOORS, GRADER, SCHEMA, row

Rft = Callable[..., Outcome]
SOUND = "grader: 30 of 30 reference answers score 1"


@pytest.fixture
def write(project: Path) -> Callable[[str, str], None]:
    """Write one of the files of task/."""

    def write(name: str, text: str) -> None:
        (project / "task" / name).write_text(text, encoding="utf-8")

    return write


Write = Callable[[str, str], None]


def test_a_reference_that_is_too_long_still_counts_as_right(rft: Rft, project: Path) -> None:
    settings = project / "rft.toml"
    settings.write_text(settings.read_text().replace("[sampling]", "[sampling]\nmax_tokens = 5"))
    out = rft("check").out
    assert "reference_answer: takes about" in out
    assert SOUND in out


BROKEN = {
    "floors.py": (FLOORS.replace("return", "{}['gone']\n    return"), "floors.py:5: floors()"),
    "metrics.py": ("from task.grader import gone\n", "error: task/metrics.py:1: ImportError"),
    "importer.py": ("OPTIONS = {}\n", "defines no load()"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_fails_is_named_and_the_rest_is_checked(
    rft: Rft, write: Write, name: str
) -> None:
    text, words = BROKEN[name]
    write(name, text)
    outcome = rft("check")
    assert outcome.code == 1
    assert f"task/{name}" in outcome.out
    assert words in outcome.out
    assert SOUND in outcome.out


@pytest.mark.parametrize("hook", ["gold", "slices", "labels", "check_item"])
def test_a_hook_of_the_schema_that_raises_is_named_with_its_line(
    rft: Rft, write: Write, hook: str
) -> None:
    line = SCHEMA.count("\n") + 2
    write("schema.py", f"{SCHEMA}\ndef {hook}(item): return {{}}['gone']\n")
    outcome = rft("check")
    assert outcome.code == 1
    assert f"{hook}()" in outcome.out
    assert f"task/schema.py:{line}" in outcome.out
    assert "probes: 2 of 2" in outcome.out


@pytest.mark.parametrize("hook", ["messages", "slices", "judged_weights"])
def test_a_hook_that_does_not_return_is_named_with_the_line_where_it_is(
    rft: Rft, write: Write, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    monkeypatch.setattr(hook_checks, "HOOK_S", 0.3)
    monkeypatch.setattr(hooks, "_crowding", lambda: 1.0)
    sleeper = f"\nimport time\ndef {hook}(item):\n    time.sleep(3)\n"
    write("schema.py", SCHEMA + sleeper)
    line = (SCHEMA + sleeper).count("\n")
    outcome = rft("check")
    assert f"task/schema.py:{line}: {hook}() does not return within 0.3 s" in outcome.out
    assert SOUND in outcome.out


def test_a_late_hook_is_told_the_limit_that_a_busy_machine_got(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooks, "_crowding", lambda: 3.0)
    with pytest.raises(hooks.HookError, match=r"metrics\(\) does not return within 0.15 s"):
        hooks.with_deadline(lambda: time.sleep(1), 0.05, Path("metrics.py"), "metrics")


def test_the_agreement_of_people_is_tried_on_two_coders(rft: Rft, write: Write) -> None:
    head = "def metrics(answers, train):\n    return {}\n\n\n"
    write("metrics.py", f"{head}def agreement(by_coder):\n    return by_coder['C']\n")
    assert "task/metrics.py:6: agreement() fails with KeyError: 'C'" in rft("check").out


def test_the_result_prints_what_the_command_prints(rft: Rft, project: Path) -> None:
    out = rft("check").out
    text = str(Project.open(project).check())
    assert "rows: train 22, validation 4, test 4; 0 errors" in text
    assert "0 errors" in text
    assert out.startswith(text)


def test_metrics_of_the_team_are_tried_on_reference_answers(rft: Rft, write: Write) -> None:
    write("metrics.py", "def metrics(answers, train):\n    return {'n': {'n': answers['x']}}\n")
    assert "task/metrics.py:2: metrics() fails with TypeError" in rft("check").out


def test_a_grader_beyond_the_range_fails_the_check(rft: Rft, write: Write) -> None:
    write("grader.py", GRADER.replace("return 1.0", "return 2.0"))
    outcome = rft("check")
    assert outcome.code == 1
    assert "the reward 2 is outside [0, 1]" in outcome.out


def test_a_grader_that_does_not_return_costs_one_deadline_and_the_rest_is_checked(
    rft: Rft, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "GRADING_S", 0.5)
    hang = (
        "    if not sample['output_text'] and item['id'] == 'adobe': __import__('time').sleep(9)\n"
    )
    write("grader.py", GRADER.replace("    try:", f"{hang}    try:", 1))
    out = rft("check").out
    assert "probe 'empty' scores None (python_grader_server_error: no answer within 0.5 s)" in out
    assert SOUND in out


def test_a_grader_that_raises_is_told_with_its_line(rft: Rft, write: Write) -> None:
    write("grader.py", "def grade(sample, item):\n    return {}['gone']\n")
    assert "KeyError: 'gone' (grader.py, line 2)" in rft("check").out


def test_one_fault_of_every_row_is_a_few_lines_unless_all_are_wanted(
    rft: Rft, project: Path
) -> None:
    rows = [row(f"w{n}") for n in range(400)]
    for each in rows:
        del each["reference_answer"]
    text = "".join(json.dumps(each) + "\n" for each in rows)
    (project / "task/data/train.jsonl").write_text(text)
    out = rft("check").out
    assert out.count("reference_answer: is missing") == 5
    assert "... and 395 more of this kind in task/data/train.jsonl (--all)" in out
    assert rft("check", "--all").out.count("reference_answer: is missing") == 400


def test_answers_of_people_to_other_rows_are_few_lines_and_said_to_be_optional(
    rft: Rft, write: Write
) -> None:
    answer = {"coder": "A", "answer": {"backwards": "x"}}
    lines = [json.dumps({"item_id": f"old-{n}"} | answer) for n in range(101)]
    write("human.jsonl", "\n".join(lines))
    out = rft("check").out
    assert out.count("is the id of no row") == 5
    assert "human.jsonl holds answers of people and is optional: delete it" in out


ANSWERS = {
    "dict[str, str]": "is a dictionary with open keys",
    "tuple[int, str]": "is a tuple",
    "object": "allows any value",
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_strict_mode_refuses_is_an_error_there_only(
    project: Path, own_task: None, write: Write, kind: str
) -> None:
    write("schema.py", SCHEMA.replace("backwards: str", f"backwards: str\n    more: {kind} = None"))
    opened = Project.open(project)
    for profile, severities in {
        "openai": ["error"],
        "compatible": ["warning"],
        "local": [],
    }.items():
        findings = opened.override(profile=profile).check().findings
        about = [f for f in findings if f.field == "Answer.more"]
        assert [f.severity for f in about] == severities
        assert all(ANSWERS[kind] in f.message for f in about)


CONSTRAINTS: list[tuple[Any, str, str]] = [
    (Annotated[str, Field(max_length=9)], "maxLength", "error"),
    (Annotated[str, Field(pattern="^a")], "pattern", "warning"),
    (Annotated[int, Field(ge=0)], "minimum", "warning"),
    (Annotated[list[str], Field(max_length=9)], "maxItems", "warning"),
]


@pytest.mark.parametrize(("kind", "keyword", "on_openai"), CONSTRAINTS)
def test_constraints_are_refused_by_profile(kind: Any, keyword: str, on_openai: str) -> None:
    answer = create_model("A", x=(kind, ...))
    for profile, severity in {"openai": on_openai, "foundry": "error"}.items():
        ((problem, warn),) = answer_problems(answer, profile)
        assert f"the constraint '{keyword}'" in problem.message
        assert warn == (severity == "warning")


@pytest.mark.parametrize(
    ("profile", "most", "what"),
    [("foundry", 100, "properties"), ("openai", 1_000, "enum values")],
)
def test_a_schema_that_is_too_large_is_refused(profile: str, most: int, what: str) -> None:
    fields: dict[str, Any] = {f"f{n}": (str, ...) for n in range(101)}
    fields["kind"] = (Enum("Kind", [f"k{n}" for n in range(1_001)]), ...)
    messages = [p.message for p, _ in answer_problems(create_model("A", **fields), profile)]
    assert any(f"{what}, {profile} takes {most:,}" in message for message in messages)


def test_an_answer_that_is_not_an_object_is_refused() -> None:
    ((problem, _),) = answer_problems(RootModel[list[str]], "openai")
    assert "is not an object" in problem.message
