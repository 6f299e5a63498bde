"""Compare the cost of sampling and grading: `rft eval`, a bare loop, Inspect and promptfoo.

A loopback server in a separate process answers every request after 50 ms. All harnesses sample
one answer to each of the same rows and compare it with the reference; the bare loop only samples
(`asyncio.gather` over AsyncOpenAI with a semaphore: no grading, no log, no resume). Runs are
interleaved. The tables give medians, each beside its ratio to the bare loop: wall-clock time,
user + system time of all processes, and the peak resident memory of all processes together.

Inspect and promptfoo are installed once, in separate environments in the user's cache folder;
if that fails, a line of the output says so.

    python benchmarks/rollouts.py [--runs 5] [--sizes 500 4000 20000] [--no-peers]
"""

from __future__ import annotations

import argparse
import glob
import importlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

ENGINE = Path(__file__).resolve().parents[1] / "engine"
DELAY_S = 0.05
ANSWER = json.dumps({"backwards": "x"})
LOOK_S = 0.05
"""Seconds between two readings of the memory."""
PEERS_UP_TO = 4_000
"""Rows; with more, the other harnesses would take many minutes."""

SERVER = f"""
import asyncio, json
BODY = json.dumps({{"id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{{"index": 0, "finish_reason": "stop", "message": {{"role": "assistant",
    "content": {ANSWER!r}}}}}],
    "usage": {{"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}}}}).encode()
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
REPLY = HEAD % len(BODY) + BODY
class Answers(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.unread = transport, b""
    def data_received(self, data):
        self.unread += data
        while (end := self.unread.find(b"\\r\\n\\r\\n")) >= 0:
            headers = self.unread[:end].lower()
            start = headers.find(b"content-length:")
            size = int(headers[start + 15:].split(b"\\r\\n")[0]) if start >= 0 else 0
            if len(self.unread) < end + 4 + size:
                return
            wait = {DELAY_S} if headers.startswith(b"post") else 0
            self.unread = self.unread[end + 4 + size:]
            asyncio.get_running_loop().call_later(wait, self.transport.write, REPLY)
async def main():
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

BARE = """
import asyncio, sys, openai
url, rows, in_flight, kind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
async def main():
    gate = asyncio.Semaphore(in_flight)
    http = openai.DefaultAioHttpClient() if kind == "aiohttp" else openai.DefaultAsyncHttpxClient()
    async with openai.AsyncOpenAI(base_url=url, api_key="k", http_client=http) as client:
        async def one(n):
            async with gate:
                messages = [{"role": "user", "content": f"word{n}"}]
                await client.chat.completions.create(model="m", messages=messages)
        await asyncio.gather(*(one(n) for n in range(rows)))
asyncio.run(main())
"""

INSPECT = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import match
from inspect_ai.solver import generate
@task
def words(rows: int):
    samples = [Sample(input=f"word{n}", target=f"word{n}"[::-1]) for n in range(rows)]
    return Task(dataset=samples, solver=generate(), scorer=match())
"""


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Case:
    """One command to measure, with its folder and extra environment variables."""

    command: Sequence[str]
    folder: Path
    env: dict[str, str]
    codes: Sequence[int] = (0,)
    """Exit codes of a command that did its work."""


