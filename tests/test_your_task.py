"""docs/YOUR_TASK.md, followed literally: every file is written and every command is run."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, USE_CASES, Bake, BakedProject, Done, Run

from rft import task
from rft.testing import AnswerEndpoint, Message, small_copy

PAGE = "docs/YOUR_TASK.md"
BLOCK = re.compile(r"(?:^\*\*`([^`]+)`\*\*\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DELETION = re.compile(r"^\| `(\S+)` \| [^|]+ \|(?: `(\S+)`)? \|$", re.MULTILINE)
EXAMPLES = [use_case for use_case in USE_CASES if use_case != "blank"]
"""The use cases with a second example of their own; blank has that of extraction."""
EVERYDAY = ["blank", *(pytest.param(use_case, marks=pytest.mark.slow) for use_case in EXAMPLES)]
Followed = tuple[BakedProject, dict[str, str]]
CHECK_WITHOUT_EACH = """
import sys
from pathlib import Path
from rft.project import Project
for path in map(Path, sys.argv[1:]):
    away = path.rename("away")
    assert Project.open(Path()).check().ok, path
    away.rename(path)
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of the page: the content of a file, a change to it, or commands."""

    file: str
    kind: str
    text: str


def blocks(project: BakedProject) -> Iterator[Block]:
    """The blocks in the order of the page; those that show no file and no command are left out."""
    yield from (Block(*parts) for parts in BLOCK.findall(project.read(PAGE)))


def deletions(project: BakedProject) -> dict[str, str]:
    """What the page lists as optional and the project has -> what goes with it, or ""."""
    listed = dict(DELETION.findall(project.read(PAGE)))
    assert len(listed) == 8
    return {path: test for path, test in listed.items() if (project.path / path).exists()}


def delete(project: BakedProject, *names: str) -> None:
    for path in (project.path / name for name in names if name):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def rft(run: Run, project: BakedProject, *arguments: str, code: int = 0) -> Done:
    return run(sys.executable, "-m", "rft", *arguments, cwd=project.path, code=code)


def pytest_run(run: Run, project: BakedProject) -> str:
    """The output of the project's tests but for test_evals.py, which takes long."""
    command = ("-m", "pytest", "-q", "--ignore", "tests/test_evals.py")
    return run(sys.executable, *command, cwd=project.path).out


def follow(project: BakedProject, run: Run) -> dict[str, str]:
    """Do everything that the page says; return what each command of its last block printed."""
    outputs: dict[str, str] = {}
    for block in blocks(project):
        if block.kind == "diff":
            project.write(block.file, changed(project.read(block.file), block.text))
        elif block.file:
            project.write(block.file, block.text)
        else:
            outputs = {line: do(project, run, line) for line in block.text.splitlines()}
    return outputs


def changed(text: str, diff: str) -> str:
    """The text without the lines that a diff takes out."""
    lines = "".join(line.removeprefix("-") for line in diff.splitlines(keepends=True))
    assert text.count(lines) == 1, diff
    return text.replace(lines, "")


def do(project: BakedProject, run: Run, line: str) -> str:
    """The output of a command of the page, run with the packages of this environment."""
    if line.endswith("activate"):
        return ""
    if line == "python -m pytest":
        return pytest_run(run, project)
    if line == "rft eval":
        return answered(project, run)
    program, *arguments = shlex.split(line)
    if program == "rft":
        return rft(run, project, *arguments, code=int(line == "rft ready")).out
    return run(program, *arguments, cwd=project.path).out


def answered(project: BakedProject, run: Run) -> str:
    """`rft eval` with a model on loopback that is right every other time."""
    rows = map(json.loads, project.read("task/data/validation.jsonl").splitlines())
    right = {row["messages"][-1]["content"]: json.dumps(row["reference_answer"]) for row in rows}
    turns = iter([True, False] * 99)

    def answer(model: str, messages: list[Message]) -> str:
        return right[messages[-1]["content"]] if next(turns) else "I do not know."

    settings = project.read("rft.toml")
    with AnswerEndpoint(answer) as endpoint:
        endpoint.serve_to(project.path, base="base")
        out = rft(run, project, "eval").out
    project.write("rft.toml", settings)
    return out


@pytest.fixture(scope="module")
def followed(bake: Bake, run: Run) -> Callable[[str], Followed]:
    """A project in which the page was followed, and what the last commands printed."""

    @cache
    def followed(use_case: str) -> Followed:
        project = bake(fresh=True, use_case=use_case)
        return project, follow(project, run)

    return followed


@pytest.mark.parametrize("use_case", EVERYDAY)
def test_the_page_leads_to_a_verdict(followed: Callable[[str], Followed], use_case: str) -> None:
    _, outputs = followed(use_case)
    assert "0 errors" in outputs["rft check"]
    assert "passed" in outputs["python -m pytest"]
    assert "mean reward 0.5" in outputs["rft eval"]
    assert re.match("NO-GO|NOT YET", outputs["rft ready"])


@pytest.mark.parametrize("use_case", EXAMPLES)
@pytest.mark.parametrize("row", [None, [], 7, "row", {}, {"reference_answer": [1]}, {"match": 1}])
def test_the_second_grader_gives_0_on_a_row_of_any_kind(use_case: str, row: object) -> None:
    grade = second_grader(use_case)
    texts = ("", "[]", '{"total": 1e999, "rule": null, "sql": 5, "pattern": {}}', "1" * 400)
    assert [grade({"output_text": text}, row) for text in texts] == [0.0] * len(texts)


