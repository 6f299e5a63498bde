"""`rft import`: your own functions become rows.

    rft import tasks.jsonl --set topic=registers

One JSON object per line: "prompt", "solution" (Python source that defines one function, or several
and "entry"), "examples" and "tests". An example or a test is a list of arguments, or an object
{"args": [...], "expected": ...} or {"args": [...], "raises": "ValueError"}; a test may have a
"weight". Missing results are taken from the solution, which runs in the sandbox.
Optional: "id", "family", "topic", "difficulty" (easy, medium, hard). Without a "prompt" the
docstring of the function is the prompt. docs/GUIDE.md has an example.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rft.sandbox import Call, Sandbox
from rft.task import Problem, RftError, TextError, field_problems, text_lines
from task import grader
from task.schema import Item, check_item

OPTIONS = {
    "topic": "topic of rows that name none (default: yours)",
    "family": "family of rows that name none (default: the row's id); a family stays in one split",
}

Row = dict[str, Any]


class _Refusal(Exception):
    """Why a line does not give a row."""


def load(paths: list[Path], options: dict[str, str]) -> Iterator[Row | Problem]:
    """Rows for the lines of the files, and a Problem for each line that gives none."""
    try:
        sandbox = grader.sandbox()
    except RftError as error:
        yield Problem("task/importer.py", None, f"solutions cannot be run here: {error}")
        return
    for path in paths:
        try:
            lines = list(text_lines(path))
        except TextError as error:
            yield Problem.of(error)
            continue
        for number, line in lines:
            if line.strip():
                try:
                    yield _row(line, f"{path.stem}-{number}", options, sandbox)
                except _Refusal as refusal:
                    yield Problem(str(path), number, str(refusal))


def _row(line: str, name: str, options: dict[str, str], sandbox: Sandbox) -> Row:
    given = _json(line)
    solution = given.get("solution")
    if not isinstance(solution, str):
        raise _Refusal('"solution" is missing; give the source of a correct function.')
    function = _function(solution, given.get("entry"))
    calls = {key: [_call(c) for c in _list(given, key)] for key in ("examples", "tests")}
    _fill([c for group in calls.values() for c in group], solution, function.name, sandbox)
    name = str(given.get("id") or name)
    row = {
        "id": name,
        "family": given.get("family") or options.get("family") or name,
        "topic": given.get("topic") or options.get("topic") or "yours",
        "difficulty": given.get("difficulty") or "medium",
        "entry": function.name,
        "signature": _signature(function),
        "prompt": given.get("prompt") or ast.get_docstring(function) or "",
        **calls,
        "reference_answer": {"code": solution},
    }
    try:
        item = Item.model_validate(row)
    except ValidationError as error:
        raise _Refusal(f"{field_problems(error, row)[0]}.") from None
    if faults := check_item(item):
        raise _Refusal(faults[0])
    return item.model_dump(exclude={"messages"})


def _json(line: str) -> Row:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _Refusal(f"this line is not valid JSON: {error}.") from None
    if not isinstance(given, dict):
        raise _Refusal("this line is not a JSON object; write {...}.")
    return given


def _list(given: Row, key: str) -> list[Any]:
    value = given.get(key)
    if not isinstance(value, list):
        raise _Refusal(f'"{key}" is not a list; give the calls as lists of arguments.')
    return value


def _call(given: Any) -> Row:
    call = given if isinstance(given, dict) else {"args": given}
    if not isinstance(call.get("args"), list):
        raise _Refusal(f"{json.dumps(given)[:60]} is not a call; write its arguments as a list.")
    return dict(call)


def _function(solution: str, entry: Any) -> ast.FunctionDef:
    try:
        found = [n for n in ast.parse(solution).body if isinstance(n, ast.FunctionDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _Refusal(f"the solution is not valid Python: {error}.") from None
    found = [f for f in found if entry in (None, f.name)]
    if len(found) != 1:
        raise _Refusal(f"the solution defines {len(found)} such functions; name one as entry.")
    return found[0]


def _signature(function: ast.FunctionDef) -> str:
    result = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"def {function.name}({ast.unparse(function.args)}){result}"


def _fill(calls: list[Row], solution: str, entry: str, sandbox: Sandbox) -> None:
    """Add the solution's result to each call that has none. Refuses results JSON cannot hold."""
    open_calls = [c for c in calls if "expected" not in c and "raises" not in c]
    run = sandbox.run(solution, [Call(entry, c["args"]) for c in open_calls])
    if run.outcome == "error":
        raise _Refusal(f"the solution could not be run: {run.problem}")
    for call, found in zip(open_calls, run.calls, strict=True):
        if found.status == "raised":
            call["raises"] = found.error
            continue
        try:
            call["expected"] = json.loads(json.dumps(found.value, allow_nan=False))
        except (TypeError, ValueError):
            raise _Refusal(f"the result for {call['args']!r} is not plain JSON.") from None
        if found.status != "value":
            raise _Refusal(f"the solution fails on {call['args']!r}: {found.status}.")
