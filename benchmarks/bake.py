"""Compare bake time, files and prompts of this template with public ones.

    python benchmarks/bake.py [--bakes 15] [NAME=FOLDER_OR_PACKAGE ...]

The others are source archives of the packages they are published in (fetched by pip), or folders.
Every bake uses the default answers. Runs are interleaved, so that load on the machine affects all
templates equally. The table gives medians of wall-clock seconds, process start included, and each
template's ratio to this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
PEERS = (
    "cookiecutter-pypackage=cookiecutter-pypackage==0.3.1",
    "scientific-python/cookie=sp-repo-review==2026.8.14",
    "cookiecutter-uv=cookiecutter-uv==0.2.0",
)


@dataclass
class Template:
    """One template and its measurements."""

    name: str
    folder: Path
    seconds: list[float] = field(default_factory=list)
    files: int = 0
    size: int = 0

    @property
    def prompts(self) -> int:
        """Questions that a user without prefilled answers is asked."""
        settings = json.loads((self.folder / "cookiecutter.json").read_text(encoding="utf-8"))
        return sum(not key.startswith("_") for key in settings)


def fetch(source: str, into: Path) -> Path:
    """The template's folder: the source itself, or unpacked from a package's source archive."""
    if Path(source).is_dir():
        return Path(source).resolve()
    package = source.split("==")[0]  # its build requirements may be wheels
    download = ["download", "--quiet", "--no-deps", "--no-binary", package, "--dest", str(into)]
    subprocess.run([sys.executable, "-m", "pip", *download, source], check=True)
    (archive,) = into.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(into, filter="data")
    (settings,) = into.glob("*/cookiecutter.json")
    return settings.parent


def bake(template: Template, scratch: Path) -> float:
    """Bake once with the default answers; return the seconds it took."""
    config = scratch / "config.yaml"
    config.write_text(json.dumps({"replay_dir": str(scratch / "replay")}), encoding="utf-8")
    command = [sys.executable, "-m", "cookiecutter", str(template.folder), "--no-input"]
    with tempfile.TemporaryDirectory(dir=scratch) as out:
        start = time.perf_counter()
        subprocess.run(
            [*command, "--output-dir", out, "--config-file", str(config)],
            check=True,
            cwd=scratch,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.DEVNULL,
        )
        took = time.perf_counter() - start
        baked = [p for p in Path(out).rglob("*") if p.is_file() and ".git" not in p.parts]
        template.files = len(baked)
        template.size = sum(path.stat().st_size for path in baked)
    return took


def table(templates: list[Template]) -> str:
    """The figures as a Markdown table; the first template is what the others are compared with."""
    ours = median(templates[0].seconds)
    lines = [
        "| template | s (median) | fastest | times ours | files | kB | prompts |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in templates:
        middle = median(one.seconds)
        lines.append(
            f"| {one.name} | {middle:.2f} | {min(one.seconds):.2f} | {middle / ours:.2f} "
            f"| {one.files} | {one.size / 1000:.0f} | {one.prompts} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Bake time beside public templates.")
    parser.add_argument("peers", nargs="*", default=PEERS, metavar="NAME=FOLDER_OR_PACKAGE")
    parser.add_argument("--bakes", type=int, default=15, help="bakes of each template")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        templates = [Template("cookiecutter-rft", ROOT)]
        for number, peer in enumerate(options.peers):
            name, _, source = peer.partition("=")
            into = scratch / str(number)
            into.mkdir()
            templates.append(Template(name, fetch(source, into)))
        for template in templates:  # fills the disk cache; not counted
            bake(template, scratch)
        for _ in range(options.bakes):
            for template in templates:
                template.seconds.append(bake(template, scratch))
        print(table(templates))


if __name__ == "__main__":
    main()
