"""How much `rft eval` costs beside the bare loop over the same SDK, on a slow endpoint.

A loopback server in a process of its own answers every request after 50 ms; 500 answers are drawn
with 50 requests in flight, so that no harness can be faster than 0.5 s. The bare loop is
`asyncio.gather` over AsyncOpenAI with a semaphore: no grading, no log, no resume. Runs are
interleaved; the table gives the median of each in ratio to the bare loop.

    python benchmarks/rollouts.py [RUNS]
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENGINE = Path(__file__).resolve().parents[1] / "engine"
ROWS, IN_FLIGHT, DELAY_S = 500, 50, 0.05

SERVER = f"""
import asyncio, json
BODY = json.dumps({{"id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{{"index": 0, "finish_reason": "stop", "message": {{"role": "assistant",
    "content": '{{"backwards": "x"}}'}}}}],
    "usage": {{"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}}}}).encode()
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
async def serve(reader, writer):
    try:
        while line := await reader.readline():
            size = 0
            while (header := await reader.readline()) not in (b"\\r\\n", b""):
                if header.lower().startswith(b"content-length:"):
                    size = int(header.split(b":")[1])
            await reader.readexactly(size)
            if line.startswith(b"POST"):
                await asyncio.sleep({DELAY_S})
            writer.write(HEAD % len(BODY) + BODY)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

BARE = f"""
import asyncio, sys, openai
async def main():
    gate = asyncio.Semaphore({IN_FLIGHT})
    async with openai.AsyncOpenAI(base_url=sys.argv[1], api_key="k") as client:
        async def one(n):
            async with gate:
                messages = [{{"role": "user", "content": f"row {{n}}"}}]
                await client.chat.completions.create(model="m", messages=messages)
        await asyncio.gather(*(one(n) for n in range({ROWS})))
asyncio.run(main())
"""


def project(folder: Path, url: str) -> Path:
    """The engine tests' toy project with 500 rows, pointed to the server."""
    sys.path.insert(0, str(ENGINE))
    toy = importlib.import_module("tests.toy")
    root: Path = toy.make_project(folder / "toy", base_url=url)
    toml = root / "rft.toml"
    toml.write_text(
        toml.read_text()
        .replace("samples_per_item = 2", "samples_per_item = 1")
        .replace("concurrency = 2", f"concurrency = {IN_FLIGHT}")
    )
    rows = [json.dumps(toy.row(f"word{n}")) + "\n" for n in range(ROWS)]
    (root / "task/data/validation.jsonl").write_text("".join(rows))
    return root


def timed(command: list[str], folder: Path) -> float:
    """Wall seconds of a command that must succeed."""
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main(runs: int) -> None:
    """Measure and print a table."""
    sys.dont_write_bytecode = True
    with (
        tempfile.TemporaryDirectory() as scratch,
        subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as server,
    ):
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        root = project(Path(scratch), url)
        python = sys.executable
        commands = {
            "bare loop over the openai SDK": [python, "-c", BARE, url],
            "rft eval (graded, logged, resumable)": [python, "-m", "rft", "eval", "--new"],
            "rft --help (start-up alone)": [python, "-m", "rft", "--help"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(timed(command, root))
        server.kill()
    bare = statistics.median(times["bare loop over the openai SDK"])
    print(f"{ROWS} answers, {IN_FLIGHT} in flight, {DELAY_S * 1000:.0f} ms each; {runs} runs\n")
    print("| what | median s | fastest s | times the bare loop |\n|---|---|---|---|")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"| {name} | {middle:.2f} | {min(seconds):.2f} | {middle / bare:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
