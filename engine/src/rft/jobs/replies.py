"""What services answer about files and jobs, in the contract's words.

OpenAI's contract names a few states; Azure, Bedrock, Mistral, Together, Fireworks and Vertex spell
them otherwise and have more of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from rft.endpoint import message_in, quoted

OVER = ("succeeded", "failed", "cancelled")
"""States after which nothing happens any more."""
RUNNING = (
    "validating_files", "queued", "running", "pausing", "paused", "resuming", "cancelling",
)  # fmt: skip
_JOB_STATES: dict[str, str] = {
    spelling: state
    for state, spellings in {
        "succeeded": "success successful completed complete done finished early_stopped "
        "partially_succeeded partially_completed",
        "failed": "failure error errored user_error system_error failed_validation "
        "validation_failed rejected expired timeout timed_out crashed",
        "cancelled": "canceled user_cancelled user_canceled cancelled_by_user canceled_by_user "
        "aborted stopped terminated deleted",
        "cancelling": "canceling cancel_requested cancellation_requested stopping deleting",
        "queued": "pending created submitted scheduled waiting accepted not_running not_started",
        "running": "in_progress training started active processing validated preprocessing "
        "postprocessing compressing uploading",
        "validating_files": "validating",
        "paused": "suspended",
    }.items()
    for spelling in spellings.split()
}
_FILE_READY = {
    "", "none", "processed", "ready", "completed", "complete", "succeeded", "success", "available",
    "active", "done", "valid", "validated",
}  # fmt: skip
_FILE_REFUSED = {
    "error", "errored", "failed", "failure", "deleted", "deleting", "cancelled", "canceled",
    "expired", "rejected", "invalid", "validation_failed", "failed_validation",
}  # fmt: skip
_REASONS = (
    "error", "status_details", "failure_reason", "failure_message", "failureReason",
    "failureMessage", "status_message", "statusMessage", "reason", "detail", "message",
)  # fmt: skip


def job_status(job: Any) -> str:
    """The state of a job as the contract spells it; an unknown one as it came, in lower case.

    A job of an unknown state that has ended by its `finished_at` has succeeded if it names a model.
    """
    spelled = _snake(getattr(job, "status", None))
    status = _JOB_STATES.get(spelled, spelled)
    if status in OVER or status in RUNNING or not getattr(job, "finished_at", None):
        return status
    return "succeeded" if getattr(job, "fine_tuned_model", None) else "failed"


def file_state(file: Any) -> Literal["ready", "refused", "processing"]:
    """Whether an uploaded file can be used; "processing" under whatever name it is given."""
    status = _snake(getattr(file, "status", None))
    if status in _FILE_REFUSED:
        return "refused"
    return "ready" if status in _FILE_READY else "processing"


def reason(reply: Any) -> str:
    """Why a file or job failed, as one line; "" if the reply does not say.

    `reply`: an object of the SDK, whose fields may be of any type.
    """
    data = reply.to_dict(mode="json", warnings=False) if hasattr(reply, "to_dict") else {}
    for name in _REASONS:
        value = data.get(name)
        if value:
            code = value.get("code") if isinstance(value, dict) else None
            words = quoted(message_in(value))
            return f"{code}: {words}" if code and str(code) not in words else words
    return ""


def entries(page: Any) -> Iterator[dict[str, Any]]:
    """The entries of a list and of its further pages, as the service sent them.

    Stops at a page without anything new: some services send the same page for ever.
    """
    known: set[str] = set()
    while True:
        data = getattr(page, "data", None)
        fresh = []
        for entry in data if isinstance(data, list) else []:
            sent = (
                entry.to_dict(mode="json", warnings=False) if hasattr(entry, "to_dict") else entry
            )
            if isinstance(sent, dict) and (key := entry_key(sent)) not in known:
                known.add(key)
                fresh.append(sent)
        yield from fresh
        if not fresh or not page.has_next_page():
            return
        page = page.get_next_page()


def entry_key(entry: dict[str, Any]) -> str:
    """What tells one entry of a list from another: its id, else all that it says."""
    return str(entry.get("id") or sorted(entry.items(), key=str))


def _snake(value: Any) -> str:
    """ "JOB_STATE_SUCCEEDED", "In progress" and "InProgress" as succeeded and in_progress."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(value if value is not None else "").strip())
    text = re.sub(r"[\s-]+", "_", text.lower())
    return re.sub(r"^(?:job_|file_)?(?:state|status)_", "", text)
