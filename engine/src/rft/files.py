"""Write a file in one step: a reader sees the old content or the new one, never a part of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rft.errors import OutsideError


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`; see `replacing`."""
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it takes the place of `path` when the block ends without an error.

    Its folder is made where it is missing. A link stays a link, and a file that was there keeps
    its permissions. Raises OutsideError when the disk refuses; the old content is then still there.
    """
    target = path.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, partial)
        os.replace(partial, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError):
            raise not_writable(path, error) from None
        raise


def not_writable(path: Path, error: OSError) -> OutsideError:
    """The error for a file or folder that the disk refuses to write."""
    return OutsideError(
        f"{path} cannot be written: {error.strerror or error}; free disk space or allow writing "
        "there, then run the same command again."
    )
