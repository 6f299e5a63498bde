"""The sandbox as callers see it: a tier, its processes, and three outcomes."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from rft.sandbox import tiers, verdict
from rft.sandbox.data import (
    Call,
    CallResult,
    Limits,
    RunResult,
    Status,
    Test,
    TestReport,
)
from rft.sandbox.process import Exchange, NotReady, Process, native, wasm_worker
from rft.sandbox.protocol import Answers, request

if TYPE_CHECKING:
    from rft.config import SandboxSection

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
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._alive: set[Process] = set()
        # Last in, first out: a single thread stays on one warm worker.
        self._slots: queue.LifoQueue[Process | None] = queue.LifoQueue()
        self.workers = max(1, workers)
        for _ in range(self.workers):
            self._slots.put(None)
        if self_test:
            from rft.sandbox.selftest import require

            require(self._plan)

    @classmethod
    def configured(cls, section: SandboxSection) -> Sandbox:
        """The sandbox of rft.toml's [sandbox]."""
        limits = Limits(section.fuel, section.timeout_s, section.memory_mb)
        return cls(section.tier, section.workers, limits)

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
        """End all processes. Runs under way end with outcome "error"."""
        self._closed.set()
        with self._lock:
            alive = list(self._alive)
        for process in alive:
            process.kill()
        taken = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self._slots.get_nowait())
        for process_or_none in taken:
            if process_or_none:
                self._end(process_or_none)
            self._slots.put(None)  # whoever waits for a turn learns that it is over

    def run(self, code: str, calls: Sequence[Call], *, probe: str = "") -> RunResult:
        """Load `code`, then `probe` (trusted text that sees the code's names), then make the calls.

        A call's entry is looked up in the probe first, then in the code. All calls are made in one
        interpreter, in order; nothing lives on to the next run. A call that ends the interpreter is
        "crashed", "fuel" or "timeout"; the next ones are made in a new one (tier wasm) or are
        "missing" (native tiers).
        """
        started = time.perf_counter()
        if not calls:
            return RunResult("ok", (), self.tier)
        try:
            code.encode()
            wanted = request(code, calls, probe, self.limits)
        except UnicodeEncodeError:
            broken = "the code holds half of a surrogate pair"
            told = [CallResult("broken", c.id, error="SyntaxError", detail=broken) for c in calls]
            return RunResult("ok", tuple(told), self.tier)
        with self._slot() as slot:
            try:
                answers, exchange = slot.ask(wanted, calls, self.limits)
                if exchange.unclear:
                    # Ours or the code's fault? Once more, then see whether the sandbox is well.
                    answers, exchange = slot.ask(wanted, calls, self.limits)
                if exchange.unclear:
                    slot.control(self.limits)
            except NotReady as problem:
                return self._failed(f"The sandbox failed: {problem}.", started)
        if self._closed.is_set() and exchange.unclear:
            return self._failed("The sandbox was closed.", started)
        results = _complete(answers, calls, exchange)
        seconds = time.perf_counter() - started
        return RunResult("ok", results, slot.tier, answers.fuel, seconds)

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

    @contextlib.contextmanager
    def _slot(self) -> Iterator[_Slot]:
        slot = _Slot(self, self._slots.get())
        if self._closed.is_set():
            self._slots.put(slot.process)
            raise RuntimeError("this sandbox is closed")
        try:
            yield slot
        except BaseException:
            slot.drop()  # an interrupted exchange: its answers must not reach the next run
            raise
        finally:
            self._slots.put(slot.process)
            if self._closed.is_set():
                self.close()

    def _start(self) -> Process:
        if self._closed.is_set():
            raise NotReady("it was closed")
        if self._plan.guest is None:
            process = native(self.limits, self._plan.wrapper)
            process.tier = self.tier
        else:
            process, locked = wasm_worker(self._plan.guest, self.limits, self._plan.lock)
            process.tier = "wasm+lock" if locked else "wasm"
        with self._lock:
            self._alive.add(process)
        return process

    def _end(self, process: Process) -> None:
        process.end()
        with self._lock:
            self._alive.discard(process)


class _Slot:
    """One worker's turn: its process is started when needed and kept for the next run if it can."""

    def __init__(self, sandbox: Sandbox, process: Process | None) -> None:
        self._sandbox = sandbox
        self.process = process
        self.tier = sandbox.tier

    def ask(
        self, wanted: dict[str, object], calls: Sequence[Call], limits: Limits
    ) -> tuple[Answers, Exchange]:
        answers = Answers(calls, limits)
        if self.process is None:
            self.process = self._sandbox._start()
        self.tier = self.process.tier
        native_tier = self._sandbox._plan.guest is None
        if native_tier:
            exchange = self._native(wanted, calls, answers, limits)
        else:
            exchange = self.process.exchange(wanted, answers, limits)
        if exchange.unclear or native_tier:
            self.drop()
        return answers, exchange

    def _native(
        self,
        wanted: dict[str, object],
        calls: Sequence[Call],
        answers: Answers,
        limits: Limits,
    ) -> Exchange:
        assert self.process
        self.process.send(wanted)
        self.process.ready()
        # The limit is on CPU seconds; the host's clock waits longer and stops what only waits.
        patient = replace(limits, timeout_s=2 * limits.timeout_s + 5)
        exchange = self.process.exchange(None, answers, patient)
        # Ending its own process is the code's doing here: the process was ready before.
        return exchange if exchange.end == "late" else replace(exchange, own_doing=True)

    def control(self, limits: Limits) -> None:
        """Code known to be good must give its answer; raises NotReady if it does not."""
        wanted = request(_CONTROL, [_CONTROL_CALL], "", limits)
        answers, exchange = self.ask(wanted, [_CONTROL_CALL], limits)
        if exchange.unclear or answers.found[0].value != [7, "well"]:
            raise NotReady("code known to be good did not come through either")

    def drop(self) -> None:
        """End the process; the next run starts another."""
        if self.process:
            self._sandbox._end(self.process)
            self.process = None


def _complete(
    answers: Answers, calls: Sequence[Call], exchange: Exchange
) -> tuple[CallResult, ...]:
    """All calls' results: the first without an answer is the one that ended the interpreter."""
    results = []
    blamed = exchange.end == "done"
    for index, call in enumerate(calls):
        found = answers.found.get(index)
        if found is None and not blamed:
            status: Status = "timeout" if exchange.end in ("late", "cpu") else "crashed"
            found = CallResult(status, call.id, detail=exchange.note)
            blamed = True
        results.append(found or CallResult("missing", call.id, detail="earlier calls ended it"))
    return tuple(results)
