"""Every way to make a project gives the same project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, Bake, BakedProject, Run

SLUG = "my-rft-project"


def policy(folder: Path) -> dict[str, bytes]:
    return BakedProject(folder / SLUG).contents()


@pytest.fixture(scope="session")
def wanted(bake: Bake) -> dict[str, bytes]:
    """The project that `use_case=policy` gives from the working tree."""
    return bake(use_case="policy").contents()


def test_use_case_is_chosen_without_prompts(
    run: Run, tmp_path: Path, wanted: dict[str, bytes]
) -> None:
    done = run("cookiecutter", ROOT, "--no-input", "use_case=policy", cwd=tmp_path)
    assert policy(tmp_path) == wanted
    assert done.said == ""


def test_pressing_enter_takes_the_recommended_answers(run: Run, tmp_path: Path, bake: Bake) -> None:
    done = run("cookiecutter", ROOT, cwd=tmp_path, stdin="\n" * 7)
    assert BakedProject(tmp_path / SLUG).contents() == bake().contents()
    assert done.out.count("(recommended") == 2
    assert "[7/7] License" in done.out


def test_replay_repeats_the_last_answers(
    run: Run, tmp_path: Path, wanted: dict[str, bytes]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    run("cookiecutter", ROOT, "--no-input", "use_case=policy", "--output-dir", one, cwd=tmp_path)
    run("cookiecutter", ROOT, "--replay", "--output-dir", two, cwd=tmp_path)
    assert policy(one) == policy(two) == wanted


def test_folder_names_with_spaces_work(
    run: Run, template: Path, tmp_path: Path, wanted: dict[str, bytes]
) -> None:
    source = template.rename(tmp_path / "my own 'template' é")
    out = tmp_path / "out put"
    run("cookiecutter", source, "--no-input", "use_case=policy", "-o", out, cwd=tmp_path)
    assert policy(out) == wanted


def test_zip_archive(run: Run, template: Path, tmp_path: Path, wanted: dict[str, bytes]) -> None:
    archive = tmp_path / "template.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.mkdir("cookiecutter-rft")
        for path in sorted(template.rglob("*")):
            target.write(path, path.relative_to(template.parent))
    run("cookiecutter", archive, "--no-input", "use_case=policy", cwd=tmp_path)
    assert policy(tmp_path) == wanted


def test_git_address(run: Run, published: Path, tmp_path: Path, wanted: dict[str, bytes]) -> None:
    address = f"git+{published.as_uri()}"
    run("cookiecutter", address, "--no-input", "use_case=policy", cwd=tmp_path)
    assert policy(tmp_path) == wanted


def test_clone_on_a_system_without_links(
    run: Run, published: Path, tmp_path: Path, wanted: dict[str, bytes]
) -> None:
    clone = ("git", "-c", "core.symlinks=false", "clone", "--quiet", published, "clone")
    run(*clone, cwd=tmp_path)
    run("cookiecutter", "clone/", "--no-input", "use_case=policy", cwd=tmp_path)
    assert policy(tmp_path) == wanted


def test_template_holds_no_links(published: Path, run: Run) -> None:
    listed = run("git", "ls-files", "--stage", cwd=published).out.splitlines()
    assert not [line for line in listed if line.startswith("120000")]


def test_the_answer_to_a_question_of_older_versions_still_counts(
    run: Run, env: dict[str, str], tmp_path: Path, bake: Bake
) -> None:
    """Scripts and replays of older versions answer a second question: code_gen_task=code-exec."""
    wanted = bake(use_case="code-exec", description="the same").contents()
    answers = ("use_case=code-gen", "code_gen_task=code-exec", "description=the same")
    run("cookiecutter", ROOT, "--no-input", *answers, "--output-dir", "one", cwd=tmp_path)
    assert policy(tmp_path / "one") == wanted
    replay = Path(env["COOKIECUTTER_CONFIG"]).parent / "replay" / f"{ROOT.name}.json"
    kept = json.loads(replay.read_text(encoding="utf-8"))
    kept["cookiecutter"] |= {"use_case": "code-gen", "code_gen_task": "code-exec"}
    old = tmp_path / "old.json"
    old.write_text(json.dumps(kept), encoding="utf-8")
    run("cookiecutter", ROOT, "--replay-file", old, "--output-dir", "two", cwd=tmp_path)
    assert policy(tmp_path / "two") == wanted


@pytest.mark.parametrize("use_case", ["policy", "code-gen"])
def test_project_without_hooks_says_what_is_missing(
    run: Run, tmp_path: Path, use_case: str
) -> None:
    """The first command names the folder and the remedy, whatever was chosen."""
    answers = ("--no-input", f"use_case={use_case}", "--accept-hooks", "no")
    run("cookiecutter", ROOT, *answers, cwd=tmp_path)
    project = BakedProject(tmp_path / SLUG)
    assert not (project.path / "task").exists()
    done = run("make", "setup", cwd=project.path, code=2)
    assert "task/ is missing" in done.err
    assert "--accept-hooks yes" in done.err
    assert not (project.path / ".venv").exists()


def test_remedy_for_a_project_without_hooks_works(
    run: Run, tmp_path: Path, wanted: dict[str, bytes]
) -> None:
    bare = ("cookiecutter", ROOT, "--no-input", "use_case=policy")
    run(*bare, "--accept-hooks", "no", cwd=tmp_path)
    run(*bare, "--overwrite-if-exists", cwd=tmp_path)
    assert policy(tmp_path) == wanted


def test_template_is_left_as_it_was(run: Run, published: Path, tmp_path: Path) -> None:
    run("cookiecutter", published, "--no-input", cwd=tmp_path)
    assert run("git", "status", "--porcelain", "--ignored", cwd=published).out in (
        "",
        "!! __pycache__/\n",
    )


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may write everywhere")
def test_read_only_template_is_enough(run: Run, template: Path, tmp_path: Path) -> None:
    subprocess.run(["chmod", "-R", "a-w", template], check=True)
    run("cookiecutter", template, "--no-input", cwd=tmp_path)
    subprocess.run(["chmod", "-R", "u+w", template], check=True)


def test_two_versions_in_one_process_do_not_mix(bake: Bake, template: Path, tmp_path: Path) -> None:
    """A second copy of the template writes its own files, not those of the first."""
    other = tmp_path / "other"
    shutil.copytree(template, other)
    (other / "templates" / "policy" / "task" / "new.txt").write_text("new", encoding="utf-8")
    assert not bake(template=template, use_case="policy").has_file("task/new.txt")
    assert bake(template=other, use_case="policy").has_file("task/new.txt")


def test_make_refuses_an_unknown_use_case_before_it_installs_anything(run: Run) -> None:
    done = run("make", "demo", "USE_CASE=wrong", cwd=ROOT, code=2)
    assert "USE_CASE=wrong is not a use case; choose one of: blank code-exec code-gen" in done.said
