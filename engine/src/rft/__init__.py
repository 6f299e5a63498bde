"""The library of RFT projects: evals, graders, statistics and training jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rft.project import Project as Project

    __version__: str

__all__ = ["Project", "__version__"]


def __getattr__(name: str) -> Any:
    """Look a name up when it is asked for: `rft --help` need not pay for it."""
    if name == "Project":
        from rft.project import Project

        return Project
    if name == "__version__":
        from importlib.metadata import version

        return version("rft-engine")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
