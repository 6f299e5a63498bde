"""The ways to fill a run: asking one by one, by the vendor's Batch API, or from stored answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from rft.errors import UserError

if TYPE_CHECKING:
    from rft.project import Project
    from rft.project.evaluation import Watcher
    from rft.runs import Run

Fill: TypeAlias = """Callable[
    [Project, Run, Mapping[str, dict[str, Any]], dict[str, Any] | None, Watcher | None], list[str]
]"""
"""Fills a run: (project, run, rows with their messages by id, response format, watcher) -> what was
learned of the judge's endpoint, a sentence each."""


def filler(*, regrade: bool = False, ray: str = "", batch: bool = False) -> Fill | None:
    """The way to fill a run that a command names; None: asking one by one.

    Raises UserError for ways that exclude each other.
    """
    if (regrade and batch) or (ray and not regrade):
        raise UserError("Use one of --regrade and --batch; --ray goes with --regrade.")
    if batch:
        from rft.project.batching import fill

        return fill
    if not regrade:
        return None
    from rft.project import regrading

    return partial(regrading.fill, ray=ray)
