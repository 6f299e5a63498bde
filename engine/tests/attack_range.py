"""The range on which tiers are attacked: the files in attacks/, and who judges success."""

from __future__ import annotations

import ast
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rft.sandbox import Call, Limits, Sandbox, Test

FOLDER = Path(__file__).with_name("attacks")
LIMITS = Limits(fuel=2_000_000_000, timeout_s=2, memory_mb=256)
CLASSES = ("forge", "files", "network", "environment", "parent", "exhaust", "persist")
HIDDEN = [Test([x], x * x + 17) for x in (1, 2, 3, 10**6)] + [Test([5], 1)]
SECRET = "swordfish-7319"
PATIENCE = 2 * (2 * LIMITS.timeout_s + 5) + 12
"""Seconds: two tries with the host's clock of native tiers, a control, and starting workers."""


@dataclass(frozen=True)
class Attack:
    """One block of a file."""

    kind: str
    name: str
    code: str


def load(kind: str) -> list[Attack]:
    """All attacks of a class, in the file's order."""
    blocks = (FOLDER / f"{kind}.txt").read_text("utf-8").split("\n--- ")[1:]
    return [Attack(kind, head, code) for head, _, code in (b.partition("\n") for b in blocks)]


class Range:
    """A canary file, a listening server, a secret in the environment, and a place for markers."""

    def __init__(self, folder: Path, port: int) -> None:
        self.canary = folder / "canary.txt"
        self.canary.write_text(SECRET, encoding="utf-8")
        self.marker = folder / "marker"
        self.port = port
        self.visitors = 0

    def aimed(self, attack: Attack) -> str:
        """The attack's code, with the targets of this range filled in."""
        targets = {"CANARY": self.canary, "MARKER": self.marker, "PORT": self.port}
        code = attack.code
        for name, value in (targets | {"PID": os.getpid()}).items():
            code = code.replace(f"@{name}@", str(value))
        return code

    def hit(self) -> str:
        """What was done to this machine, if anything."""
        if self.marker.exists():
            return "a file was made"
        if not self.canary.exists() or self.canary.read_text("utf-8") != SECRET:
            return "a file was changed"
        return "a connection came in" if self.visitors else ""

    def attempt(self, sandbox: Sandbox, attack: Attack) -> str:
        """Make the attack; how it succeeded, or nothing."""
        started = time.monotonic()
        how = self._attempt(sandbox, self.aimed(attack), attack.kind)
        if attack.kind == "exhaust":
            how = how or _aftermath(sandbox)
            late = time.monotonic() - started > PATIENCE
            how = how or ("it took too long" if late else "")
        return how or self.hit()

    def _attempt(self, sandbox: Sandbox, code: str, kind: str) -> str:
        if kind == "forge":
            report = sandbox.grade_tests(code, "solve", HIDDEN)
            return report.problem if report.outcome == "error" else "*" * report.passed
        run = sandbox.run(code, [Call("attack")])
        if run.outcome == "error":
            return run.problem
        answer = run.calls[0]
        if SECRET in f"{answer}":
            return "the secret came out"
        if kind == "exhaust":
            return ""
        if kind == "persist":
            for _ in range(3):
                seen = sandbox.run(code, [Call("look")])
                if seen.outcome == "error" or seen.calls[0].value is not None:
                    return f"still there: {seen}"
            return ""
        got = answer.status == "value" and answer.value is not None
        return f"returned {answer.value!r:.200}" if got else ""


def _aftermath(sandbox: Sandbox) -> str:
    after = sandbox.run("def well(): return 7", [Call("well")])
    well = after.outcome == "ok" and after.calls[0].value == 7
    return "" if well else f"the next grading suffers: {after}"


@contextmanager
def open_range(folder: Path) -> Iterator[Range]:
    """A range in `folder`, with its server running and its secret set."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = Range(folder, server.getsockname()[1])

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                place.visitors += 1
                connection.close()

        os.environ["RFT_ATTACK_SECRET"] = SECRET
        threading.Thread(target=listen, daemon=True).start()
        try:
            yield place
        finally:
            os.environ.pop("RFT_ATTACK_SECRET", None)


def controls() -> list[tuple[str, str, object]]:
    """Honest programs: name, code, what solve() must return."""
    found = []
    for control in load("control"):
        name, _, expected = control.name.rpartition(" | ")
        found.append((name, control.code, ast.literal_eval(expected)))
    return found
