"""What a new colleague reads first does what it says: the first day's page, the tour, the links."""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from conftest import USE_CASES, Bake, BakedProject, Run

from rft.glossary import words
from rft.project import Project
from rft.testing import AnswerEndpoint, Message

SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SEEN = re.compile(r"^You should see (.*?)\n\n", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)?(?:#([^)]+))?\)")
SMALL = "blank"


def sometimes_right(project: Project) -> AnswerEndpoint:
    """An endpoint that gives the right answer to a row in every third case, or so."""
    references = {
        project.task.messages(row.item)[-1]["content"]: project.task.reference_text(row.item)
        for split in project.splits()[0]
        for row in split.rows
    }
    calls: Counter[str] = Counter()

    def answer(model: str, messages: list[Message]) -> str:
        prompt = messages[-1]["content"]
        calls[prompt] += 1
        right = random.Random(f"{prompt} {calls[prompt]}").random() < 1 / 3
        return references[prompt] if right else "I do not know."

    return AnswerEndpoint(answer)


@pytest.fixture
def project(bake: Bake) -> BakedProject:
    """A project whose .venv/ is a stand-in that leads to this environment."""
    made = bake(use_case=SMALL, fresh=True)
    made.write(".venv/bin/activate", 'PATH="$PWD/.venv/bin:$PATH"\n')
    for name, arguments in (("python", ""), ("rft", " -m rft")):
        made.write(f".venv/bin/{name}", f'#!/bin/sh\nexec {sys.executable}{arguments} "$@"\n')
        (made.path / ".venv" / "bin" / name).chmod(0o755)
    made.write(".venv/.installed", "")
    return made


@pytest.mark.slow
def test_the_first_day_goes_as_its_page_says(project: BakedProject, run: Run) -> None:
    """Every command of the page runs; what one "should see" is in the output since the last."""
    opened = Project.open(project.path, "demo.toml")
    page = project.read("docs/ONBOARDING.md")
    blocks = SHELL.findall(page)
    commands = "".join(f"echo @@@\n{block}" for block in blocks)
    with sometimes_right(opened) as endpoint:
        settings: Any = tomlkit.parse(project.read("demo.toml"))
        settings["endpoint"].update(profile="compatible", base_url=endpoint.url)
        project.write("demo.toml", tomlkit.dumps(settings))
        script = f"set -e\nexec 2>&1\n{commands}"
        done = run("bash", "-c", script, cwd=project.path, timeout=1800)
    outputs = done.out.split("@@@\n")[1:]
    assert len(outputs) == len(blocks) > 10
    start = 0
    for expected in SEEN.finditer(page):
        end = len(SHELL.findall(page[: expected.start()]))
        seen = "".join(outputs[start:end])
        assert [code for code in CODE.findall(expected[1]) if code not in seen] == [], seen
        start = end


@pytest.mark.slow
@pytest.mark.parametrize("use_case", [SMALL, "policy"])  # without a judge, and with one
def test_the_tour_runs_from_its_first_cell_to_its_last(
    bake: Bake, use_case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = bake(use_case=use_case)
    monkeypatch.chdir(project.path / "docs")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    book = json.loads(project.read("docs/tour.ipynb"))
    names: dict[str, Any] = {"__name__": "tour"}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    before, after = names["comparison"].means
    assert before.value < after.value
    assert len(names["frame"]) == len(names["by_row"]) * 4
    assert not (project.path / "runs").exists()


def test_the_tour_is_a_notebook_without_outputs(bake: Bake) -> None:
    book = json.loads(bake().read("docs/tour.ipynb"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)
    assert not [
        cell for cell in book["cells"] if cell.get("outputs") or cell.get("execution_count")
    ]


@pytest.mark.parametrize("use_case", USE_CASES)
def test_every_link_leads_somewhere(bake: Bake, use_case: str) -> None:
    project = bake(use_case=use_case)
    pages = [Path(name) for name in project.files() if name.endswith(".md")]
    for page in pages:
        for file, heading in LINK.findall(project.read(str(page))):
            target = (project.path / page.parent / file).resolve() if file else project.path / page
            assert target.is_file(), f"{page}: {file}"
            assert not heading or heading in anchors(target), f"{page}: {file}#{heading}"


def anchors(page: Path) -> set[str]:
    """The names of a page's headings in links, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def test_the_words_of_every_project_are_those_of_the_report(bake: Bake) -> None:
    page = bake().read("docs/GLOSSARY.md")
    assert all(f"- **{word}**: {sentence}\n" in page for word, sentence in words().items())


@pytest.mark.parametrize("use_case", USE_CASES)
def test_the_readme_is_short_and_the_guide_has_the_use_case(bake: Bake, use_case: str) -> None:
    project = bake(use_case=use_case)
    assert project.read("README.md").count("\n") < 40
    assert "\n## The task: " in project.read("docs/GUIDE.md")
