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

import atexit
import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rft import config
from rft.errors import OutsideError
from rft.sandbox import Limits, Sandbox, Test, TestReport

MAX_CODE_CHARS = 50_000
FENCE = re.compile(r"```[ \t]*(?:python|py)?[ \t]*\n(.*?)\n?```", re.DOTALL | re.IGNORECASE)


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """Reward in [0, 1]: weights of the tests passed / all weights. Raises OutsideError only."""
    report = _verdict(sample, item)
    return (report.score or 0.0) if report else 0.0


def explain(sample: dict[str, Any], item: dict[str, Any]) -> dict[str, float]:
    """The figures behind the reward, each in [0, 1].

    form: the answer could be read. loads: the code loads and has the entry point. tests: share of
    the tests passed, each counted once. solved: 1 if all of them are.
    """
    report = _verdict(sample, item)
    if report is None:
        return {"form": 0.0, "loads": 0.0, "tests": 0.0, "solved": 0.0}
    return {
        "form": 1.0,
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
        entry, tests = item["entry"], json.dumps(item["tests"])
        wanted = _wanted(tests)
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return _report(code, entry, tests) if wanted and isinstance(entry, str) else None


def read_code(sample: Any) -> str | None:
    """The Python source of an answer, or None if it does not have an agreed shape.

    Either {"code": "..."}, bare or in a ```json fence, or text with exactly one fenced block of
    Python (```python or ```).
    """
    if not isinstance(sample, dict):
        return None
    text = sample.get("output_text")
    answer = sample.get("output_json")
    if answer is None and isinstance(text, str):
        answer = _json(text)
    if isinstance(answer, dict):
        code = answer.get("code") if set(answer) == {"code"} else None
    elif answer is None and isinstance(text, str):
        blocks = FENCE.findall(text) if len(text) <= 2 * MAX_CODE_CHARS else []
        code = blocks[0] if len(blocks) == 1 else None
    else:
        code = None
    if not isinstance(code, str) or not code.strip() or len(code) > MAX_CODE_CHARS:
        return None
    return code


def _json(text: str) -> Any:
    text = text.strip()
    if text.startswith("```json") and text.endswith("```"):
        text = text[7:-3]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


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
        wanted.append(Test(args, test["expected"], raises=raises, weight=weight))
    return wanted


@cache
def sandbox() -> Sandbox:
    """A sandbox with one worker, kept for later answers; `rft` runs several graders at once."""
    file = Path(config.FILE)  # graders run in the project's folder
    settings = config.load(file).sandbox if file.exists() else config.SandboxSection()
    limits = Limits(settings.fuel, settings.timeout_s, settings.memory_mb)
    sandbox = Sandbox(settings.tier, 1, limits)
    atexit.register(sandbox.close)
    return sandbox
