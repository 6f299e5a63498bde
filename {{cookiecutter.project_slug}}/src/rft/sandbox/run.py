"""The sandbox as callers see it."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rft.sandbox import verdict
from rft.sandbox.data import Call, Limits, RunResult, Test, TestReport


class Sandbox:
    """Runs code in the tier asked for, on `workers` processes; thread-safe; a context manager.

    `tier`: "auto" (wasm), "wasm", "native" (landlock, else bwrap), "landlock" or "bwrap".
    Raises UserError when that tier cannot be used on this machine: it never takes a weaker one.
    """

    def __init__(self, tier: str = "auto", workers: int = 2, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.tier = tier
        self.workers = workers

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""

    def run(self, code: str, calls: Sequence[Call], *, probe: str = "") -> RunResult:
        """Load `code`, then `probe` (trusted text that sees the code's names), then make the calls.

        A call's entry is looked up in the probe first, then in the code.
        """
        raise NotImplementedError

    def grade_tests(
        self,
        code: str,
        entry: str,
        tests: Sequence[Test],
        *,
        probe: str = "",
        tuple_is_list: bool = False,
        rel_tol: float = 1e-9,
        abs_tol: float = 1e-12,
    ) -> TestReport:
        """Run the tests and compare in this process, type-exactly (see `equal`)."""
        calls = verdict.questions(entry, tests)
        run = self.run(code, calls, probe=probe)
        return verdict.report(
            run, tests, tuple_is_list=tuple_is_list, rel_tol=rel_tol, abs_tol=abs_tol
        )
