"""Before a tier is used it must give honest code its answers and withstand quick attacks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rft.sandbox.data import Call, Limits
from rft.sandbox.verdict import equal

if TYPE_CHECKING:
    from rft.sandbox.run import Sandbox

LIMITS = Limits(fuel=300_000_000, timeout_s=20, memory_mb=256)

_HONEST = """
import collections, dataclasses, json, math, re
def text(s): return s[::-1].upper()
def number(n): return math.factorial(n)
def real(x): return math.sqrt(x)
def nested(n): return {"a": [(i, str(i)) for i in range(n)], "b": None}
def binary(data): return bytes(b ^ 255 for b in data)
def pattern(s): return re.findall(r"[0-9]+", s)
def printed():
    line = input()
    print(line * 2)
@dataclasses.dataclass
class Point:
    x: int
    y: "int" = 0
    def sum(self): return self.x + self.y
def objects(x): return Point(x, 2).sum()
"""
CONTROLS = [
    (Call("text", ["abc"]), "CBA"),
    (Call("number", [25]), 15511210043330985984000000),
    (Call("real", [2.25]), 1.5),
    (Call("nested", [2]), {"a": [(0, "0"), (1, "1")], "b": None}),
    (Call("binary", [b"\x00\xff"]), b"\xff\x00"),
    (Call("pattern", ["a1b22"]), ["1", "22"]),
    (Call("printed", stdin="ab\n"), None),
    (Call("objects", [3]), 5),
]


_TRY = "\n    try:\n        {0}\n    except BaseException:\n        return None\n"
ATTACKS = {
    name: f"import os, sys\ndef attack():{_TRY.format(text)}"
    for name, text in {
        "read a file": "return open('/etc/passwd').read() or open('/etc/hostname').read()",
        "list a folder": "return os.listdir('/etc') or os.listdir('/tmp')",
        "write a file": "return open('/tmp/rft-self-test', 'w').write('x')",
        "read the environment": "return dict(os.environ) or None",
        "read another process": "return open(f'/proc/{os.getppid()}/environ', 'rb').read()",
        "connect": "import socket; return str(socket.create_connection(('127.0.0.1', 9), 0.2))",
        "make a socket listen": "import socket; s = socket.socket(); s.bind(('', 0)); return 'on'",
        "start a process": "import subprocess; return str(subprocess.run(['true']))",
        "fork": "return str(os.fork())",
        "signal the parent": "os.kill(os.getppid(), 0); return 'sent'",
        "take much memory": "return len(bytearray(1500 << 20))",
        "loop forever": "[0 for _ in iter(int, 1) if _]",
    }.items()
}
"""What untrusted code must not be able to do -> code whose attack() returns None unless it can."""


def limits(tier: str) -> Limits:
    """The limits of a test; in a native tier CPU seconds are all that ends a loop."""
    return LIMITS if tier.startswith("wasm") else replace(LIMITS, timeout_s=1)


def faults(sandbox: Sandbox) -> list[str]:
    """What is wrong with a sandbox, one phrase each."""
    controls = sandbox.run(_HONEST, [call for call, _ in CONTROLS])
    if controls.outcome == "error":
        return [controls.problem]
    phrases = []
    for (call, expected), answer in zip(CONTROLS, controls.calls, strict=True):
        good = answer.status == "value" and equal(answer.value, expected)
        if call.stdin is not None:
            good = good and answer.stdout == "abab\n"
        if not good:
            phrases.append(f"honest code, {call.entry}: {answer.status} {answer.detail}")
    for name, code in ATTACKS.items():
        result = sandbox.run(code, [Call("attack")])
        if result.outcome == "error":
            phrases.append(f"{name}: {result.problem}")
        elif result.calls[0].status == "value" and result.calls[0].value is not None:
            phrases.append(f"untrusted code can {name}")
    return phrases
