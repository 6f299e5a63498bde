"""One process at a time: a lock on a file, free again when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rft.errors import OutsideError, UserError


@contextmanager
def exclusive(path: Path, taken: str) -> Iterator[None]:
    """Hold the lock at `path` for a block; its folder is made when it is not there.

    Raises UserError with the sentence `taken` when another process holds it, OutsideError when the
    disk refuses.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(taken) from None
    except OSError as error:
        raise OutsideError(f"{path} cannot be locked: {error.strerror or error}.") from None
    try:
        yield
    finally:
        lock.release()
