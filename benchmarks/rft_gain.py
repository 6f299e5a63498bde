"""What RFT gains over its warm start on the starter rows: base, warm start, RFT, compare, by seed.

    python benchmarks/rft_gain.py [--use-case code-gen] [--seeds 7 8 9 10 11] [--append]
                                  [--set train.reinforcement.n_epochs=2 ...]

Needs a Python with the project's extras `local` and `train`, and cookiecutter. Each seed bakes a
project and does what its `make train-local` does; the seed decides the rows of the warm start, the
training and the answers of the evals. `--set` changes a setting of task/starter/rft.toml. Prints a
line of the table in benchmarks/rft_gain.md for each seed; `--append` adds it there.
CPU minutes, not those of the clock, are comparable between machines that do other things besides.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomlkit
from cookiecutter.main import cookiecutter

import rft

ROOT = Path(__file__).resolve().parents[1]
TABLE = Path(__file__).with_suffix(".md")
BASE_ROWS = 24
"""The base model writes no valid answer and is slow at it: few rows show that."""
SETTINGS = "task/starter/rft.toml"
PARTS = {"code-gen": ("f1", "over_binding"), "extraction": ("f1", "over_coding")}


def bake(use_case: str, folder: Path) -> Path:
    """Make a project of the template; return its folder."""
    context = {"use_case": use_case, "project_slug": use_case}
    config = {"replay_dir": str(folder / "replay"), "cookiecutters_dir": str(folder / "none")}
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    made = cookiecutter(
        str(ROOT),
        no_input=True,
        extra_context=context,
        output_dir=str(folder),
        config_file=str(folder / "config.yaml"),
        accept_hooks=True,
    )
    return Path(made)


def change_settings(file: Path, changes: Sequence[str]) -> None:
    """Set `section.key=value`, the value as in TOML, in a settings file."""
    settings = tomlkit.parse(file.read_text(encoding="utf-8"))
    for change in changes:
        name, _, text = change.partition("=")
        *sections, key = name.split(".")
        section: Any = settings
        for part in sections:
            section = section.setdefault(part, tomlkit.table())
        section[key] = tomlkit.value(text)
    file.write_text(tomlkit.dumps(settings), encoding="utf-8")


@contextmanager
def serving(project: Path) -> Iterator[None]:
    """Run the project's training service; its CPU time is this program's once it has ended."""
    command = [sys.executable, "-m", "rft", "--project", str(project), "serve", "--port", "0"]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert service.stdout
        assert service.stdout.readline().startswith("Serving")
        yield
    finally:
        service.terminate()
        service.wait()


def cpu_minutes() -> float:
    """CPU minutes of this process and of the children that have ended."""
    both = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both) / 60


def measure(use_case: str, seed: int, changes: Sequence[str], folder: Path) -> str:
    """Bake, train and compare; return the line of the table."""
    began, cpu = time.monotonic(), cpu_minutes()
    root = bake(use_case, folder)
    seeds = [f"train.seed={seed}", f"sampling.seed={seed}"]
    change_settings(root / SETTINGS, [*seeds, *changes])

    def opened() -> rft.Project:
        return rft.Project.open(root, SETTINGS)  # anew: training adds a model to the settings

    with serving(root):
        base = opened().evaluate("base", split="test", limit=BASE_ROWS)
        opened().train("supervised").watch()
        warm = opened().evaluate("warm", split="test")
        opened().train("reinforcement", start="warm").watch()
        tuned = opened().evaluate("tuned", split="test")
    compared = opened().compare("warm", "tuned", split="test")
    print(compared, flush=True)
    pair = compared.pairs[0]
    gain = pair.paired.difference
    cells = [
        use_case,
        str(seed),
        " ".join(changes) or "as shipped",
        f"{base.mean.value:.2f}",
        f"{pair.paired.mean_a:.3f}",
        f"{pair.paired.mean_b:.3f}",
        f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]",
        f"{pair.p_value:.4f}",
        *(f"{warm.parts[name]:.2f} -> {tuned.parts[name]:.2f}" for name in PARTS[use_case]),
        f"{(time.monotonic() - began) / 60:.0f}",
        f"{cpu_minutes() - cpu:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure each seed and print its line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--use-case", default="code-gen")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9, 10, 11])
    parser.add_argument("--set", nargs="*", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument("--append", action="store_true", help=f"to {TABLE.name} as well")
    options = parser.parse_args()
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            line = measure(options.use_case, seed, options.set, Path(folder))
        print(line, flush=True)
        if options.append:
            with TABLE.open("a", encoding="utf-8") as table:
                table.write(line + "\n")


if __name__ == "__main__":
    main()
