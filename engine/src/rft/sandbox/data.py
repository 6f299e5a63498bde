"""What goes into the sandbox and what comes out of it: plain data, frozen.

A value is None, bool, int, float, str, bytes, or a list, tuple, set or dict of values. Tests and
expected values never leave the host; a guest sees the code, the probe and the arguments only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal[
    "value",  # the call returned; see `value`
    "raised",  # the call raised; see `error`
    "broken",  # the code itself does not load, or has no such entry; see `error`
    "not_data",  # it returned something that is not plain data, or more than the limit
    "fuel",  # it used up its instructions
    "memory",  # it used up its memory
    "timeout",  # it was stopped by the host's clock, twice, while the sandbox was healthy
    "crashed",  # it ended the interpreter: exit, abort, stack overflow
    "violation",  # it broke the protocol: an answer twice, to no question, or unreadable
    "missing",  # no answer, or not run because earlier calls had ended the interpreter too often
]
Outcome = Literal["ok", "error"]
DEEPEST = 64
"""Levels to which a value may be nested."""
SCRIPT = "__main__"
"""As an entry: run the code as a script, with the call's stdin; the answer is its stdout."""


@dataclass(frozen=True)
class Limits:
    """Of one grading. Beyond them the code fails; the sandbox does not."""

    fuel: int = 1_000_000_000
    """WebAssembly instructions for loading the code, and for each call; tier wasm only.
    10 million rounds of a simple Python loop took 12 billion and 0.9 s."""
    timeout_s: float = 20.0
    """Wall clock for all calls together; in native tiers of the CPU, and more than twice
    that by the wall."""
    memory_mb: int = 512
    result_bytes: int = 1_000_000
    """Of the answer to one call, as JSON."""
    stdout_chars: int = 64_000
    """Of each call; what is beyond is dropped."""
    interruptions: int = 3
    """How often the interpreter is started again after a call ended it, in tier wasm."""


@dataclass(frozen=True)
class Call:
    """One question to the code: call `entry` (a dotted name) with these arguments."""

    entry: str
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    stdin: str | None = None
    id: str = ""
    """Only for the caller's use; answers come in the order of the calls."""
    want_args: bool = False
    """Also bring back the positional arguments as the call left them."""


@dataclass(frozen=True)
class CallResult:
    """What became of one call. `value` and `args` come from the guest: data, of plain types."""

    status: Status
    id: str = ""
    value: Any = None
    error: str | None = None
    """The exception's type name."""
    error_bases: tuple[str, ...] = ()
    """Type names of all its bases, its own included."""
    detail: str = ""
    """For people: the exception's message, or what was wrong. Written by the guest: untrusted."""
    args: list[Any] | None = None
    stdout: str = ""
    fuel: int = 0


@dataclass(frozen=True)
class RunResult:
    """What became of one run. `error`: the sandbox failed, not the code; nothing may be scored."""

    outcome: Outcome
    calls: tuple[CallResult, ...] = ()
    tier: str = ""
    fuel: int = 0
    """Instructions used, of tier wasm; the same for the same code and calls."""
    seconds: float = 0.0
    problem: str = ""
    """One sentence, of outcome "error"."""


@dataclass(frozen=True)
class Test:
    """One test: arguments and what must come of them. It stays in the host.

    `raises`: the name of the exception type that must be raised, or of a base of it.
    `stdout`: what must be printed (compared without trailing blanks); then `expected` is not
    looked at unless `check_value`. `expected_args`: the positional arguments afterwards.
    """

    __test__ = False  # not one of pytest's

    args: list[Any] = field(default_factory=list)
    expected: Any = None
    kwargs: dict[str, Any] = field(default_factory=dict)
    raises: str | None = None
    stdin: str | None = None
    stdout: str | None = None
    check_value: bool | None = None
    expected_args: list[Any] | None = None
    weight: float = 1.0
    name: str = ""
    entry: str | None = None
    """If another than that of the grading."""


@dataclass(frozen=True)
class TestResult:
    """Verdict on one test, made in the host."""

    __test__ = False

    passed: bool
    status: Status
    name: str = ""
    note: str = ""
    """For people: why it failed. May quote the code's words: untrusted text."""
    weight: float = 1.0


@dataclass(frozen=True)
class TestReport:
    """Verdict on the code. `score` is None if the sandbox failed: never 0 for that."""

    __test__ = False

    outcome: Outcome
    score: float | None
    """Sum of the weights of the tests passed / sum of all weights, in [0, 1]."""
    tests: tuple[TestResult, ...] = ()
    tier: str = ""
    fuel: int = 0
    seconds: float = 0.0
    problem: str = ""

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(test.passed for test in self.tests)
