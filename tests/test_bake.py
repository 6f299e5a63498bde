"""Properties of a baked project, for every choice that cookiecutter.json offers."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from itertools import chain, product
from pathlib import Path

import pytest
from conftest import CACHES, ROOT, SETTINGS, USE_CASES, Bake

from rft.config import EMBEDDED_MODEL
from rft.project import Project

CHOICES = {
    key: value for key, value in SETTINGS.items() if isinstance(value, list) and key[0] != "_"
}
EACH_CHOICE = [(key, option) for key, options in CHOICES.items() for option in options]
EXPECTED = Path(__file__).parent / "expected_files"
each_use_case = pytest.mark.parametrize("use_case", USE_CASES)


@pytest.mark.parametrize(("use_case", "endpoint"), list(product(USE_CASES, SETTINGS["endpoint"])))
def test_settings_say_what_was_chosen(bake: Bake, use_case: str, endpoint: str) -> None:
    settings = bake(use_case=use_case, endpoint=endpoint).toml("rft.toml")
    assert settings["project"]["use_case"] == use_case
    assert settings["endpoint"]["profile"] == endpoint


@each_use_case
def test_the_demo_asks_the_embedded_model_whatever_was_chosen(bake: Bake, use_case: str) -> None:
    project = bake(use_case=use_case, endpoint="openai")
    settings = Project.open(project.path, "demo.toml").settings
    assert (settings.endpoint.profile, settings.model_id("base")) == ("local", EMBEDDED_MODEL)
    variant = settings.task.prompt_variant
    assert variant is None or f'"{variant}"' in project.read("task/schema.py")


@pytest.mark.parametrize(("key", "option"), EACH_CHOICE)
def test_every_choice_gives_valid_metadata(bake: Bake, key: str, option: str) -> None:
    project = bake(**{key: option}).toml("pyproject.toml")["project"]
    assert project["name"] == "my-rft-project"
    assert len(project["dependencies"]) > 1


@each_use_case
def test_files_are_exactly_the_expected_ones(
    bake: Bake, use_case: str, request: pytest.FixtureRequest
) -> None:
    """`pytest --refresh-files` rewrites the lists; git then shows the difference."""
    listed = EXPECTED / f"{use_case}.txt"
    files = bake(use_case=use_case).files()
    if request.config.getoption("--refresh-files"):
        listed.write_text("\n".join(files) + "\n", encoding="utf-8")
    assert files == listed.read_text(encoding="utf-8").splitlines()


@each_use_case
def test_nothing_of_the_template_is_left_in_the_text(bake: Bake, use_case: str) -> None:
    project = bake(use_case=use_case)
    for name, content in project.contents().items():
        assert not re.search(rb"\{[{%][^}]*\bcookiecutter\.", content), name
    for name in ("README.md", "docs/GUIDE.md", "LICENSE", "pyproject.toml", "rft.toml"):
        assert "{{" not in project.read(name), name


@each_use_case
def test_use_case_is_there_whole(bake: Bake, use_case: str) -> None:
    """Everything in templates/<use case> is copied byte for byte, except its two pages."""
    source = ROOT / "templates" / use_case
    contents = bake(use_case=use_case).contents()
    wanted = [p for p in source.rglob("*") if p.is_file() and not set(p.parts) & set(CACHES)]
    for path in wanted:
        name = path.relative_to(source).as_posix()
        if name not in ("USE_CASE.md", "YOUR_TASK.md"):
            assert contents[name] == path.read_bytes(), name
    assert {"task/schema.py", "task/grader.py", "task/data/train.jsonl"} <= contents.keys()


@each_use_case
def test_python_files_parse_and_are_not_templates(bake: Bake, use_case: str) -> None:
    contents = bake(use_case=use_case).contents()
    for name in (n for n in contents if n.endswith(".py")):
        ast.parse(contents[name], name)


def test_every_folder_of_templates_is_chosen_by_some_answers() -> None:
    folders = {path.parent.name for path in (ROOT / "templates").glob("*/task")}
    assert folders == set(USE_CASES)


@each_use_case
def test_only_code_exec_has_the_settings_of_a_sandbox(bake: Bake, use_case: str) -> None:
    assert ("sandbox" in bake(use_case=use_case).toml("rft.toml")) == (use_case == "code-exec")


def test_engine_is_the_same_in_every_project(bake: Bake) -> None:
    def shared(use_case: str) -> dict[str, bytes]:
        contents = bake(use_case=use_case).contents()
        ours = ("vendor/", "docs/", "constraints.txt", "requirements.txt", "Makefile")
        of_use_case = ("docs/GUIDE.md", "docs/YOUR_TASK.md")
        names = [n for n in contents if n.startswith(ours) and n not in of_use_case]
        return {name: contents[name] for name in names}

    assert all(shared(use_case) == shared("policy") for use_case in USE_CASES)


@each_use_case
def test_linter_and_formatter_have_nothing_to_say(bake: Bake, use_case: str) -> None:
    project = bake(use_case=use_case)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
        done = subprocess.run(ruff, cwd=project.path, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stdout + done.stderr


def test_file_names_work_on_every_system(bake: Bake) -> None:
    names = {name for use_case in USE_CASES for name in bake(use_case=use_case).files()}
    assert not [name for name in names if re.search(r'[<>:"|?*\\]|[. ](/|$)', name)]
    assert len({name.lower() for name in names}) == len(names)


@pytest.mark.parametrize(("license", "says"), [
    ("MIT", "Permission is hereby granted"),
    ("Apache-2.0", "Grant of Patent License"),
    ("BSD-3-Clause", "Redistributions of source code"),
    ("Proprietary", "All rights reserved"),
])  # fmt: skip
def test_license_text_and_metadata_agree(bake: Bake, license: str, says: str) -> None:
    project = bake(license=license, author="Ada")
    stated = project.toml("pyproject.toml")["project"]["license"]
    assert stated == ("LicenseRef-Proprietary" if license == "Proprietary" else license)
    assert says in project.read("LICENSE")
    assert "Copyright (c) Ada" in project.read("LICENSE")


def test_every_choice_has_a_label_that_starts_with_its_name() -> None:
    for key, options in CHOICES.items():
        labels = SETTINGS["__prompts__"][key]
        assert [labels[option].split()[0] for option in options] == options


def test_labels_fit_a_terminal_of_80_columns() -> None:
    labels = [text for key in CHOICES for text in SETTINGS["__prompts__"][key].values()]
    assert [text for text in labels if len(text) > 72] == []


def test_few_prompts_each_with_a_default_and_a_label() -> None:
    asked = [key for key in SETTINGS if not key.startswith("_")]
    assert asked[0] == "use_case"
    assert len(asked) <= 7
    assert all(SETTINGS[key] and SETTINGS["__prompts__"][key] for key in asked)


def test_versions_are_pinned_for_everything_a_project_names(bake: Bake) -> None:
    lines = bake().read("constraints.txt").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    pinned = {pin.split("==")[0].lower().replace("_", "-") for pin in pins}
    engine = tomllib.loads((ROOT / "engine" / "pyproject.toml").read_text("utf-8"))["project"]
    for use_case in USE_CASES:
        project = bake(use_case=use_case).toml("pyproject.toml")["project"]
        named = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
        named += [*engine["dependencies"], *chain(*engine["optional-dependencies"].values())]
        assert {re.split(r"[<>=\[]", name)[0] for name in named} <= pinned | {"rft-engine"}


def test_no_secret_is_asked_for_by_the_workflow(bake: Bake) -> None:
    workflow = bake().read(".github/workflows/ci.yml")
    assert "secrets." not in workflow
    assert "make setup" in workflow
    assert "make test" in workflow


def test_shipped_rows_are_json_lines(bake: Bake) -> None:
    for use_case in USE_CASES:
        for split in ("train", "validation", "test"):
            lines = bake(use_case=use_case).read(f"task/data/{split}.jsonl").splitlines()
            assert all(isinstance(json.loads(line), dict) for line in lines)
            assert lines


@each_use_case
def test_a_project_is_small(bake: Bake, use_case: str) -> None:
    """About 50 files without data, and under 2,500 lines of Python, all of them the team's."""
    contents = bake(use_case=use_case).contents()
    files = [name for name in contents if not name.endswith(".jsonl")]
    assert len(files) <= 52
    lines = sum(contents[name].count(b"\n") for name in files if name.endswith(".py"))
    assert lines < 2500
