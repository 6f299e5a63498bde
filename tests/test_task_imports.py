"""Task code imports from the library only what its contract offers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(ROOT.glob("templates/*/task/**/*.py"))
OFFERED = {"rft.task", "rft.sandbox"}


def imported(path: Path) -> set[str]:
    """The modules of the library that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name for name in names if name.partition(".")[0] == "rft"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_task_code_imports_the_contract_only(path: Path) -> None:
    assert imported(path) <= OFFERED


def test_the_files_are_there() -> None:
    assert len(FILES) > 20
    assert any(imported(path) for path in FILES)
