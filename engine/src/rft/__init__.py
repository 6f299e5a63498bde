"""The library of RFT projects: evals, graders, statistics and training jobs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rft.project import SPLITS as SPLITS
    from rft.project import Project as Project

    __version__: str

__all__ = ["SPLITS", "Project", "__version__", "run_script"]


def run_script(main: Callable[[], int]) -> int:
    """Run the `main` of a script; an error of rft becomes its sentence and its exit code."""
    from rft.errors import RftError

    try:
        return main()
    except RftError as error:
        print(f"{error}", file=sys.stderr)
        return error.exit_code


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """Look a name up when it is asked for: `rft --help` need not pay for it."""
    if name in ("Project", "SPLITS"):
        from rft import project

        return getattr(project, name)
    if name == "__version__":
        from importlib.metadata import version

        return version("rft-engine")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
