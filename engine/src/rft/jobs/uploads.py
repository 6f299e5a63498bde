"""Upload a file once: its id is remembered by address and content, and verified before reuse."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft.errors import OutsideError, UserError
from rft.jobs.vendor import address, explained

if TYPE_CHECKING:
    from openai import OpenAI

FILE = "uploads.json"
GONE = ("error", "deleted", "failed")


def sha256(content: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def upload(client: OpenAI, content: bytes, name: str, root: Path, vendor: str) -> tuple[str, bool]:
    """(file id, whether it was there already) of a training file; `root` holds uploads.json.

    `vendor`: what its files are remembered under.

    Raises UserError when the vendor refuses the file, OutsideError when it cannot be reached.
    """
    known = _read(root / FILE)
    digest = sha256(content)
    remembered = known.get(vendor, {}).get(digest, "")
    if remembered and _still_there(client, remembered, len(content)):
        return remembered, True
    with explained(client, f"uploading {name}"):
        made = client.files.create(file=(name, content, "application/jsonl"), purpose="fine-tune")
        if str(made.status) == "pending":  # Foundry looks at a file first
            made = client.files.wait_for_processing(made.id, poll_interval=2)
    if made.status in GONE:
        raise UserError(
            f"{address(client)} refused {name}: {made.status_details or made.status}; "
            "correct it and run the command again."
        )
    known.setdefault(vendor, {})[digest] = made.id
    _write(root / FILE, known)
    return made.id, False


def _still_there(client: OpenAI, file_id: str, size: int) -> bool:
    import openai

    try:
        with explained(client, "asking for the file"):
            try:
                found = client.files.retrieve(file_id)
            except openai.NotFoundError:
                return False
    except UserError:
        return False  # whatever is wrong with it, the upload will say so
    return found.status not in GONE and found.bytes in (size, 0, None)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # remembered only to save an upload
    return found if isinstance(found, dict) else {}


def _write(path: Path, value: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(value, indent=2) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """The whole text or nothing is in the file, whenever the process dies.

    Raises OutsideError when the disk refuses.
    """
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise OutsideError(
            f"{path} cannot be written: {error.strerror or error}; make room or give the right to "
            "write, then run the same command again."
        ) from None
