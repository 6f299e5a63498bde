"""Translate what services reply about files and jobs into the contract's words.

OpenAI's contract names a few states; Azure, Bedrock, Mistral, Together, Fireworks and Vertex spell
them differently and have more of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from rft.endpoint import message_in, quoted

OVER = ("succeeded", "failed", "cancelled")
"""States in which a job has ended."""
RUNNING = (
    "validating_files", "queued", "running", "pausing", "paused", "resuming", "cancelling",
)  # fmt: skip
_BEFORE_THE_END: dict[str, str] = {
    spelling: state
    for state, spellings in {
        "cancelling": "canceling cancel_requested cancellation_requested stopping deleting",
        "queued": "pending created submitted scheduled waiting accepted not_running not_started",
        "running": "in_progress training started active processing validated preprocessing "
        "postprocessing compressing uploading",
        "validating_files": "validating",
        "paused": "suspended",
    }.items()
    for spelling in spellings.split()
}
_SUCCESS = {"succeeded", "success", "successful", "completed", "complete", "finished", "done", "ok"}
_FAILURE = {
    "failed", "failure", "error", "errored", "unsuccessful", "rejected", "invalid", "corrupted",
    "expired", "timeout", "timed", "crashed", "preempted", "exceeded", "memory",
}  # fmt: skip
_CANCELLED = {
    "cancelled", "canceled", "aborted", "stopped", "terminated", "deleted", "killed", "revoked",
    "interrupted",
}  # fmt: skip
_FILE_READY = _SUCCESS | {
    "none", "processed", "ready", "available", "active", "valid", "validated", "imported", "passed",
}  # fmt: skip
"""Words in a state that tell how a job or file has ended."""
_MOST_PAGES = 1000
_REASONS = (
    "error", "status_details", "failure_reason", "failure_message", "failureReason",
    "failureMessage", "status_message", "statusMessage", "reason", "detail", "message",
)  # fmt: skip


def job_status(job: Any) -> str:
    """The state of a job as the contract spells it; an unknown one in lower case, as reported.

    A job of an unknown state with a `finished_at` has succeeded if it names a model. "" for a reply
    without a state.
    """
    spelling = _spelling(job)
    words = spelling.split("_")
    status = _BEFORE_THE_END.get(spelling, spelling)
    if status in RUNNING or words[-1].endswith("ing"):
        return status
    if words[0] in {*_SUCCESS, "early", "partially"}:
        return "succeeded"
    if _FAILURE.intersection(words):
        return "failed"
    if _CANCELLED.intersection(words):
        return "cancelled"
    if spelling and getattr(job, "finished_at", None):
        return "succeeded" if tuned_model(job) else "failed"
    return status


def tuned_model(job: Any) -> str:
    """The id of the model that a job made; "" if it names none."""
    model = getattr(job, "fine_tuned_model", None)
    if isinstance(model, dict):
        model = model.get("id") or model.get("name")
    return str(model or "")


def file_state(file: Any) -> Literal["ready", "refused", "processing"]:
    """Whether an uploaded file can be used; any unknown state is "processing"."""
    words = _spelling(file).split("_")
    if (_FAILURE | _CANCELLED | {"deleting"}).intersection(words):
        return "refused"
    ready = words == [""] or _FILE_READY.intersection((words[0], words[-1]))
    return "ready" if ready and "not" not in words else "processing"


def reason(reply: Any) -> str:
    """Why a file or job failed, as one line; "" if the reply does not say.

    `reply`: an object of the SDK, whose fields may be of any type.
    """
    data = _as_sent(reply)
    value = next((data[name] for name in _REASONS if data.get(name)), None)
    words = quoted(message_in(value))
    code = value.get("code") if isinstance(value, dict) else None
    return f"{code}: {words}" if code and str(code) not in words else words


def entries(page: Any) -> Iterator[dict[str, Any]]:
    """The entries of a list and of its further pages, as the service sent them.

    Stops at a page without anything new: some services send the same page for ever.
    """
    known: set[str] = set()
    for _ in range(_MOST_PAGES):
        data = getattr(page, "data", None)
        sent = map(_as_sent, data if isinstance(data, list) else [])
        fresh = {key: entry for entry in sent if entry and (key := entry_key(entry)) not in known}
        known |= fresh.keys()
        yield from fresh.values()
        if not fresh or not page.has_next_page():
            return
        page = page.get_next_page()


def entry_key(entry: dict[str, Any]) -> str:
    """The identity of an entry in a list: its id, or its whole content where it has none."""
    return str(entry.get("id") or sorted(entry.items(), key=str))


def _as_sent(reply: Any) -> dict[str, Any]:
    """The JSON object behind an object of the SDK; {} for anything else."""
    data = reply.to_dict(mode="json", warnings=False) if hasattr(reply, "to_dict") else reply
    return data if isinstance(data, dict) else {}


def _spelling(reply: Any) -> str:
    """ "JOB_STATE_SUCCEEDED", "In progress" and "InProgress" as succeeded and in_progress."""
    value = getattr(reply, "status", None) or getattr(reply, "state", None)
    if isinstance(value, dict):
        value = value.get("state") or value.get("status")
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(value or ""))
    text = re.sub(r"[\W_]+", "_", text.lower()).strip("_")
    return re.sub(r"^(?:job_|file_)?(?:state|status)_", "", text)
