"""Compare grading latency and throughput of each sandbox tier, a bare process and bare bwrap.

    python benchmarks/sandbox.py [--runs 200] [--soak 5000] [--build]

Every grading is the same: load a small function, make three calls, compare three values in the
host. Prints Markdown. Run it on an idle machine; --build also times a build of the guest.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from rft.sandbox import Sandbox, Test, build, tiers

ROOT = Path(__file__).parents[1]

CODE = "def add(a, b):\n    return a + b\n"
TESTS = [Test([1, 2], 3), Test(["a", "b"], "ab"), Test([[1], [2]], [1, 2])]
BARE = f"{CODE}import json, sys\nfor a in json.load(sys.stdin): print(json.dumps(add(*a)))"
ASKED = json.dumps([test.args for test in TESTS])
Grade = Callable[[], float | None]


def bare(wrapper: list[str]) -> Grade:
    """A process per grading without our sandbox; its printed values are compared here."""

    def grade() -> float | None:
        command = [*wrapper, sys.executable, "-I", "-c", BARE]
        done = subprocess.run(command, input=ASKED.encode(), capture_output=True, check=True)
        values = [json.loads(line) for line in done.stdout.splitlines()]
        passed = [v == test.expected for v, test in zip(values, TESTS, strict=True)]
        return float(sum(passed) / len(passed))

    return grade


def measure(name: str, start: Callable[[], Grade], runs: int) -> str:
    """One row of the table."""
    began = time.perf_counter()
    grade = start()
    assert grade() == 1, name
    first = time.perf_counter() - began
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        assert grade() == 1, name
        times.append(time.perf_counter() - began)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: grade(), range(4)))  # both workers are up
        began = time.perf_counter()
        assert set(pool.map(lambda _: grade(), range(2 * runs))) == {1.0}, name
        rate = 2 * runs / (time.perf_counter() - began)
    p95 = statistics.quantiles(times, n=20)[-1]
    cells = (f"{1000 * x:.1f}" for x in (first, statistics.median(times), p95))
    return f"| {name} | {' | '.join(cells)} | {rate:.0f} |"


def kilobytes(pid: int) -> int:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def soak(count: int) -> None:
    """Memory of one worker over many gradings."""
    with Sandbox("wasm", 1) as sandbox:
        wrong, marks = 0, {}
        for done in range(1, count + 1):
            wrong += sandbox.grade_tests(CODE, "add", TESTS).score != 1
            if done in (10, 100, count // 5, count // 2, count):
                (pid,) = sandbox.processes.pids()
                marks[done] = kilobytes(pid) / 1024
    told = ", ".join(f"{mb:.0f} MB after {done}" for done, mb in sorted(marks.items()))
    print(f"\nOne worker over {count} gradings: {told}; {wrong} wrong verdicts.")


def graders(runs: int) -> None:
    """F1 over codes (extraction) and rubric (policy): the shipped graders on reference answers."""
    from rft import graders as engine

    print("\n| grader | p50, ms | gradings/s on 2 workers |\n|---|---|---|")
    for name, case in (("F1 over codes", "extraction"), ("rubric", "policy")):
        task = ROOT / "templates" / case / "task"
        lines = (task / "probes.jsonl").read_text("utf-8").splitlines()
        probe = next(p for p in map(json.loads, lines) if "gold" in p["name"])
        rows = [json.loads(r) for f in (task / "data").glob("*.jsonl") for r in f.open("rb")]
        row = next(r for r in rows if r["id"] == probe["item_id"])
        sample = {"output_text": probe["output_text"], "choices": []}
        with engine.Grader(engine.load_spec(task / "grader.json"), root=task.parent) as grader:

            def once(_: int, grader: engine.Grader = grader) -> float:
                began = time.perf_counter()
                assert grader.grade(sample, row).reward is not None  # noqa: B023 - used here
                return time.perf_counter() - began

            once(0)
            times = [once(n) for n in range(runs)]
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(once, range(8)))
                began = time.perf_counter()
                list(pool.map(once, range(2 * runs)))
                rate = 2 * runs / (time.perf_counter() - began)
        print(f"| {name} | {1000 * statistics.median(times):.1f} | {rate:.0f} |")


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--soak", type=int, default=5000)
    parser.add_argument("--build", action="store_true")
    options = parser.parse_args()
    if options.build:
        with tempfile.TemporaryDirectory() as place:
            os.environ["RFT_CACHE"] = place
            began = time.perf_counter()
            build.guest()
            print(f"Making the guest from nothing: {time.perf_counter() - began:.1f} s.\n")
            del os.environ["RFT_CACHE"]
    build.guest()
    versions = ", ".join(f"{name} {version}" for name, version in build.versions().items())
    print(f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}, ")
    print(f"{versions}; {options.runs} gradings, of 3 calls each. 'First' starts all it needs.\n")
    print("| tier | first, ms | p50, ms | p95, ms | gradings/s on 2 workers |")
    print("|---|---|---|---|---|")
    opened: list[Sandbox] = []

    def tier(name: str, lock: str = "auto") -> Callable[[], Grade]:
        def start() -> Grade:
            sandbox = Sandbox(name, 2, self_test=False)
            sandbox._plan = replace(sandbox._plan, lock=lock)
            opened.append(sandbox)
            return lambda: sandbox.grade_tests(CODE, "add", TESTS).score

        return start

    usable = {found.name for found in tiers.survey() if found.usable}
    rows = [("wasm, its process unlocked", tier("wasm", "off"))]
    rows += [(name, tier(name)) for name in ("wasm+lock", "landlock", "bwrap") if name in usable]
    rows.append(("bare `python -I`, no sandbox", lambda: bare([])))
    if path := shutil.which("bwrap"):
        wrapper = [path, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--"]
        rows.append(("bare bwrap around `python -I`", lambda: bare(wrapper)))
    for name, start in rows:
        print(measure(name, start, options.runs), flush=True)
        for sandbox in opened:
            sandbox.close()
        opened.clear()
    graders(options.runs)
    if options.soak and sys.platform.startswith("linux"):
        soak(options.soak)


if __name__ == "__main__":
    main()
