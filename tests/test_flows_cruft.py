"""cruft brings a newer engine into a project and leaves the team's files as they are."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from conftest import ENGINE_VERSION, Bake, BakedProject, Run, commit

VERSION = ENGINE_VERSION
NEWER = "99.0.0"
WHEEL = "vendor/rft_engine-{}-py3-none-any.whl"
TEAM = (
    *("README.md", "rft.toml"),
    *("task/schema.py", "task/data/train.jsonl", "tests/test_schema.py"),
)


def renew_engine(published: Path, run: Run) -> None:
    """Give the template a changed engine with a new version."""
    engine = BakedProject(published / "engine")
    text = engine.read("pyproject.toml")
    engine.write("pyproject.toml", text.replace(f'version = "{VERSION}"', f'version = "{NEWER}"'))
    engine.write("src/rft/newer.py", '"""A new room."""\n')
    commit(run, published, "newer engine")


def has_engine(project: BakedProject, version: str) -> bool:
    """Whether the project has the wheel of this version and no other, and requires it."""
    wheels = [name for name in project.files() if name.endswith(".whl")]
    pins = set(re.findall(r"rft-engine\S*==([\d.]+)", project.read("pyproject.toml")))
    return wheels == [WHEEL.format(version)] and pins == {version}


@pytest.fixture
def project(published: Path, run: Run, tmp_path: Path) -> BakedProject:
    """A project made by `cruft create` and committed by its team."""
    answers = {"use_case": "policy", "author": '{{ 7*7 }} & "Co"'}
    create = ("cruft", "create", published.as_uri(), "--no-input")
    run(*create, "--extra-context", json.dumps(answers), cwd=tmp_path)
    made = BakedProject(tmp_path / "my-rft-project")
    run("git", "init", "--quiet", cwd=made.path)
    commit(run, made.path, "made")
    return made


@pytest.fixture
def changed(project: BakedProject, published: Path, run: Run) -> BakedProject:
    """The team has changed what it owns; the template has changed engine, task and settings."""
    for name in TEAM:
        project.write(name, project.read(name) + "\n# ours\n")
    project.write("task/extra.py", "# ours\n")
    commit(run, project.path, "our task")
    inside = BakedProject(published / "{{cookiecutter.project_slug}}")
    for name in ("README.md", "docs/GUIDE.md", "rft.toml"):
        inside.write(name, "# newer\n" + inside.read(name))
    inside.write(".gitignore", inside.read(".gitignore") + "newer/\n")
    use_case = BakedProject(published / "templates" / "policy")
    use_case.write("task/schema.py", "# newer\n")
    use_case.write("task/newer.py", "# newer\n")
    use_case.write("tests/test_schema.py", "# newer\n")
    renew_engine(published, run)
    return project


def test_cruft_makes_the_same_project_as_cookiecutter(project: BakedProject, bake: Bake) -> None:
    plain = bake(use_case="policy", author='{{ 7*7 }} & "Co"').contents()
    made = {n: c for n, c in project.contents().items() if not n.startswith(".git/")}
    assert made.pop(".cruft.json")
    assert made == plain


def test_new_project_is_up_to_date(project: BakedProject, run: Run) -> None:
    run("cruft", "check", cwd=project.path)
    assert run("cruft", "diff", cwd=project.path).out == ""


def test_update_brings_the_engine_and_leaves_the_team_alone(
    changed: BakedProject, run: Run
) -> None:
    before = {name: changed.read(name) for name in (*TEAM, "task/extra.py", "LICENSE")}
    run("cruft", "check", cwd=changed.path, code=1)
    run("cruft", "update", "--skip-apply-ask", cwd=changed.path)
    run("cruft", "check", cwd=changed.path)
    assert has_engine(changed, NEWER)
    with zipfile.ZipFile(changed.path / WHEEL.format(NEWER)) as wheel:
        assert "rft/newer.py" in wheel.namelist()
    assert "newer/" in changed.read(".gitignore")
    assert changed.read("docs/GUIDE.md").startswith("# newer\n")
    assert {name: changed.read(name) for name in before} == before
    assert not changed.has_file("task/newer.py")
    assert not [name for name in changed.files() if name.endswith((".rej", ".orig"))]


def test_diff_names_what_is_not_the_teams(changed: BakedProject, run: Run) -> None:
    """What the team changed in its own files is not a deviation from the template."""
    changed.write("Makefile", changed.read("Makefile") + "# ours\n")
    diff = run("cruft", "diff", cwd=changed.path).out
    assert "Makefile" in diff
    assert "task/" not in diff
    assert "rft.toml" not in diff


def test_update_keeps_the_teams_own_change_to_a_file_of_ours(
    changed: BakedProject, run: Run
) -> None:
    changed.write("Makefile", changed.read("Makefile") + "\nours:\n\ttrue\n")
    settings = changed.read("pyproject.toml")
    settings = settings.replace('"pydantic', '"attrs",\n    "pydantic')
    changed.write("pyproject.toml", settings.replace("dev = [", 'dev = ["coverage", '))
    commit(run, changed.path, "our command and packages")
    run("cruft", "update", "--skip-apply-ask", cwd=changed.path)
    assert changed.read("Makefile").endswith("ours:\n\ttrue\n")
    metadata = changed.toml("pyproject.toml")["project"]
    assert "attrs" in metadata["dependencies"]
    assert "coverage" in metadata["optional-dependencies"]["dev"]
    assert has_engine(changed, NEWER)


def test_use_case_can_be_switched_once_the_task_is_given_up(
    project: BakedProject, run: Run, bake: Bake
) -> None:
    """Without its `skip` entries the project becomes the other use case's, file for file."""
    settings = project.read("pyproject.toml")
    start, end = settings.index("skip = ["), settings.index("]", settings.index("skip = [")) + 1
    project.write("pyproject.toml", settings[:start] + "skip = []" + settings[end:])
    commit(run, project.path, "give the task up")
    switch = json.dumps({"use_case": "extraction"})
    update = ("cruft", "update", "--skip-apply-ask", "--variables-to-update", switch)
    run(*update, cwd=project.path)
    wanted = bake(use_case="extraction", author='{{ 7*7 }} & "Co"').contents()
    made = {n: c for n, c in project.contents().items() if not n.startswith(".git/")}
    assert made.keys() - {".cruft.json"} == wanted.keys()
    # The description is an answer, so it stays.
    old, new = b"Reinforcement fine-tuning for policy", b"Reinforcement fine-tuning for extraction"
    assert {n for n in wanted if made[n].replace(old, new) != wanted[n]} <= {"pyproject.toml"}


