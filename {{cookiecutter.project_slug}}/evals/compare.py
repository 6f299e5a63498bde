"""What did training gain? Evaluate models and people on the same rows, then compare them.

    .venv/bin/python evals/compare.py base tuned --split test

The same as `rft eval` for each name, then `rft compare`. The first name is what the others are
compared with; `human` stands for the people's answers in task/human.jsonl.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import rft


def main() -> int:
    """Print each run and the comparison; the exit code is 1 if a run is worse than the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("models", nargs="*", default=["base", "tuned"])
    parser.add_argument("--split", default="test", choices=rft.SPLITS)
    parser.add_argument("--limit", type=int, default=0, help="only so many rows")
    options = parser.parse_args()
    if len(options.models) < 2:
        parser.error("name two models or more")

    project = rft.Project.open(Path(__file__).parents[1])
    for model in options.models:
        print(project.evaluate(model, split=options.split, limit=options.limit))

    comparison = project.compare(*options.models, split=options.split)
    print(comparison)
    return 1 if comparison.worse else 0


if __name__ == "__main__":
    raise SystemExit(rft.run_script(main))
