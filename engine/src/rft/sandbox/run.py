"""The sandbox as callers see it: a tier, its processes, and three outcomes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from rft import config
from rft.errors import OutsideError
from rft.sandbox import selftest, tiers, verdict
from rft.sandbox.data import Call, CallResult, Limits, RunResult, Status, Test, TestReport
from rft.sandbox.process import (
    Exchange,
    NotReady,
    exchange,
    native,
    send,
    wait_until_ready,
    wasm_worker,
)
from rft.sandbox.protocol import Answers, request
from rft.workers import Pool, Turn, Worker

_CONTROL = "def control(n):\n    return [n, 'well']\n"
_CONTROL_CALL = Call("control", [7])


class Sandbox:
    """Runs code in one tier, on up to `workers` processes; thread-safe; a context manager.

    `tier`: "auto" (wasm), "wasm", "wasm+lock", "native" (landlock, else bwrap), "landlock" or
    "bwrap". A tier is tested, once per process, before it is used.
    Raises UserError when it cannot be used on this machine: a weaker one is never taken instead.
    """

    def __init__(
        self,
        tier: str = "auto",
        workers: int = 2,
        limits: Limits | None = None,
        *,
        self_test: bool = True,
    ) -> None:
        self.limits = limits or Limits()
        self._plan = tiers.choose(tier)
        self.tier = self._plan.name
        self._locked_tier = self.tier
        self.workers = max(1, workers)
        self.processes = Pool(self.workers, self._start, name="sandbox")
        if self_test:
            _require(self.tier)

    @classmethod
    def configured(cls, section: config.SandboxSection) -> Sandbox:
        """The sandbox of rft.toml's [sandbox]."""
        limits = Limits(section.fuel, section.timeout_s, section.memory_mb)
        return cls(section.tier, section.workers, limits)

    @classmethod
    def of_project(cls) -> Sandbox:
        """The sandbox that the project's settings describe, with one worker: for task code.

        The settings file is the one that the engine works with (`rft --settings`), else rft.toml
        in the working folder; without one the defaults are in force. Raises UserError.
        """
        file = Path(os.environ.get(config.SETTINGS_VARIABLE, config.FILE))
        section = config.load(file).sandbox if file.exists() else config.SandboxSection()
        return cls.configured(section.model_copy(update={"workers": 1}))

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes. Runs under way end with outcome "error"."""
        self.processes.close()

    def run(self, code: str, calls: Sequence[Call], *, probe: str = "") -> RunResult:
        """Load `code`, then `probe` (trusted text that sees the code's names), then make the calls.

        A call's entry is looked up in the probe first, then in the code. All calls are made in one
        interpreter, in order; nothing lives on to the next run. A call that ends the interpreter is
        "crashed", "fuel" or "timeout"; the next ones are made in a new one (tier wasm) or are
        "missing" (native tiers). Raises NotDataError when an argument is not plain data.
        """
        started = time.perf_counter()
        if not calls:
            return RunResult("ok", (), self.tier)
        try:
            code.encode()
        except UnicodeEncodeError:
            detail = "the code holds half of a surrogate pair"
            broken = [CallResult("broken", c.id, error="SyntaxError", detail=detail) for c in calls]
            return RunResult("ok", tuple(broken), self.tier)
        wanted = request(code, calls, probe, self.limits)
        with self.processes.turn() as turn:
            try:
                answers, end = self._ask(turn, wanted, calls)
                if end.unclear:
                    # Ours or the code's fault? Once more, then see whether the sandbox is well.
                    answers, end = self._ask(turn, wanted, calls)
                if end.unclear:
                    self._control(turn)
            except NotReady as problem:
                return self._failed(f"The sandbox failed: {problem}.", started)
        if self.processes.closed and end.unclear:
            return self._failed("The sandbox was closed.", started)
        results = _complete(answers, calls, end)
        seconds = time.perf_counter() - started
        return RunResult("ok", results, self._locked_tier, answers.fuel, seconds)

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

    def _failed(self, sentence: str, started: float) -> RunResult:
        seconds = time.perf_counter() - started
        return RunResult("error", (), self.tier, 0, seconds, sentence)

    def _start(self) -> Worker:
        if self._plan.guest is None:
            return native(self.processes, self.limits, self._plan.wrapper)
        worker, locked = wasm_worker(self.processes, self._plan.guest, self.limits, self._plan.lock)
        self._locked_tier = "wasm+lock" if locked else "wasm"
        return worker

    def _ask(
        self, turn: Turn, wanted: dict[str, object], calls: Sequence[Call]
    ) -> tuple[Answers, Exchange]:
        """One try: the answers that came in, and how the exchange ended. Raises NotReady."""
        answers = Answers(calls, self.limits)
        worker = turn.worker()
        if self._plan.guest is not None:
            end = exchange(worker, wanted, answers, self.limits)
            if end.unclear:
                turn.drop()
            return answers, end
        try:
            send(worker, wanted)
            wait_until_ready(worker)
            # The limit is on CPU seconds; the host's clock waits longer and stops what only waits.
            patient = replace(self.limits, timeout_s=2 * self.limits.timeout_s + 5)
            end = exchange(worker, None, answers, patient)
        finally:
            turn.drop()  # a native process is for one grading
        # Ending its own process is the code's doing here: the process was ready before.
        return answers, end if end.end == "late" else replace(end, code_ended_it=True)

    def _control(self, turn: Turn) -> None:
        """Code known to be good must give its answer; raises NotReady if it does not."""
        wanted = request(_CONTROL, [_CONTROL_CALL], "", self.limits)
        answers, end = self._ask(turn, wanted, [_CONTROL_CALL])
        if end.unclear or answers.results[0].value != [7, "well"]:
            raise NotReady("code known to be good did not come through either")


def self_test(tier: str) -> tuple[list[str], float]:
    """The faults of a tier, one phrase each, and the seconds that looking for them took."""
    started = time.perf_counter()
    with Sandbox(tier, 1, selftest.limits(tier), self_test=False) as sandbox:
        return selftest.faults(sandbox), time.perf_counter() - started


@cache  # once per process; a failure is looked at again
def _require(tier: str) -> None:
    """Test the tier. Raises OutsideError if it fails."""
    faults, _ = self_test(tier)
    if faults:
        raise OutsideError(
            f"Untrusted code is not run: sandbox tier '{tier}' failed its self-test "
            f"({'; '.join(faults)}); run `rft doctor` and take another tier."
        )


def _complete(answers: Answers, calls: Sequence[Call], end: Exchange) -> tuple[CallResult, ...]:
    """All calls' results: the first without an answer is the one that ended the interpreter."""
    results = []
    blamed = end.end == "done"
    for index, call in enumerate(calls):
        result = answers.results.get(index)
        if result is None and not blamed:
            status: Status = "timeout" if end.end in ("late", "cpu") else "crashed"
            result = CallResult(status, call.id, detail=end.note)
            blamed = True
        results.append(result or CallResult("missing", call.id, detail="earlier calls ended it"))
    return tuple(results)
