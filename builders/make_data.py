"""Rebuild the shipped data of a use case with the programs in builders/.

    python builders/make_data.py USE_CASE [--into FOLDER]

Writes into templates/USE_CASE/task, or into FOLDER. The same program writes the same bytes.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
USE_CASES = sorted(path.parent.name for path in ROOT.glob("builders/*/build_data.py"))


def main() -> None:
    """Parse the command line and call the builder of the use case."""
    parser = argparse.ArgumentParser(description="Make the shipped data of a use case anew.")
    parser.add_argument("use_case", choices=USE_CASES)
    parser.add_argument("--into", type=Path, help="folder to write into (default: the template)")
    options = parser.parse_args()
    template = ROOT / "templates" / options.use_case
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(ROOT / "builders" / options.use_case), str(template)]
    builder = importlib.import_module("build_data")
    builder.build(options.into or template / "task")


if __name__ == "__main__":
    main()
