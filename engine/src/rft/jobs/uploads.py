"""Upload a file once: its id is stored by address and content, and verified before reuse."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rft.errors import OutsideError, UserError
from rft.files import write_text
from rft.jobs.replies import file_state, reason
from rft.jobs.vendor import address, explained

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import FileObject

FILE = "uploads.json"
FIRST_WAIT_S, LONGEST_WAIT_S, SLOWER = 0.5, 10.0, 1.5
PATIENCE_S = 1800.0
"""As long as the SDK waits for a file to be processed."""
UPLOADED_S = 10.0
"""A file still "uploaded" after this is used: some services read it only for a job."""
Say = Callable[[str], None]


def sha256(content: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def upload(
    client: OpenAI, content: bytes, name: str, root: Path, vendor: str, say: Say
) -> tuple[str, bool]:
    """(file id, whether it was there already) of a training file; `root` holds uploads.json.

    `vendor`: the key of its files in uploads.json; `say` gets a sentence when a wait begins.

    Raises UserError when the vendor refuses the file, OutsideError when it cannot be reached or
    does not finish reading the file.
    """
    known = _read(root / FILE)
    digest = sha256(content)
    stored = known.get(vendor, {}).get(digest, "")
    if stored and _still_there(client, stored, len(content), say):
        return stored, True
    say(f"uploading {name} ({len(content):,} bytes) ...")
    with explained(client, f"uploading {name}"):
        file = client.files.create(file=(name, content, "application/jsonl"), purpose="fine-tune")
        file = _processed(client, file, name, say)
    if file_state(file) == "refused":
        raise UserError(
            f"{address(client)} refused {name}: {reason(file) or file.status}; correct it, then "
            "run the same command again."
        )
    known.setdefault(vendor, {})[digest] = file.id
    write_text(root / FILE, json.dumps(known, indent=2) + "\n")
    return file.id, False


def _processed(client: OpenAI, file: FileObject, name: str, say: Say) -> FileObject:
    """Wait until the service has processed the file, whatever it calls the state until then."""
    if not getattr(file, "id", None):
        raise OutsideError(f"{address(client)} answered the upload of {name} without a file id.")
    wait, began, announced = FIRST_WAIT_S, time.monotonic(), False
    while file_state(file) == "processing":
        waited, status = time.monotonic() - began, str(file.status)
        if status == "uploaded" and waited >= UPLOADED_S:
            break
        if waited >= PATIENCE_S:
            raise OutsideError(
                f"{address(client)} still reports {name} ({file.id}) as '{status}' after "
                f"{PATIENCE_S / 60:.0f} minutes; run the same command again later."
            )
        if not announced:
            announced = True
            say(f"waiting for {name} to be processed (it is '{status}') ...")
        time.sleep(wait)
        wait = min(LONGEST_WAIT_S, wait * SLOWER)
        file = client.files.retrieve(file.id)
    return file


def _still_there(client: OpenAI, file_id: str, size: int, say: Say) -> bool:
    try:
        with explained(client, "asking for the file"):
            file = _processed(client, client.files.retrieve(file_id), file_id, say)
    except UserError:
        return False  # it is uploaded again, which names whatever else is wrong
    return file_state(file) != "refused" and getattr(file, "bytes", None) in (size, 0, None)


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # it only saves uploads
    return known if isinstance(known, dict) else {}
