"""Copy the use case into the project and add the engine's wheel. Needs no network and no git."""

import os
import shutil
import stat
import sys
from pathlib import Path

TEMPLATE_ROOT: str = {{template_root | literal}}  # type: ignore  # noqa: F821
USE_CASE: str = {{cookiecutter | use_case | literal}}  # type: ignore  # noqa: F821
CACHES = ("__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache")
PAGES = ("commands", "onboarding", "review", "settings", "thresholds", "training")


def main(template_root: Path, use_case: str, project: Path) -> int:
    """Return the exit code: 0, or 1 after a message on stderr."""
    engine, overlay = template_root / "engine", template_root / "templates" / use_case
    missing = [path for path in (engine / "src" / "rft", overlay / "task") if not path.is_dir()]
    if missing:
        name = missing[0].relative_to(template_root).as_posix()
        print(f"This copy of the template has no {name}; use a complete one.", file=sys.stderr)
        return 1
    remove_caches(template_root, project)
    add_engine(engine, project)
    if (project / "task").exists():
        print("task/ was there before and belongs to you: it is left as it is.", file=sys.stderr)
    else:
        unwanted = shutil.ignore_patterns("USE_CASE.md", "YOUR_TASK.md", "*.pyc", *CACHES)
        shutil.copytree(overlay, project, ignore=unwanted, dirs_exist_ok=True)
    make_writable(project)
    if sys.stderr.isatty():  # for people only: what `cruft diff` prints must stay a diff
        print(f"{project.name} is made. In its folder: make setup, make demo.", file=sys.stderr)
    return 0


def add_engine(engine: Path, project: Path) -> None:
    """Write the engine's wheel into vendor/, replacing older ones, and its pages into docs/."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(engine))
    from make_wheel import write_wheel  # type: ignore[import-not-found, unused-ignore]

    for older in (project / "vendor").glob("rft_engine-*.whl"):
        older.unlink()
    write_wheel(engine, project / "vendor")
    pages = [engine / "docs" / f"{name}.md" for name in PAGES]
    for page in (*pages, engine / "src" / "rft" / "glossary.md"):
        (project / "docs").mkdir(exist_ok=True)
        shutil.copyfile(page, project / "docs" / f"{page.stem.upper()}.md")


def remove_caches(template_root: Path, project: Path) -> None:
    """Remove caches that tools left in the template and that the bake copied."""
    (source,) = template_root.glob("*cookiecutter.project_slug*")
    for name in CACHES:
        for cache in list(source.rglob(name)):
            shutil.rmtree(project / cache.relative_to(source), ignore_errors=True)


def make_writable(project: Path) -> None:
    """Make everything writable for the user, even if the template's own folder is read-only."""
    for path in (project, *project.rglob("*")):
        if not path.is_symlink():
            os.chmod(path, path.stat().st_mode | stat.S_IWUSR)


if __name__ == "__main__":
    sys.exit(main(Path(TEMPLATE_ROOT), USE_CASE, Path.cwd()))
