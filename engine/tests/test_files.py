"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rft.errors import OutsideError
from rft.files import write_text


def test_a_file_is_replaced_with_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_text(path, "one\n")
    write_text(path, "zwölf\r\n")
    assert path.read_bytes() == "zwölf\r\n".encode()
    assert os.listdir(path.parent) == ["b.txt"]


@pytest.mark.skipif(os.name == "nt", reason="permissions and links are POSIX")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("x")
    target.chmod(0o640)
    link.symlink_to(target)
    write_text(link, "y")
    assert (link.is_symlink(), target.read_text()) == (True, "y")
    assert target.stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_written_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutsideError, match=r"f cannot be written: No space left"):
        write_text(path, "new")
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", ["f"])
