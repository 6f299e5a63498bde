"""Is this task ready for RFT with this model? Check, evaluate, go or no-go, report.

    .venv/bin/python evals/baseline.py --model base --split validation --limit 20

The same as `rft check`, `rft eval`, `rft ready` and `rft report`, with the same figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import rft


def main() -> int:
    """Print each result; the exit code is 0 for GO."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", default="base", help="a name under [models] in rft.toml")
    parser.add_argument("--split", default="validation", choices=rft.SPLITS)
    parser.add_argument("--limit", type=int, default=0, help="only so many rows")
    options = parser.parse_args()

    project = rft.Project.open(Path(__file__).parents[1])
    check = project.check()
    print(check)
    if not check.ok:
        return 1

    print(project.evaluate(options.model, split=options.split, limit=options.limit))
    ready = project.ready()
    print(ready)
    print(project.report())
    return 0 if ready.verdict == "GO" else 1


if __name__ == "__main__":
    raise SystemExit(rft.run_script(main))
