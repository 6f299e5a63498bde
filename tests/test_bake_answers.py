"""Answers are data: they come back unchanged, and no part of them is run."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, Bake, BakedProject, Run

NASTY = {
    "quotes": """He said "it's" fine""",
    "triple quotes": "''' and \"\"\" end",
    "backslashes": r"C:\new\table \u0041 \\",
    "emoji and scripts": "Żółć 日本語 العربية 😀",
    "arithmetic template": "{{ 7*7 }} {{ cookiecutter.license }}",
    "template statement": "{% include 'x' %} {# gone #} {% endraw %}",
    "broken template": "{{ unclosed {%",
    "code in a template": "{{ cycler.__init__.__globals__.os.system('touch pwned') }}",
    "shell": "$(touch pwned) `touch pwned`; rm -rf ./* && touch pwned | cat > pwned",
    "toml": '"] = [table] # comment """ \\\\"',
    "markdown": "# title [link](javascript:x) <script>x</script> *b* _i_ `c` | cell",
    "make and env": "$(shell touch pwned) ${HOME} %PATH% !x",
    "line separator lookalikes": "a\u00a0b\u200bc",
}
nasty = pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)


def answered(bake: Bake, text: str) -> BakedProject:
    return bake(project_name=text, project_slug="data", description=text, author=text)


@nasty
def test_toml_gives_the_answer_back(bake: Bake, text: str) -> None:
    project = answered(bake, text)
    metadata = project.toml("pyproject.toml")["project"]
    assert metadata["description"] == text
    assert metadata["authors"] == [{"name": text}]
    assert project.toml("rft.toml")["project"]["name"] == text


@nasty
def test_readme_and_license_have_the_answer_as_text(bake: Bake, text: str) -> None:
    project = answered(bake, text)
    assert f"Copyright (c) {text}" in project.read("LICENSE")
    assert text in re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", project.read("README.md")) or (
        text in project.read("README.md")
    )


@nasty
def test_nothing_in_an_answer_is_run(
    bake: Bake, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file that an answer names appears in the working folder, project or template."""
    monkeypatch.chdir(tmp_path)
    project = bake(fresh=True, project_name=text, project_slug="x", description=text, author=text)
    for folder in (tmp_path, project.path.parent):
        assert not list(folder.rglob("pwned"))
    assert not [*ROOT.glob("pwned"), *ROOT.glob("*/pwned")]
    assert [path.name for path in project.path.parent.iterdir()] == ["x"]


@pytest.mark.parametrize("name", ["quotes", "code in a template", "shell", "emoji and scripts"])
def test_typed_answers_are_kept_as_typed(name: str, run: Run, tmp_path: Path) -> None:
    text = NASTY[name]
    typed = ["1", text, "typed", text, text, "1", "1"]
    run("cookiecutter", ROOT, cwd=tmp_path, stdin="\n".join(typed) + "\n")
    run("make", cwd=tmp_path / "typed")
    metadata = BakedProject(tmp_path / "typed").toml("pyproject.toml")["project"]
    assert metadata["authors"] == [{"name": text}]
    assert not list(tmp_path.rglob("pwned"))


def test_answers_leave_the_files_the_same(bake: Bake) -> None:
    """Answers change text inside files, never which files there are."""
    plain = bake().files()
    assert all(answered(bake, text).files() == plain for text in NASTY.values())


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Élan d'été", "elan-dete"),
        ("  Two   Words ", "two-words"),
        ('"Quoted" & Co.', "quoted-co"),
        ("日本語", "ri-ben-yu"),
        ("😀", "rft-project"),
        ("9 lives", "lives"),
        ("OpenAI", "rft-openai"),
        ("Con", "rft-con"),
        ("x" * 90, "x" * 60),
    ],
)
def test_slug_is_made_from_any_name(bake: Bake, name: str, slug: str) -> None:
    assert bake(project_name=name).path.name == slug


def test_literal_is_read_back_by_toml_json_and_python() -> None:
    """Every character except halves of surrogate pairs, which no text file can hold."""
    spec = importlib.util.spec_from_file_location("filters", ROOT / "rft_template.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    quoted = module.literal(text)
    assert json.loads(quoted) == text
    assert ast.literal_eval(quoted) == text
    assert tomllib.loads(f"x = {quoted}") == {"x": text}


def test_author_may_be_empty(bake: Bake) -> None:
    project = bake(author="")
    assert "authors" not in project.toml("pyproject.toml")["project"]
    assert "Copyright (c) My RFT project" in project.read("LICENSE")
