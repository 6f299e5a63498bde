"""Lays templates/<overlay>/ over the project just made. Pure: no network, no git, no installs."""

import shutil
import sys
from pathlib import Path

TEMPLATE_ROOT: str = {{template_root | literal}}  # type: ignore  # noqa: F821
OVERLAY: str = {{cookiecutter | overlay | literal}}  # type: ignore  # noqa: F821
CACHES = ("__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache")


def main(template_root: Path, name: str, project: Path) -> int:
    """Returns the exit code: 0, or 1 with a sentence on stderr."""
    drop_carried_caches(template_root, project)
    overlay = template_root / "templates" / name
    if not (overlay / "task").is_dir():
        print(f"The template has no templates/{name}/task; use a complete copy.", file=sys.stderr)
        return 1
    if (project / "task").exists():
        print("task/ was there before and belongs to you: it is left as it is.", file=sys.stderr)
        return 0
    unwanted = shutil.ignore_patterns("USE_CASE.md", "*.pyc", *CACHES)
    shutil.copytree(overlay, project, ignore=unwanted, dirs_exist_ok=True)
    if sys.stderr.isatty():  # for people only: what `cruft diff` prints must stay a diff
        print(f"{project.name} is made. In its folder: make setup, make demo.", file=sys.stderr)
    return 0


def drop_carried_caches(template_root: Path, project: Path) -> None:
    """Removes the caches that tools run on the template left in it and the bake took along."""
    (source,) = template_root.glob("*cookiecutter.project_slug*")
    for name in CACHES:
        for cache in list(source.rglob(name)):
            shutil.rmtree(project / cache.relative_to(source), ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(Path(TEMPLATE_ROOT), OVERLAY, Path.cwd()))
