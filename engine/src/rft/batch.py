"""The Batch API of an OpenAI-shaped vendor: a file of requests goes up, files of replies come back.

A batch is noted in batches.json beside the run before it is created, and found again at the vendor
by its token when the command was killed before it could note the id: nothing is paid for twice.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, Field, ValidationError

from rft.endpoint import fault_of
from rft.errors import UserError
from rft.files import not_writable, write_text

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

FILE = "batches.json"
MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
"""Of one batch (OpenAI, Microsoft Foundry)."""
PATH: Final = "/v1/chat/completions"
ENDED = ("completed", "failed", "expired", "cancelled")
TOKEN = "rft_batch"
"""Key of the batch's metadata by which it is found again."""
FIRST_WAIT_S, LONGEST_WAIT_S, SLOWER = 2.0, 60.0, 1.5
CLOCKS_DIFFER_S = 3600.0
Say = Callable[[str], None]


class Sent(BaseModel):
    """One batch of a run."""

    token: str
    created: float
    """Unix time."""
    requests: int
    refused: list[str] = Field(default_factory=list)
    """What the endpoint was known to refuse when the requests were written: see rft.dialect."""
    id: str = ""
    """The vendor's; "" between the note and the vendor's reply."""
    over: bool = False
    """Its replies are in the run."""


class _Ledger(BaseModel):
    batches: list[Sent] = Field(default_factory=list)


class Batches:
    """The batches of a run, noted in its folder; the run must be locked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        try:
            self._ledger = _Ledger.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            self._ledger = _Ledger()
        except ValidationError:
            raise UserError(
                f"{self._path} is damaged; remove it, after a look at the batches that the vendor "
                "lists: their answers are not fetched then."
            ) from None

    def under_way(self) -> list[Sent]:
        """Those whose replies are not in the run yet."""
        return [sent for sent in self._ledger.batches if not sent.over]

    def note(self, sent: Sent) -> None:
        """Write down what is new of a batch."""
        if sent not in self._ledger.batches:
            self._ledger.batches.append(sent)
        write_text(self._path, self._ledger.model_dump_json(indent=2) + "\n")


@dataclass(frozen=True)
class Reply:
    """One line of a batch's output or error file."""

    custom_id: str
    status: int | None
    """The HTTP status; None when the request was not sent to the model, as in an expired batch."""
    body: Any
    """The body of the HTTP reply, or the error object."""


def send(
    client: OpenAI,
    requests: Iterable[tuple[str, dict[str, Any]]],
    batches: Batches,
    refused: list[str],
    folder: Path,
    say: Say,
) -> None:
    """Create as many batches as the requests, (custom_id, body) each, need."""
    for file, count in _files(requests, folder / ".batch.jsonl"):
        sent = Sent(token=uuid.uuid4().hex, created=time.time(), requests=count, refused=refused)
        with explained(client, "uploading the batch"), file.open("rb") as content:
            uploaded = client.files.create(file=("rft-batch.jsonl", content), purpose="batch")
        batches.note(sent)
        with explained(client, "the batch"):
            # Without retries: a repeated POST could create two.
            batch = client.with_options(max_retries=0).batches.create(
                input_file_id=uploaded.id,
                endpoint=PATH,
                completion_window="24h",
                metadata={TOKEN: sent.token},
            )
        sent.id = batch.id
        batches.note(sent)
        say(f"batch {batch.id}: {count:,} requests sent; the vendor has 24 hours for them")


def find(client: OpenAI, sent: Sent) -> str:
    """The id of a batch whose creation was not confirmed; "" when it was never created."""
    with explained(client, "the list of batches"):
        for batch in client.batches.list(limit=100):
            if (batch.metadata or {}).get(TOKEN) == sent.token:
                return batch.id
            if batch.created_at < sent.created - CLOCKS_DIFFER_S:
                break
    return ""


def wait_for(client: OpenAI, sent: Sent, say: Say, check: Callable[[], None]) -> Batch:
    """Wait until a batch has ended; `check` may raise to stop waiting."""
    wait, known = FIRST_WAIT_S, ""
    while True:
        with explained(client, f"batch {sent.id}"):
            batch = client.batches.retrieve(sent.id)
        counts = batch.request_counts
        done = f", {counts.completed + counts.failed:,} of {counts.total:,}" if counts else ""
        if (state := f"batch {sent.id}: {batch.status}{done}") != known:
            say(state)
            wait, known = FIRST_WAIT_S, state
        if batch.status in ENDED:
            return batch
        check()
        time.sleep(wait)
        wait = min(LONGEST_WAIT_S, wait * SLOWER)


def replies(client: OpenAI, batch: Batch) -> Iterator[Reply]:
    """What came of each request, line by line; requests that were never sent may be absent."""
    for file_id in (batch.output_file_id, batch.error_file_id):
        if file_id:
            yield from _replies(client, file_id)


def _replies(client: OpenAI, file_id: str) -> Iterator[Reply]:
    rest = b""
    with (
        explained(client, f"file {file_id}"),
        client.files.with_streaming_response.content(file_id) as response,
    ):
        for part in response.iter_bytes():
            *lines, rest = (rest + part).split(b"\n")
            yield from filter(None, map(_reply, lines))
    if reply := _reply(rest):
        yield reply


def _reply(line: bytes) -> Reply | None:
    """A line's reply; None for one that is not of the contract."""
    try:
        entry = json.loads(line)
        response = entry.get("response") or {}
        body = response["body"] if response else entry.get("error")
        return Reply(str(entry["custom_id"]), response.get("status_code"), body)
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError):
        return None


def _files(
    requests: Iterable[tuple[str, dict[str, Any]]], path: Path
) -> Iterator[tuple[Path, int]]:
    """(`path`, requests in it), written anew for each batch and removed in the end."""
    lines: list[bytes] = []
    size = 0
    try:
        for custom_id, body in requests:
            entry = {"custom_id": custom_id, "method": "POST", "url": PATH, "body": body}
            line = json.dumps(entry).encode() + b"\n"
            if lines and (len(lines) == MOST_REQUESTS or size + len(line) > MOST_BYTES):
                yield path, _write(path, lines)
                lines, size = [], 0
            lines.append(line)
            size += len(line)
        if lines:
            yield path, _write(path, lines)
    finally:
        path.unlink(missing_ok=True)


def _write(path: Path, lines: list[bytes]) -> int:
    try:
        path.write_bytes(b"".join(lines))
    except OSError as error:
        raise not_writable(path, error) from None
    return len(lines)


@contextmanager
def explained(client: OpenAI, doing: str) -> Iterator[None]:
    """Turn the SDK's exceptions into ours; `doing` names the request, as a noun."""
    try:
        yield
    except Exception as error:
        fault = fault_of(error, client)
        if fault is None:
            raise
        raise fault.error(doing, "leave --batch out where there is no Batch API") from None
