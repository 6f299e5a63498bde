"""Measure the commands that read a large run: ready, report, compare, pack and eval --regrade.

Makes the engine tests' toy project with two runs of 100 stored answers to each row, a tenth of
them unreadable, and a solve rate of its own for each row. Prints CPU time (user and system, of all
processes) and the peak resident memory in Markdown.

    python benchmarks/stored_answers.py [--rows 2000]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rollouts import Case, measure, project, served

from rft import runs
from rft.records import Grade, Record, Sample

SAMPLES = 100
PADDING = "x" * 500


def answers(info: runs.RunInfo, gain: float) -> Iterator[Record]:
    """Answers with rewards as of a model that solves its rows at beta-distributed rates."""
    rng = random.Random(f"{info.model}/{info.samples_per_item}")
    for item_id in info.item_ids:
        rate = min(1.0, rng.betavariate(1, 1.5) + gain)
        for k in range(info.samples_per_item):
            solved, readable = rng.random() < rate, rng.random() < 0.9
            text = json.dumps({"backwards": PADDING, "k": k}) if readable else PADDING
            reward = float(solved and readable)
            sample = Sample(output_text=text, finish_reason="stop", usage={"completion_tokens": 9})
            grade = Grade(
                reward=reward,
                parts={"exact": reward},
                errors={} if readable else {"sample_parse_error": True},
            )
            yield Record(item_id=item_id, k=k, sample=sample, grade=grade)


def fill(root: Path, model: str, gain: float) -> None:
    """Store a run of this model that is like the one that `rft eval` has just made."""
    made = runs.latest(root / "runs")
    info = made.info.model_copy(update={"samples_per_item": SAMPLES, "model": model})
    run = runs.start(root / "runs", info, new=True)
    run.lock()
    for record in answers(info, gain):
        run.append(record)
    run.unlock()


def main(rows: int) -> None:
    """Make both runs, then measure each command."""
    with tempfile.TemporaryDirectory() as scratch, served() as url:
        root = project(Path(scratch), url, rows, 200)
        toml = root / "rft.toml"
        toml.write_text(toml.read_text().replace("[models]", '[models]\ntuned = "tuned-model"'))
        rft = [sys.executable, "-m", "rft"]
        measure(Case([*rft, "eval"], root, {}))
        fill(root, "tuned-model", 0.1)
        fill(root, "toy-model", 0.0)
        grader = root / "task/grader.py"
        print(f"{rows * SAMPLES:,} stored answers of {rows:,} rows\n")
        print("| command | CPU s | ms an answer | peak MB |\n|---|---|---|---|")
        regrade = f"eval --regrade --samples {SAMPLES}"
        commands = {"ready": 1, "report": 1, "compare base tuned": 2, "pack": 2, regrade: 1}
        for command, runs_read in commands.items():
            if "regrade" in command:
                grader.write_text(grader.read_text() + "\n# changed\n")
            cost = measure(Case([*rft, *command.split()], root, {}, codes=(0, 1)))  # 1: no GO
            each = cost.cpu_s * 1000 / (rows * SAMPLES * runs_read)
            print(
                f"| rft {command} | {cost.cpu_s:.0f} | {each:.2f} | {cost.peak_mb:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=2000)
    main(parser.parse_args().rows)
