"""The shipped rows, the wrong solutions, and the sandbox that the tests grade with."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import build_data
import pytest

from rft.sandbox import Limits, Sandbox
from task import grader

TASK: Path = Path(grader.__file__).parent
SPLITS = build_data.SPLITS

Row = dict[str, Any]
Splits = dict[str, list[Row]]
Grade = Callable[[Any, Row], float]


@pytest.fixture(scope="session")
def rows_by_split() -> Splits:
    """The shipped rows of each split."""
    return {
        split: [json.loads(line) for line in (TASK / f"data/{split}.jsonl").open(encoding="utf-8")]
        for split in SPLITS
    }


@pytest.fixture(scope="session")
def rows(rows_by_split: Splits) -> list[Row]:
    """All shipped rows."""
    return [row for split in SPLITS for row in rows_by_split[split]]


@pytest.fixture(scope="session")
def wrong() -> dict[str, list[str]]:
    """The wrong solutions, by the id of their row."""
    found: dict[str, list[str]] = {}
    for line in build_data.WRONG.open(encoding="utf-8"):
        solution = json.loads(line)
        found.setdefault(solution["id"], []).append(solution["code"])
    return found


@pytest.fixture(scope="session")
def grade() -> Iterator[Grade]:
    """Grade an answer text in a sandbox with the limits of a generated project."""
    if importlib.util.find_spec("wasmtime") is None:
        pytest.skip("the extra 'sandbox' is not installed")
    limits = Limits(fuel=1_000_000_000, timeout_s=20, memory_mb=512)
    with pytest.MonkeyPatch.context() as patch, Sandbox("auto", 1, limits) as sandbox:
        patch.setattr(grader, "sandbox", lambda: sandbox)
        yield lambda text, row: grader.grade({"output_text": text}, row)


@pytest.fixture(scope="session")
def grade_code(grade: Grade) -> Callable[[str, Row], float]:
    """Grade code as an answer."""
    return lambda code, row: grade(json.dumps({"code": code}), row)
