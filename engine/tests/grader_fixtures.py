"""What the tests of running graders share: small graders, and a look at their processes."""

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from rft.graders import Grader, parse_spec

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
RUNTIME, SERVER = "python_grader_runtime_error", "python_grader_server_error"
ITEM = {"id": "1", "gold": "a"}


def body(*lines, explain=""):
    """A grader whose grade() has these lines; `explain` is the expression explain() returns."""
    text = "import json, os, sys, time\ndef grade(sample, item):\n"
    text += "".join(f"    {line}\n" for line in lines)
    return text + (f"def explain(sample, item):\n    return {explain}\n" if explain else "")


def python(source):
    return {"type": "python", "name": "p", "source": source}


def local(source):
    return {"type": "local", "name": "l", "source": source}


def multi(formula, **graders):
    return {"type": "multi", "name": "m", "graders": graders, "calculate_output": formula}


@pytest.fixture
def start(tmp_path):
    """Makes graders from JSON, or from a python grader's source, and closes them afterwards."""
    with ExitStack() as stack:

        def make(data, **options):
            options = {"workers": 1, "timeout_s": 60, "root": tmp_path, **options}
            spec = parse_spec(python(data) if isinstance(data, str) else data)
            return stack.enter_context(Grader(spec, **options))

        yield make


@pytest.fixture
def grade(start):
    """One grading of an answer's text by a fresh grader."""

    def run(data, text="a", **options):
        return start(data, **options).grade({"output_text": text, "choices": []}, ITEM)

    return run


def answer(grader, text):
    return grader.grade({"output_text": text, "choices": []}, ITEM)


def alive(pid):
    try:
        os.kill(pid, 0)
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except ProcessLookupError:
        return False
    except OSError:
        return not sys.platform.startswith("linux")


def ends(pid):
    """Whether the process ends within ten seconds."""
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


HALF, FULL = python(body("return 0.5", explain="{'f1': 0.25}")), python(body("return 1"))
SAME = {
    "type": "string_check",
    "name": "s",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.gold}}",
}