def test_a_number_of_any_size_is_compared() -> None:
    row = {"reference_answer": {"vendor": "V", "total": 238.0, "currency": "EUR", "date": ""}}
    grade = second_grader("extraction")
    totals = {"1" + "0" * 400: 0.0, "238.004": 0.4, "238.006": 0.0, "NaN": 0.0, "-Infinity": 0.0}
    for total, reward in totals.items():
        assert grade({"output_text": f'{{"total": {total}}}'}, row) == reward


def second_grader(use_case: str) -> Callable[[object, object], float]:
    """`grade` of the page's second example."""
    page = (ROOT / "templates" / use_case / "YOUR_TASK.md").read_text(encoding="utf-8")
    (source,) = (text for file, _, text in BLOCK.findall(page) if file == "task/grader.py")
    names: dict[str, Any] = {}
    exec(source, names)
    grade: Callable[[object, object], float] = names["grade"]
    return grade


@pytest.mark.slow
@pytest.mark.parametrize("use_case", EXAMPLES)
def test_the_second_example_passes_linter_and_type_check(
    followed: Callable[[str], Followed], run: Run, use_case: str
) -> None:
    project, _ = followed(use_case)
    folders = [project.path / name for name in ("task", "tests", "evals")]
    types = ("mypy", "--cache-dir", ROOT / ".mypy_cache", *folders)  # whole paths: see test_suites
    tools = (("ruff", "check", "--no-cache"), ("ruff", "format", "--check", "--no-cache"), types)
    for tool in tools:
        run(sys.executable, "-m", *tool, cwd=project.path)


def test_the_page_lists_every_name_of_the_contract(bake: Bake) -> None:
    protocols = (p for p in vars(task).values() if getattr(p, "_is_protocol", False))
    names = {name for p in protocols for name in (*p.__annotations__, *vars(p)) if name[0] != "_"}
    page = bake(use_case="blank").read(PAGE)
    assert {"messages", "grade", "floors", "OPTIONS"} <= names
    assert [name for name in names if not re.search(rf"`{name}[(`]", page)] == []


@pytest.mark.parametrize("use_case", USE_CASES)
def test_no_other_file_imports_what_may_be_deleted(bake: Bake, use_case: str) -> None:
    project = bake(use_case=use_case)
    for path, test in deletions(project).items():
        module = path.removesuffix(".py").strip("/").replace("/", ".")
        for name in project.files():
            if name.endswith(".py") and name != test and not name.startswith(path):
                assert module not in imports(project.read(name)), name


def imports(source: str) -> set[str]:
    """The modules that a file imports, and the names it imports from them."""
    nodes = list(ast.walk(ast.parse(source)))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            modules |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


@pytest.mark.slow
@pytest.mark.parametrize("use_case", USE_CASES)
def test_nothing_breaks_without_what_may_be_deleted(
    bake: Bake, run: Run, use_case: str, tmp_path: Path
) -> None:
    """One after the other for `rft check`, and all of it at once for the tests as well."""
    project = BakedProject(small_copy(bake(use_case=use_case).path, tmp_path / "small"))
    listed = deletions(project)
    run(sys.executable, "-c", CHECK_WITHOUT_EACH, *listed, cwd=project.path)
    delete(project, *listed, *listed.values())
    assert "0 errors" in rft(run, project, "check").out
    assert "passed" in pytest_run(run, project)


@pytest.mark.slow
@pytest.mark.parametrize("use_case", ["code-gen", "extraction", "policy"])
def test_check_names_the_tool_that_is_still_used(bake: Bake, run: Run, use_case: str) -> None:
    project = bake(fresh=True, use_case=use_case)
    delete(project, "task/tools")
    done = run(sys.executable, "-m", "rft", "check", cwd=project.path, code=None)
    assert done.code in (1, 2)
    assert re.search(r"\btools\b", done.said)


WORDS = {
    "code-gen": r"vips?|(system)?verilog|rtl|bindings?|elaborat\w+|chips?|testbench|netlist",
    "code-exec": r"hidden tests?|python functions?|entry point",
    "extraction": r"icd\W?10\w*|medical|clinical|diagnos[ei]s|patients?|encounters?|physicians?",
    "policy": r"tax(es)?|irc|shareholders?|s.corporations?|partnerships?",
}
PACKAGES = re.compile(r"pyslang|simple.icd.10.cm")


@pytest.mark.parametrize("use_case", USE_CASES)
def test_the_shipped_domain_stays_in_task_tests_and_one_page(bake: Bake, use_case: str) -> None:
    """In any project, the words of no use case: they share their pages."""
    its_own = ("task/", "tests/", "docs/GUIDE.md", "vendor/")
    words = re.compile(rf"\b({'|'.join(WORDS.values())})\b", re.IGNORECASE)
    project = bake(use_case=use_case)
    for name in (name for name in project.files() if not name.startswith(its_own)):
        text = PACKAGES.sub("", project.read(name))
        assert [line for line in text.splitlines() if words.search(line)] == [], name


def test_the_blank_example_has_no_word_of_another_domain(bake: Bake) -> None:
    words = re.compile(rf"\b({'|'.join(WORDS.values())})\b", re.IGNORECASE)
    project = bake(use_case="blank")
    names = [name for name in project.files() if name.startswith(("task/", "tests/", "docs/"))]
    assert [name for name in names if words.search(project.read(name))] == []
    assert project.read("task/grader.py").count("\n") < 40
