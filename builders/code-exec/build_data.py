"""Build rows, probes and wrong solutions from the tasks in tasks/.

Seeded: every machine writes the same bytes. The reference solutions are trusted and run in this
process; code written by a model does not.
"""

from __future__ import annotations

import copy
import importlib
import json
import pkgutil
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import probes
import tasks
from catalogue import TASKS, Args, Task

from task.schema import Item, check_item, messages

SEED = 20261123
TESTS = 14
"""Hidden tests per row; fewer if fewer different arguments exist."""
EDGE_WEIGHT = 2.0
VALIDATION = (
    "banks", "byte enables", "debounce", "float format", "lanes", "latency", "line code", "parity",
    "test report", "test vectors",
)  # fmt: skip
TEST = (
    "access types", "arbiter", "burst", "byte framing", "cache", "checksum", "coverage", "edges",
    "fixed point", "gray code", "hamming", "i2c", "memory image", "one-hot", "packing", "pll",
    "slack", "time units", "two's complement", "uart", "vcd",
)  # fmt: skip
"""Families of the held-out splits; all others are for training."""
SPLITS = ("train", "validation", "test")
WRONG = Path(__file__).with_name("wrong.jsonl")

Row = dict[str, Any]


def load_tasks() -> list[Task]:
    """Every task of tasks/, in a fixed order."""
    for module in sorted(m.name for m in pkgutil.iter_modules(tasks.__path__)):
        importlib.import_module(f"tasks.{module}")
    return sorted(TASKS.values(), key=lambda one: (one.topic, one.family, one.name))


def split_of(one: Task) -> str:
    """The split that the task's family belongs to."""
    return "validation" if one.family in VALIDATION else "test" if one.family in TEST else "train"


def build_rows() -> dict[str, list[Row]]:
    """The rows of each split. Raises ValueError for a task whose row would not be valid."""
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for one in load_tasks():
        rows[split_of(one)].append(build_row(one))
    return rows


def build_row(one: Task) -> Row:
    """One row, with tests made by the reference solution."""
    rng = random.Random(f"{SEED} {one.name}")
    reference = compiled(one.code(), one.name)
    arguments = [(args, EDGE_WEIGHT) for args in one.edges]
    seen = [canonical(args) for args in (*one.examples, *one.edges)]
    if len(set(seen)) != len(seen):
        raise ValueError(f"{one.name}: an example or an edge case is repeated")
    for _ in range(400):
        args = one.draw(rng)
        if len(arguments) < TESTS and canonical(args) not in seen:
            seen.append(canonical(args))
            arguments.append((args, 1.0))
    item = Item.model_validate(
        {
            "id": one.name,
            "family": one.family,
            "topic": one.topic,
            "difficulty": one.difficulty,
            "entry": one.name,
            "signature": one.signature,
            "prompt": one.prompt,
            "examples": [{"args": list(args), **outcome(reference, args)} for args in one.examples],
            "tests": [
                {"args": list(args), **outcome(reference, args), "weight": weight}
                for args, weight in arguments
            ],
            "reference_answer": {"code": one.code()},
        }
    )
    item.messages = messages(item)
    if faults := check_item(item):
        raise ValueError(f"{one.name}: {faults[0]}")
    return item.model_dump()


def wrong_solutions() -> list[dict[str, str]]:
    """The wrong solutions of all tasks; they stay out of the rows."""
    return [{"id": one.name, "code": code} for one in load_tasks() for code in one.wrong_codes()]


def compiled(code: str, entry: str) -> Callable[..., Any]:
    """The function of one of this project's own solutions."""
    names: dict[str, Any] = {}
    exec(compile(code, f"<{entry}>", "exec"), names)
    function: Callable[..., Any] = names[entry]
    return function


def outcome(function: Callable[..., Any], args: Args) -> dict[str, Any]:
    """What a test expects: a JSON value, or the name of an exception.

    Raises ValueError if the function returns what JSON cannot carry unchanged.
    """
    try:
        value = function(*copy.deepcopy(args))
    except Exception as error:
        return {"expected": None, "raises": type(error).__name__}
    if canonical(json.loads(json.dumps(value))) != canonical(value) or "(" in repr(_bare(value)):
        raise ValueError(f"{value!r} is not a plain JSON value")
    return {"expected": value, "raises": None}


def _bare(value: Any) -> Any:
    """The value without its strings, so that a tuple shows as a bracket."""
    if isinstance(value, dict):
        return {len(k): _bare(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_bare(v) for v in value]
    return "" if isinstance(value, str) else value


def canonical(value: Any) -> str:
    """Text that is equal for equal values; True and 1 are different values."""
    return json.dumps(value, sort_keys=True)


def build(task: Path) -> None:
    """Write data/*.jsonl and probes.jsonl into the folder `task`, which is made if missing."""
    (task / "data").mkdir(parents=True, exist_ok=True)
    rows = build_rows()
    for split, members in rows.items():
        _dump(task / "data" / f"{split}.jsonl", members)
    _dump(task / "probes.jsonl", probes.probes(rows["test"]))


def write_wrong_solutions(path: Path = WRONG) -> None:
    """Write the wrong solutions, which are not part of a project, one JSON object per line."""
    _dump(path, wrong_solutions())


def _dump(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
