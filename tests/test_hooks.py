"""The checks on answers and the hook that copies a use case into the project."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click import ClickException
from conftest import ROOT, USE_CASES, Bake, BakedProject, Run
from cookiecutter.main import cookiecutter

BAD_SLUGS = [
    *("", ".", "..", "../evil", "/tmp/evil", "a/b", "a\\b"),
    *("Upper", "1st", "-x", "x-", "x y", "é", "x" * 61, 'x"; touch y', "{{ 7*7 }}"),
    *("con", "nul", "com1", "openai", "scikit_learn"),
]
CONTROLS = {
    "newline": "a\nb",
    "return": "a\rb",
    "tab": "a\tb",
    "escape": "\x1b[31m",
    "delete": "a\x7f",
    "next line": "a\x85b",
    "separator": "a\u2028b",
}
OURS = ".github/workflows/ours.yml"
Refused = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path, env: dict[str, str]) -> Refused:
    """Bake with bad answers; return the message and check that nothing was written."""

    def refused(accept_hooks: bool = True, **answers: str) -> str:
        out = tmp_path / "out"
        out.mkdir()
        with pytest.raises(ClickException) as caught:
            cookiecutter(
                str(ROOT),
                no_input=True,
                extra_context=answers,
                output_dir=str(out),
                config_file=env["COOKIECUTTER_CONFIG"],
                accept_hooks=accept_hooks,
            )
        assert [path.name for path in tmp_path.rglob("*")] == ["out"]
        return caught.value.message

    return refused


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_bad_slug_is_refused_and_leaves_nothing(refused: Refused, slug: str) -> None:
    assert refused(project_slug=slug).startswith(f"project_slug {slug!r} ")


def test_bad_slug_is_refused_without_hooks_too(refused: Refused) -> None:
    assert refused(accept_hooks=False, project_slug="../evil").startswith("project_slug '../evil'")


@pytest.mark.parametrize("key", ["project_name", "description", "author"])
@pytest.mark.parametrize("text", CONTROLS.values(), ids=CONTROLS)
def test_answers_are_single_lines(refused: Refused, key: str, text: str) -> None:
    assert refused(**{key: text, "project_slug": "x"}).startswith(f"{key} must be one line")


def test_empty_name_is_refused(refused: Refused) -> None:
    assert refused(project_name="  ").startswith("project_name is empty")


def test_refusal_is_one_sentence_on_stderr(run: Run, tmp_path: Path) -> None:
    done = run("cookiecutter", ROOT, "--no-input", "project_slug=A b", cwd=tmp_path, code=1)
    assert done.err.startswith("Error: project_slug 'A b' cannot be")
    assert (done.out, done.err.count("\n")) == ("", 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "answer", ["use_case=juggling", "code_gen_task=x", "endpoint=fax", "license=WTFPL"]
)
def test_choice_that_is_not_offered_is_refused(run: Run, tmp_path: Path, answer: str) -> None:
    done = run("cookiecutter", ROOT, "--no-input", answer, cwd=tmp_path, code=None)
    assert done.code != 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("key", "value"),
    [("project_slug", "../evil"), ("use_case", "../hooks"), ("code_gen_task", "../../hooks")],
)
def test_edited_replay_file_is_checked_too(
    run: Run, env: dict[str, str], tmp_path: Path, key: str, value: str
) -> None:
    run("cookiecutter", ROOT, "--no-input", "--output-dir", tmp_path / "one", cwd=tmp_path)
    replay = Path(env["COOKIECUTTER_CONFIG"]).parent / "replay" / f"{ROOT.name}.json"
    answers = json.loads(replay.read_text(encoding="utf-8"))
    answers["cookiecutter"][key] = value
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(answers), encoding="utf-8")
    done = run("cookiecutter", ROOT, "--replay-file", edited, "--output-dir", tmp_path / "two",
               cwd=tmp_path, code=1)  # fmt: skip
    assert f"{key} '{value}'" in done.err
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "two" / "my-rft-project").exists()


def test_incomplete_template_is_named_and_nothing_is_left(
    run: Run, template: Path, tmp_path: Path
) -> None:
    shutil.rmtree(template / "templates" / "policy" / "task")
    out = tmp_path / "out"
    out.mkdir()
    done = run("cookiecutter", template, "--no-input", "use_case=policy", cwd=out, code=1)
    assert "templates/policy/task" in done.err
    assert not list(out.iterdir())


def test_caches_in_the_template_are_not_carried(bake: Bake, template: Path) -> None:
    inside = template / "{{cookiecutter.project_slug}}"
    clean = bake(template=template, fresh=True).contents()
    engine = template / "engine" / "src" / "rft"
    for folder in (inside, inside / ".github", engine, template / "templates/code-gen/task"):
        for cache in ("__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache"):
            (folder / cache / "deep").mkdir(parents=True)
            (folder / cache / "deep" / "x.pyc").write_text("{{ not jinja {%", encoding="utf-8")
    assert bake(template=template, fresh=True).contents() == clean


@pytest.mark.parametrize("use_case", USE_CASES)
def test_baking_twice_over_gives_the_same_project(
    bake: Bake, env: dict[str, str], use_case: str
) -> None:
    project = bake(fresh=True, use_case=use_case)
    before = project.contents()
    cookiecutter(
        str(ROOT),
        no_input=True,
        extra_context={"use_case": use_case},
        output_dir=str(project.path.parent),
        config_file=env["COOKIECUTTER_CONFIG"],
        overwrite_if_exists=True,
    )
    assert project.contents() == before


def test_baking_over_a_project_keeps_the_teams_files(run: Run, tmp_path: Path) -> None:
    """The engine's wheel is rebuilt; task/, tests/ and whatever else the team added stay."""
    run("cookiecutter", ROOT, "--no-input", cwd=tmp_path)
    made = BakedProject(tmp_path / "my-rft-project")
    ours = ("task/schema.py", "task/extra.py", "tests/test_extra.py", "notes.md", OURS)
    for name in (*ours, "vendor/rft_engine-0.1.0-py3-none-any.whl"):
        made.write(name, "# ours")
    done = run("cookiecutter", ROOT, "--no-input", "--overwrite-if-exists", cwd=tmp_path)
    assert [made.read(name) for name in ours] == ["# ours"] * len(ours)
    assert not made.has_file("vendor/rft_engine-0.1.0-py3-none-any.whl")
    assert "left as it is" in done.err


