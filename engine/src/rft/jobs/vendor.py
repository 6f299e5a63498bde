"""The client of the training service, and its errors as sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from rft import config, endpoint
from rft.config import Settings
from rft.errors import UserError
from rft.jobs import local_service
from rft.jobs.metrics import number
from rft.redaction import redact_url

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob

MARK = "body_sha256"
"""Key of the job's metadata by which it is found again."""
TIMEOUT_S = 120.0
CLOSED = (
    "{url} takes no training job from your organisation (403 training_not_available): OpenAI "
    "closed fine-tuning to new organisations on 2026-05-07 and to all on 2027-01-06; set "
    "[endpoint] profile to bedrock, foundry or local in rft.toml and run rft train again."
)


def connect(settings: Settings) -> OpenAI:
    """A client of the service that takes this project's training jobs; ours is started if need be.

    Raises UserError for a missing key or address, OutsideError when ours does not start.
    """
    return endpoint.sync_client(
        config.train_url(settings) or local_service.ensure(settings.root),
        config.api_key(settings.endpoint),
        max_retries=settings.sampling.max_retries,
        timeout_s=TIMEOUT_S,
    )


def address(client: OpenAI) -> str:
    """The client's address without secrets."""
    return endpoint.address(client).rstrip("/")


def remembered_as(settings: Settings) -> str:
    """The name under which this vendor's jobs and uploads are stored; "" without an address."""
    try:
        url = config.train_url(settings)
    except UserError:  # a dry run needs none; connect says what is missing
        return ""
    return redact_url(url).rstrip("/") if url else local_service.NAME


@contextmanager
def explained(client: OpenAI, doing: str) -> Iterator[None]:
    """Turn the SDK's exceptions into ours; `doing` names the request, as a noun."""
    try:
        yield
    except Exception as error:
        fault = endpoint.fault_of(error, client)
        if fault is None:
            raise
        if fault.kind == "access" and fault.code == "training_not_available":
            raise UserError(CLOSED.format(url=fault.url)) from None
        advice = (
            "ask for access, or train on another profile"
            if fault.kind == "access"
            else "correct the name, or the address under [train] or [endpoint] in rft.toml"
        )
        raise fault.error(doing, advice) from None


def shutdown_date(client: OpenAI, model: str) -> date | None:
    """The day on which the vendor ends a model, if it says so.

    Raises UserError when the vendor knows no such model; a vendor that has no such page passes.
    """
    try:
        entry = client.models.retrieve(model)
    except Exception as error:
        fault = endpoint.fault_of(error, client)
        if fault and fault.kind == "missing" and fault.code == "model_not_found":
            raise UserError(
                f"{address(client)} knows no model '{model}'; correct [models] in rft.toml or "
                "--from."
            ) from None
        if fault and fault.kind in ("key", "timeout", "unreachable"):
            raise fault.error("the request for the model", "") from None
        return None
    try:
        return date.fromisoformat(str(entry.to_dict().get("shutdown_date")))
    except (ValueError, AttributeError):  # no date, or a reply that is not a model
        return None


def create(client: OpenAI, body: dict[str, Any]) -> FineTuningJob:
    """Send a job, without retries: a repeated POST could create two."""
    rest = {k: v for k, v in body.items() if k not in ("model", "training_file")}
    with explained(client, "the job"):
        return client.with_options(max_retries=0).fine_tuning.jobs.create(
            model=body["model"], training_file=body["training_file"], extra_body=rest
        )


def find_sent(
    client: OpenAI, body: dict[str, Any], since: float, known: Collection[str]
) -> FineTuningJob | None:
    """The job that was created from `body` at or after `since` (Unix time), if there is one.

    It is looked for when a command was killed before it could store the id; `known`: stored ids.
    """
    mark = (body.get("metadata") or {}).get(MARK)
    with explained(client, "asking for the jobs"):
        page = client.fine_tuning.jobs.list(limit=100)
    jobs: list[FineTuningJob] = getattr(page, "data", None) or []
    for job in jobs:
        metadata, created = getattr(job, "metadata", None), number(getattr(job, "created_at", None))
        job_mark = metadata.get(MARK) if isinstance(metadata, dict) else None
        same = [getattr(job, name, None) for name in ("training_file", "model")]
        # A minute for clocks that differ.
        if (
            [*same, job_mark] == [body["training_file"], body["model"], mark]
            and job.id not in known
            and (created is None or created >= since - 60)
        ):
            return job
    return None
