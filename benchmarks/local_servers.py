"""Compare ways to serve the embedded model: a thread per server, or all threads in one server.

Four prompts of about 300 tokens are read, then two answers of 32 tokens are written to each, as an
eval with two answers per row does; reading and writing are timed separately. Each plan runs on an
idle machine and beside as many busy programs as there are cores.

    python benchmarks/local_servers.py [SECONDS]

SECONDS: the longest that one plan may take (180).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import httpx2

from rft.config import EMBEDDED_MODEL
from rft.local.model import gguf_path
from rft.local.server import ServerPlan, serve_plan
from rft.workers import cores

ROWS, ANSWERS, WRITTEN = 4, 2, 32
FIGURES = "The quick brown fox number {} jumps over the lazy dog number {} near the river. "
PROMPTS = [
    "".join(FIGURES.format(row * 100 + n, row * 7 + n) for n in range(16)) for row in range(ROWS)
]
PLANS = {
    "a server per core, 1 thread, 1 slot": ServerPlan(cores(), 1, 1),
    "a server per core, 1 thread, 4 slots": ServerPlan(cores(), 1, 4),
    "one server, 1 thread, 1 slot": ServerPlan(1, 1, 1),
    f"one server, {cores()} threads, 1 slot": ServerPlan(1, cores(), 1),
    f"one server, {cores()} threads, 8 slots": ServerPlan(1, cores(), 8),
}


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Run this many busy programs while the block runs."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def timed(plan: ServerPlan, limit_s: float) -> str:
    """Time reading and writing with a plan; return the cells of its table row."""
    with serve_plan(
        gguf_path(EMBEDDED_MODEL, Path()), EMBEDDED_MODEL, plan, context_tokens=1024
    ) as urls:
        deadline = time.monotonic() + limit_s

        def ask(row: int, tokens: int, seed: int) -> dict[str, Any]:
            body = {
                "model": EMBEDDED_MODEL,
                "messages": [{"role": "user", "content": PROMPTS[row]}],
                "max_tokens": tokens,
                "seed": seed,
                "ignore_eos": True,
            }
            left = max(0.1, deadline - time.monotonic())
            url = f"{urls[row % len(urls)]}/chat/completions"
            usage: dict[str, Any] = httpx2.post(
                url, json=body, timeout=left, trust_env=False
            ).json()["usage"]
            return usage

        def all_rows(tokens: int, answers: int) -> tuple[float, int]:
            begun = time.monotonic()
            with ThreadPoolExecutor(max(1, plan.parallel)) as pool:
                asked = [
                    pool.submit(ask, row, tokens, k) for k in range(answers) for row in range(ROWS)
                ]
                count = sum(
                    one.result()["prompt_tokens" if tokens == 1 else "completion_tokens"]
                    for one in asked
                )
            return time.monotonic() - begun, count

        try:
            read_s, read = all_rows(1, 1)
            write_s, written = all_rows(WRITTEN, ANSWERS)
        except httpx2.TimeoutException:
            return f"- | - | not done in {limit_s:.0f}"
    return f"{read / read_s:.0f} | {written / write_s:.0f} | {read_s + write_s:.0f}"


def main(limit_s: float) -> None:
    """Measure every plan and print a table."""
    print(f"{ROWS} prompts, {ANSWERS} answers of {WRITTEN} tokens to each, {cores()} cores\n")
    print("| other programs | how it is served | read, tokens/s | written, tokens/s | s in all |")
    print("|---|---|---|---|---|", flush=True)
    for loops, (name, plan) in product((0, cores()), PLANS.items()):
        with busy(loops):
            print(f"| {loops} | {name} | {timed(plan, limit_s)} |", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 180)
