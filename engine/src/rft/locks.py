"""One process at a time: a lock on a file, free again when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rft.errors import OutsideError, UserError


@contextmanager
def exclusive(path: Path, taken: str, wait_s: float = 0) -> Iterator[None]:
    """Hold the lock at `path` for a block; its folder is made when it is not there.

    `wait_s`: how long to wait for another holder. Raises UserError with the sentence `taken` when
    it does not end by then, OutsideError when the disk refuses.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise UserError(taken) from None
    except OSError as error:
        raise OutsideError(f"{path} cannot be locked: {error.strerror or error}.") from None
    try:
        yield
    finally:
        lock.release()
