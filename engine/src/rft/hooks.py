"""The team's own functions: called so that a failure names their file and line."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import isgenerator
from pathlib import Path
from typing import Any, TypeVar

from rft.errors import RftError, UserError
from rft.findings import shorten, shown_path
from rft.workers import cores

T = TypeVar("T")
_NOT_THE_TEAMS = (
    str(Path(__file__).parent),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
    "<frozen",
)


class HookError(UserError):
    """A function of the team's failed; `place` is its file and line, `reason` what it raised."""

    def __init__(self, place: str, reason: str, start: str = "", *, late: bool = False) -> None:
        super().__init__(f"{place}: {start}{reason}; correct it.")
        self.place, self.reason, self.what = place, reason, start + reason
        self.late = late


def guarded(name: str, function: Callable[..., T], file: Path) -> Callable[..., T]:
    """The function, raising HookError for whatever it raises (but for the engine's own errors)."""

    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> T:
        with _reported(name, args, file):
            result = function(*args, **named)
        # What a generator raises comes later, when it is iterated over.
        return _guarded_iteration(name, args, file, result) if isgenerator(result) else result

    return call


def _guarded_iteration(name: str, args: tuple[Any, ...], file: Path, items: Any) -> Any:
    with _reported(name, args, file):
        yield from items


@contextmanager
def _reported(name: str, args: tuple[Any, ...], file: Path) -> Iterator[None]:
    """Turn what the block raises into a HookError."""
    try:
        yield
    except (RftError, GeneratorExit):
        raise
    except Exception as error:
        start = f"{name}() fails{_row_named(args)} with "
        raise HookError(place_of(error, file), reason_of(error), start) from error


def failure(error: BaseException) -> str:
    """`KeyError: 'x' (task/schema.py:12)` for an exception of the team's code."""
    if isinstance(error, HookError):
        return f"{error.reason} ({error.place})"
    place = place_of(error, None)
    return reason_of(error) + (f" ({place})" if place else "")


def reason_of(error: BaseException) -> str:
    """The exception's type and message in one line."""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return shorten(" ".join(f"{type(error).__name__}: {message}".split()), 300)


def place_of(error: BaseException, file: Path | None) -> str:
    """File and line of the innermost frame in the team's code; else `file`."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{shown_path(Path(error.filename))}:{error.lineno or 0}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(_NOT_THE_TEAMS):
            return f"{shown_path(Path(frame.filename))}:{frame.lineno}"
    return file.as_posix() if file else ""


def with_deadline(function: Callable[[], T], seconds: float, file: Path, name: str) -> T:
    """What the function returns. Raises HookError, with the limit, when it takes too long.

    The limit is `seconds`; where more programs compute than the machine has cores, up to ten times
    as much. The function runs in a thread of its own, which is left behind when it is late.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    limit = seconds * _crowding()
    thread.join(limit)
    if errors:
        raise errors[0]
    if not results:
        place = _place_of_thread(thread) or file.as_posix()
        raise HookError(place, f"{name}() does not return within {limit:.3g} s", late=True)
    return results[0]


def _crowding() -> float:
    """How many programs want each core, from 1 to 10, over the last minute."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return min(10.0, max(1.0, load / cores()))


def _place_of_thread(thread: threading.Thread) -> str:
    """Where in the team's code a thread is."""
    current = sys._current_frames().get(thread.ident or 0)
    for frame in reversed(traceback.extract_stack(current) if current else []):
        if not frame.filename.startswith(_NOT_THE_TEAMS):
            return f"{shown_path(Path(frame.filename))}:{frame.lineno}"
    return ""


def _row_named(args: tuple[Any, ...]) -> str:
    """` on row 'x'` when the first argument is a row."""
    row = args[0] if args else None
    row_id = row.get("id") if isinstance(row, Mapping) else getattr(row, "id", None)
    return f" on row {str(row_id)!r}" if row_id is not None else ""
