"""How good is a function that a model wrote?  grade(sample, item) -> float in [0, 1].

The reward is the weight of the hidden tests that the code passes, divided by the weight of all. The
code runs in the sandbox of `rft`, with the settings of [sandbox] in rft.toml. Arguments go in and
values come out; they are compared here, outside the sandbox, and nothing that the code says about
itself is read.

An answer that cannot be read, or code that does not load, scores 0. If the sandbox itself fails,
OutsideError is raised: the answer then has no score and is graded again.

A vendor's image cannot run this grader, because it may not run code: see "hosted" in grader.json.
"""

from __future__ import annotations

import ast
import atexit
import json
import re
import warnings
from functools import cache, lru_cache
from typing import Any

from rft.sandbox import Sandbox, Test, TestReport
from rft.task import OutsideError

MAX_CODE_CHARS = 50_000
MAX_DEPTH = 50
"""Levels of lists and dicts in an argument or a result."""


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """Reward in [0, 1]: the share of the hidden tests that the code passes, by their weights.

    Raises OutsideError only.
    """
    report = _verdict(sample, item)
    return (report.score or 0.0) if report else 0.0


def explain(sample: dict[str, Any], item: dict[str, Any]) -> dict[str, float]:
    """The figures behind the reward, each in [0, 1].

    readable: the answer could be read. loads: the code loads and has the entry point. tests: share
    of the tests passed, each counted once. solved: 1 if all of them are.
    """
    report = _verdict(sample, item)
    if report is None:
        return {"readable": 0.0, "loads": 0.0, "tests": 0.0, "solved": 0.0}
    return {
        "readable": 1.0,
        "loads": float(any(test.status != "broken" for test in report.tests)),
        "tests": report.passed / len(report.tests),
        "solved": float(report.passed == len(report.tests)),
    }


def _verdict(sample: Any, item: Any) -> TestReport | None:
    """The sandbox's report; None for an answer or a row that cannot be used."""
    code = read_code(sample)
    if code is None:
        return None
    try:
        entry, tests = item["entry"], json.dumps(item["tests"], allow_nan=False)
        usable = entry.isidentifier() and _wanted(tests)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None  # the row is broken: `rft check` names its fault
    return _report(code, entry, tests) if usable else None


def read_code(sample: Any) -> str | None:
    """The Python source of an answer, or None if it does not have an agreed shape.

    Either {"code": "..."} (see read_answer) or words with exactly one fenced block of Python. Where
    "code" is not Python, its only fenced block is, and words may surround that too.
    """
    answer = read_answer(sample)
    code = answer.get("code") if answer else _block(sample)
    if not isinstance(code, str) or not code.strip() or len(code) > MAX_CODE_CHARS:
        return None
    return code if _is_python(code) else fenced_block(code) or code


def _is_python(code: str) -> bool:
    """Whether a text is Python, which may have fences in its strings and comments."""
    try:
        with warnings.catch_warnings(action="ignore"):  # what is odd in it is the answer's affair
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _block(sample: Any) -> str | None:
    """The fenced block of a text, unless the text or the block is JSON."""
    text = sample.get("output_text") if isinstance(sample, dict) else None
    if not isinstance(text, str) or len(text) > MAX_ANSWER_CHARS or sample.get("output_json"):
        return None
    block = fenced_block(text) or ""
    return None if _parse_json(text) is not None or _parse_json(block) is not None else block


# --- Reading an answer: the same text in the grader of every use case ---------------------------

MAX_ANSWER_CHARS = 200_000
_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)", re.MULTILINE)
_TAG = re.compile(r'`*[ \t]*[^\s{]*(?:[ \t]*\{(?!\s*["}])[^{}\n]*\})?(?:[ \t]+[^\s{].*)?[ \t]*\n?')


def read_answer(sample: object) -> dict[str, Any] | None:
    """The JSON object that a sample answers with; None: the answer is unreadable.

    The object stands alone in the text, or in its only fenced block, with any tag, any line ends
    and any words around the block. No block, or two, with words around them: unreadable. Keys that
    were not asked for do no harm. sample["output_json"], if there is one, is the answer parsed.
    """
    if not isinstance(sample, dict):
        return None
    answer, text = sample.get("output_json"), sample.get("output_text")
    if answer is None and isinstance(text, str) and len(text) <= MAX_ANSWER_CHARS:
        answer = _parse_json(text)
        if answer is None:
            answer = _parse_json(fenced_block(text) or "")
    return answer if isinstance(answer, dict) else None


def fenced_block(text: str) -> str | None:
    """What stands in the only fenced block of a text; None if it has no block or several."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = _FENCE.split(text)
    if len(parts) < 3:  # a fence may stand within a line
        parts = text.split("```")
    return _TAG.sub("", parts[1], count=1) if len(parts) == 3 else None


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text.strip("\ufeff\u200b\u00a0 \t\r\n\f"))
    except (ValueError, RecursionError):
        return None


# --- End of the reading -------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _report(code: str, entry: str, tests: str) -> TestReport:
    """The sandbox's report; cached, since grade() and explain() ask for it in turn."""
    report = sandbox().grade_tests(code, entry, _wanted(tests), tuple_is_list=True)
    if report.score is None:
        raise OutsideError(report.problem or "The sandbox returned no result; run it again.")
    return report


def _wanted(tests: str) -> list[Test]:
    """The row's tests. Raises KeyError, TypeError or ValueError if they are not valid."""
    wanted = []
    for test in json.loads(tests):
        args, weight, raises = test["args"], float(test["weight"]), test["raises"]
        if not isinstance(args, list) or not isinstance(raises, str | None) or not 0 < weight < 1e6:
            raise ValueError("not a test")
        _check_depth([args, test["expected"]])
        wanted.append(Test(args, test["expected"], raises=raises, weight=weight))
    return wanted


def _check_depth(value: Any, left: int = MAX_DEPTH) -> None:
    """Raise ValueError for a value that is nested more deeply than the sandbox can take."""
    if left == 0:
        raise ValueError("nested too deeply")
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, list | dict):
            _check_depth(inner, left - 1)


@cache
def sandbox() -> Sandbox:
    """A sandbox with one worker, kept for later answers; `rft` runs several graders at once."""
    sandbox = Sandbox.of_project()
    atexit.register(sandbox.close)
    return sandbox