def test_hooks_reach_for_nothing_outside() -> None:
    """Cruft runs them twice at every update: no processes, no network, no git."""
    for hook in (ROOT / "hooks").glob("*.py"):
        imported = re.findall(r"^ *(?:import|from) (\w+)", hook.read_text("utf-8"), re.MULTILINE)
        assert set(imported) <= {
            *("json", "make_wheel", "os", "pathlib", "rft_template", "shutil", "stat", "sys")
        }


def test_a_bad_answer_is_refused_before_the_next_question(run: Run, tmp_path: Path) -> None:
    """Only the first two questions are asked when the name cannot be a project's."""
    done = run("cookiecutter", ROOT, cwd=tmp_path, stdin="1\na\tb\n" + "\n" * 6, code=1)
    assert "project_name must be one line" in done.err
    assert "[3/7]" not in done.out
    done = run("cookiecutter", ROOT, cwd=tmp_path, stdin="1\nFine\nNot fine\n" + "\n" * 6, code=1)
    assert "project_slug 'Not fine' cannot be" in done.err
    assert "[4/7]" not in done.out


def test_author_is_gits_user_or_a_plain_word(
    bake: Bake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert bake(fresh=True).toml("pyproject.toml")["project"]["authors"] == [{"name": "Test"}]
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    plain = bake(fresh=True).toml("pyproject.toml")["project"]["authors"]
    assert plain == [{"name": "The authors"}]


def test_project_of_a_read_only_template_can_be_written(bake: Bake, template: Path) -> None:
    for path in template.rglob("*"):
        path.chmod(path.stat().st_mode & ~0o222)
    project = bake(template=template, fresh=True)
    for path in template.rglob("*"):
        path.chmod(path.stat().st_mode | 0o200)
    assert all(path.stat().st_mode & 0o200 for path in project.path.rglob("*"))


def test_an_old_cookiecutter_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    monkeypatch.setattr("cookiecutter.__version__", "2.1.1")
    assert refused().startswith("this template needs cookiecutter 2.3 or newer")
