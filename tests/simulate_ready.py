"""Judge simulated runs of the project in the current folder: python simulate_ready.py RUNS [SEED].

A model that can learn: a row's chance of a right answer is Beta(2, 3), mean 0.4. Right answers are
the row's reference, wrong ones the references of other rows, graded by the project's own grader. A
judge counts as examined. Prints JSON: how often each verdict came, and the open checks.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rft import Project, runs
from rft.project.grader_evidence import gather
from rft.project.loader import load_floors
from rft.project.scoring import WrittenAnswer, floor_rewards, grade_all
from rft.readiness import assess
from rft.readiness.evidence import Examination
from rft.records import Grade, Record, Sample

SAMPLES = 8
WRONG = 3
"""Wrong answers to choose among, for each row."""

Options = list[tuple[str, Grade]]
"""The right answer, then the wrong ones."""


def answers_of(project: Project, rows: list[Any], grader: Any) -> dict[str, Options]:
    """Graded answers to every row, by id."""
    texts = [project.task.reference_text(row.item) for row in rows]
    written = [
        WrittenAnswer(row.id, str(shift), row.data, texts[(n + shift) % len(rows)])
        for n, row in enumerate(rows)
        for shift in range(WRONG + 1)
    ]
    options: dict[str, Options] = {}
    for answer, grade in zip(written, grade_all(written, grader), strict=True):
        options.setdefault(answer.place, []).append((answer.text, grade))
    return options


def draw(options: dict[str, Options], rng: np.random.Generator) -> list[Record]:
    """The records of one simulated run."""
    records = []
    for item_id, graded in options.items():
        chance = rng.beta(2, 3)
        for k in range(SAMPLES):
            place = 0 if rng.random() < chance else int(rng.integers(1, WRONG + 1))
            text, grade = graded[place]
            sample = Sample(output_text=text, finish_reason="stop", usage={})
            records.append(Record(item_id=item_id, k=k, sample=sample, grade=grade))
    return records


def simulate(count: int, seed: int = 0, split: str = "test") -> dict[str, Any]:
    """Verdicts and open checks of so many runs, counted."""
    project = Project.open(Path.cwd())
    settings, rows = project.settings, project.rows(split)
    hashes = {"grader": project.grader_hash, "data": "", "prompt": ""}
    info = runs.RunInfo(
        split=split, model="simulated", profile="", base_url="", sampling={}, versions={},
        item_ids=[row.id for row in rows], samples_per_item=SAMPLES, hashes=hashes,
    )  # fmt: skip
    run = runs.start(settings.runs, info, new=True)
    with project.open_grader(judged=False) as grader:
        options = answers_of(project, rows, grader)
        floors = floor_rewards(load_floors(settings), [row.data for row in rows], grader)
        evidence = gather(project, grader, run, draw(options, np.random.default_rng(seed)))
    if evidence.asks_model:
        examined = Examination(grader=evidence.grader, verdict="GO", repeat_variance=0.001)
        evidence = replace(evidence, has_judge=True, examination=examined)
    means = {name: float(np.mean(list(by_row.values()))) for name, by_row in floors.items()}
    verdicts: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    for n in range(count):
        records = draw(options, np.random.default_rng([seed, n]))
        readiness = assess(records, settings.ready, means, evidence, planned=len(records))
        verdicts[readiness.verdict] += 1
        opened.update(f"{c.name}: {c.verdict} {c.figure}" for c in readiness.checks if c.open)
    return {
        "rows": len(rows),
        "verdicts": dict(verdicts),
        "open": dict(opened.most_common(12)),
        "next_step": readiness.next_step,
    }


if __name__ == "__main__":
    runs_wanted, first_seed = (*map(int, sys.argv[1:]), 0)[:2]
    print(json.dumps(simulate(runs_wanted, first_seed)))