def measure(case: Case) -> Cost:
    """Run a command; end the program if it fails."""
    before, begun = _cpu_of_children(), time.perf_counter()
    process = subprocess.Popen(
        case.command,
        cwd=case.folder,
        env=os.environ | case.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peak = Peak(process.pid)
    _, error = process.communicate()
    wall = time.perf_counter() - begun
    memory = peak.end()
    if process.returncode not in case.codes:
        sys.exit(f"{' '.join(case.command)[:200]} failed:\n{error.decode()[-2000:]}")
    return Cost(wall, _cpu_of_children() - before, memory)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Peak:
    """Watches the resident memory of a process and its descendants; needs Linux."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._over = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def end(self) -> float:
        """Stop watching; return the peak in MB."""
        self._over.set()
        self._thread.join()
        return self._most / 1000

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self._most = max(self._most, sum(map(_kilobytes, _tree(str(self._pid)))))


def _tree(pid: str) -> Iterator[str]:
    """A process and its descendants."""
    yield pid
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with suppress(OSError):  # it has just ended
            for child in Path(path).read_text(encoding="ascii").split():
                yield from _tree(child)


def _kilobytes(pid: str) -> int:
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return 0


@contextmanager
def served() -> Iterator[str]:
    """Run the server while the block runs; give its address."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        finally:
            server.kill()


def project(folder: Path, url: str, rows: int, in_flight: int) -> Path:
    """Make the engine tests' toy project with this many rows, using the server."""
    sys.path.insert(0, str(ENGINE))
    toy = importlib.import_module("tests.toy")
    root: Path = toy.make_project(folder / f"toy{rows}", base_url=url)
    toml = root / "rft.toml"
    settings = toml.read_text().replace("samples_per_item = 2", "samples_per_item = 1")
    toml.write_text(settings.replace("concurrency = 2", f"concurrency = {in_flight}"))
    lines = [json.dumps(toy.row(f"word{n}")) + "\n" for n in range(rows)]
    (root / "task/data/validation.jsonl").write_text("".join(lines))
    return root


def ours(folder: Path, url: str, rows: int, in_flight: int) -> dict[str, Case]:
    """The bare loop over both of the SDK's HTTP clients, and this engine."""
    root = project(folder, url, rows, in_flight)
    quiet = {"PYTHONDONTWRITEBYTECODE": "1"}
    bare = [sys.executable, "-c", BARE, url, str(rows), str(in_flight)]
    return {
        "bare loop, the SDK's default client": Case([*bare, "default"], folder, quiet),
        "bare loop, the SDK's aiohttp client": Case([*bare, "aiohttp"], folder, quiet),
        "rft eval (graded, stored, resumable)": Case(
            [sys.executable, "-m", "rft", "eval", "--new"], root, quiet
        ),
    }


def inspect(folder: Path, url: str, rows: int, in_flight: int) -> Case:
    """Inspect on the same rows. Installs it if missing."""
    home = platformdirs.user_cache_path("rft-benchmarks") / "inspect"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (home / "done").exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        _install([str(python), "-m", "pip", "install", "-q", "inspect-ai", "openai"])
        (home / "done").touch()
    (folder / "words.py").write_text(INSPECT)
    options = ["--max-connections", str(in_flight), "--max-samples", str(in_flight)]
    command = [str(python.with_name("inspect")), "eval", "words.py", "-T", f"rows={rows}"]
    command += ["--model", "openai-api/bench/m", "--display", "none", *options]
    return Case(command, folder, {"BENCH_BASE_URL": url, "BENCH_API_KEY": "k"})


def promptfoo(folder: Path, url: str, rows: int, in_flight: int) -> Case:
    """promptfoo on the same rows. Installs it if missing."""
    home = platformdirs.user_cache_path("rft-benchmarks") / "promptfoo"
    program = home / "node_modules/.bin/promptfoo"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm") or "npm"
        _install([npm, "install", "--silent", "--no-audit", "--prefix", str(home), "promptfoo"])
    check = {"type": "equals", "value": "{{gold}}"}
    config = {
        "prompts": ["{{word}}"],
        "providers": [{"id": "openai:chat:m", "config": {"apiBaseUrl": url, "apiKey": "k"}}],
        "tests": [
            {"vars": {"word": f"word{n}", "gold": f"word{n}"[::-1]}, "assert": [check]}
            for n in range(rows)
        ],
    }
    (folder / f"promptfoo{rows}.json").write_text(json.dumps(config))
    command = [str(program), "eval", "-c", f"promptfoo{rows}.json", "-j", str(in_flight)]
    command += ["--no-cache", "--no-progress-bar", "--no-table", "--no-write"]
    # Its log files at times make it crash as it ends.
    without = dict.fromkeys(("TELEMETRY", "UPDATE", "DEBUG_LOG", "ERROR_LOG"), "1")
    env = {f"PROMPTFOO_DISABLE_{name}": value for name, value in without.items()}
    # Its exit code would report wrong answers; here all answers are wrong.
    return Case(command, folder, {**env, "PROMPTFOO_FAILED_TEST_EXIT_CODE": "0"})


def _install(command: Sequence[str]) -> None:
    """Raises RuntimeError with the end of the installer's output if it fails."""
    try:
        env = os.environ | {"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"}  # promptfoo's, 150 MB
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800, env=env)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(str(error)) from None
    if done.returncode:
        raise RuntimeError(" ".join(done.stderr.split())[-200:])


def peers(folder: Path, url: str, rows: int, in_flight: int) -> dict[str, Case]:
    """The other harnesses that can be installed here."""
    make: dict[str, Callable[[Path, str, int, int], Case]] = {
        "Inspect": inspect,
        "promptfoo": promptfoo,
    }
    cases = {}
    for name, case in make.items():
        try:
            cases[name] = case(folder, url, rows, in_flight)
        except RuntimeError as error:
            print(f"{name} is left out: it cannot be installed here ({error})\n")
    return cases


def table(costs: dict[str, list[Cost]]) -> Iterator[str]:
    """Medians in Markdown, each with its ratio to the first row."""
    yield "| harness | wall s | ratio | CPU s | ratio | peak MB | ratio |"
    yield "|---|---|---|---|---|---|---|"
    first: list[float] = []
    for name, found in costs.items():
        figures = [
            statistics.median(getattr(cost, field) for cost in found)
            for field in ("wall_s", "cpu_s", "peak_mb")
        ]
        first = first or figures
        cells = (f"{x:.2f} | {x / base:.2f}" for x, base in zip(figures, first, strict=True))
        yield f"| {name} | {' | '.join(cells)} |"


def main(runs: int, sizes: Sequence[int], with_peers: bool) -> None:
    """Measure and print a table for each size."""
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as scratch, served() as url:
        for rows in sizes:
            in_flight = 50 if rows <= 500 else 200
            folder = Path(scratch)
            cases = ours(folder, url, rows, in_flight)
            if with_peers and rows <= PEERS_UP_TO:
                cases |= peers(folder, url, rows, in_flight)
            costs: dict[str, list[Cost]] = {name: [] for name in cases}
            for _ in range(runs):
                for name, case in cases.items():
                    costs[name].append(measure(case))
            print(f"{rows:,} answers, {in_flight} in flight, {runs} runs\n")
            print("\n".join(table(costs)) + "\n", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 4000, 20000])
    parser.add_argument("--no-peers", action="store_true")
    given = parser.parse_args()
    main(given.runs, given.sizes, not given.no_peers)