def test_code_exec_stays_code_exec_though_the_question_is_gone(
    published: Path, run: Run, tmp_path: Path
) -> None:
    """Projects made by older versions hold use_case=code-gen and code_gen_task=code-exec."""
    create = ("cruft", "create", published.as_uri(), "--no-input", "--extra-context")
    run(*create, json.dumps({"use_case": "code-exec"}), cwd=tmp_path)
    made = BakedProject(tmp_path / "my-rft-project")
    kept = json.loads(made.read(".cruft.json"))
    kept["context"]["cookiecutter"] |= {"use_case": "code-gen", "code_gen_task": "code-exec"}
    made.write(".cruft.json", json.dumps(kept))
    run("git", "init", "--quiet", cwd=made.path)
    commit(run, made.path, "made")
    renew_engine(published, run)
    run("cruft", "update", "--skip-apply-ask", "--project-dir", made.path, cwd=tmp_path)
    assert has_engine(made, NEWER)
    assert "rft-engine[sandbox]" in made.read("pyproject.toml")
    kept = json.loads(made.read(".cruft.json"))
    assert kept["context"]["cookiecutter"]["use_case"] == "code-exec"


def test_project_made_by_cookiecutter_can_be_linked_and_updated(
    published: Path, run: Run, tmp_path: Path
) -> None:
    run("cookiecutter", published, "--no-input", "use_case=policy", cwd=tmp_path)
    made = BakedProject(tmp_path / "my-rft-project")
    answers = json.dumps({"use_case": "policy"})
    link = ("cruft", "link", published.as_uri(), "--no-input", "--extra-context", answers)
    run("git", "init", "--quiet", cwd=made.path)
    run(*link, cwd=made.path)
    commit(run, made.path, "linked")
    renew_engine(published, run)
    run("cruft", "update", "--skip-apply-ask", cwd=made.path)
    assert has_engine(made, NEWER)


def test_refused_answers_stop_cruft_too(published: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    create = ("cruft", "create", published.as_uri(), "--no-input", "--extra-context")
    done = run(*create, json.dumps({"project_slug": "../evil"}), cwd=out, code=1)
    assert "project_slug '../evil'" in " ".join(done.err.split())
    assert not list(out.iterdir())
    assert not (tmp_path / "evil").exists()
