"""Run untrusted code: it returns answers, and the verdicts are made here (docs/sandbox.md).

with Sandbox() as sandbox:                       # thread-safe; keep one for a whole run
    report = sandbox.grade_tests(code, "crc8", [Test([b"abc"], 0x5F), Test([b""], 0)])
report.score                                     # None: the sandbox failed, do not score
"""

from rft.sandbox.data import (
    SCRIPT,
    Call,
    CallResult,
    Limits,
    RunResult,
    Test,
    TestReport,
    TestResult,
)
from rft.sandbox.protocol import NotDataError
from rft.sandbox.run import Sandbox, self_test
from rft.sandbox.verdict import equal

__all__ = [
    "SCRIPT",
    "Call",
    "CallResult",
    "Limits",
    "NotDataError",
    "RunResult",
    "Sandbox",
    "Test",
    "TestReport",
    "TestResult",
    "equal",
    "self_test",
]
