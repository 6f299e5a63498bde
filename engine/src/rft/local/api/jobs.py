"""/v1/fine_tuning/jobs"""

from __future__ import annotations

import shutil
from typing import Any

from openai.types.fine_tuning import FineTuningJobEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rft.jobs.body import JobBody
from rft.local.api.errors import ApiError, invalid, not_found
from rft.local.api.graders import read_spec
from rft.local.api.service import Service, json_body, page, service_of
from rft.local.contract import parsed_job
from rft.local.store import Checkpoint, Job, new_id

_SHOWN = ("id", "created_at", "error", "fine_tuned_model", "finished_at", "estimated_finish",
          "status", "trained_tokens")  # fmt: skip


def shown(job: Job) -> dict[str, Any]:
    """The job object."""
    body, method = job.body, job.body["method"]
    hyperparameters = method[method["type"]].get("hyperparameters") or {}
    basic = ("batch_size", "learning_rate_multiplier", "n_epochs")
    return {name: getattr(job, name) for name in _SHOWN} | {
        "object": "fine_tuning.job",
        "hyperparameters": {name: hyperparameters.get(name, "auto") for name in basic},
        "model": body["model"],
        "organization_id": "org-local",
        "result_files": [job.result_file] if job.result_file else [],
        "seed": body.get("seed") or 0,
        "training_file": body["training_file"],
        "validation_file": body.get("validation_file"),
        "integrations": [],
        "metadata": body.get("metadata"),
        "method": method,
    }


def shown_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    """The checkpoint object."""
    return {
        "id": checkpoint.id,
        "object": "fine_tuning.job.checkpoint",
        "created_at": checkpoint.created_at,
        "fine_tuned_model_checkpoint": checkpoint.model,
        "fine_tuning_job_id": checkpoint.job,
        "metrics": checkpoint.metrics,
        "step_number": checkpoint.step,
    }


async def create(request: Request) -> Response:
    """POST: refuses at once whatever can be refused without reading the rows."""
    service = service_of(request)
    body = parsed_job(await json_body(request))
    job = await run_in_threadpool(_create, body, service)
    service.scheduler.poke()
    return JSONResponse(shown(job))


def _create(body: JobBody, service: Service) -> Job:
    if service.catalog.get(body.model) is None:
        raise not_found("model", body.model, "model")
    if body.method.reinforcement:
        read_spec(body.method.reinforcement.grader, service.settings)
    ids = {"train": body.training_file}
    if body.validation_file:
        ids["validation"] = body.validation_file
    for split, file_id in ids.items():
        file = service.store.file(file_id)
        if file is None or file.purpose != "fine-tune":
            fault = "no such file" if file is None else "its purpose is not fine-tune"
            name = "training_file" if split == "train" else "validation_file"
            raise invalid(name, f"{fault}: '{file_id[:100]}'", "invalid_file")
    job_id = new_id("ftjob")
    folder = service.store.job_folder(job_id)
    folder.mkdir(mode=0o700)
    for split, file_id in ids.items():  # a copy: the file may be deleted while the job runs
        shutil.copyfile(service.store.file_path(file_id), folder / f"{split}.jsonl")
    return service.store.add_job(job_id, body.wire())


def _job(request: Request) -> Job:
    job_id = request.path_params["job_id"]
    try:
        return service_of(request).store.job(job_id)
    except KeyError:
        raise not_found("fine_tuning_job", job_id, "fine_tuning_job_id") from None


async def listed(request: Request) -> Response:
    """GET: a page of the jobs, newest first; ?metadata[k]=v keeps those that have it."""
    jobs = service_of(request).store.jobs()
    for name, value in request.query_params.items():
        if name.startswith("metadata[") and name.endswith("]"):
            key = name[len("metadata[") : -1]
            jobs = [j for j in jobs if (j.body.get("metadata") or {}).get(key) == value]
    return page(request, jobs, shown, default=20, most=1000)


async def retrieve(request: Request) -> Response:
    """GET /{id}."""
    return JSONResponse(shown(_job(request)))


async def events(request: Request) -> Response:
    """GET /{id}/events: newest first."""
    entries = service_of(request).store.events(_job(request).id)
    return page(request, entries, FineTuningJobEvent.model_dump, default=20, most=1000)


async def checkpoints(request: Request) -> Response:
    """GET /{id}/checkpoints: latest step first."""
    entries = service_of(request).store.checkpoints(_job(request).id)
    return page(request, entries, shown_checkpoint, default=10, most=1000)


Change = tuple[tuple[str, ...], dict[str, str], str]
"""The states in which a job can be changed, its new columns, and the message of the event."""


async def cancel(request: Request) -> Response:
    """POST /{id}/cancel: at once; the worker is ended."""
    states = ("validating_files", "queued", "running", "pausing", "paused")
    change = (states, {"status": "cancelled"}, "The job was cancelled.")
    return _change(request, "cancelled", change)


async def pause(request: Request) -> Response:
    """POST /{id}/pause: after the current step, with a snapshot that can be evaluated."""
    early = (("queued",), {"status": "paused"}, "The job was paused before it started.")
    pausing = {"status": "pausing", "wanted": "pause"}
    late = (("running",), pausing, "The job will pause after the current step.")
    return _change(request, "paused", early, late)


async def resume(request: Request) -> Response:
    """POST /{id}/resume: a paused job continues from its snapshot."""
    queued = {"status": "queued", "wanted": ""}
    change = (("paused",), queued, "The job was resumed; it waits for its turn.")
    return _change(request, "resumed", change)


def _change(request: Request, verb: str, *changes: Change) -> Response:
    job, service = _job(request), service_of(request)
    store = service.store
    for states, values, message in changes:
        if store.update_job(job.id, only_if=states, **values):
            store.add_event(job.id, message)
            service.scheduler.poke()
            return JSONResponse(shown(store.job(job.id)))
    allowed = sorted(state for states, _, _ in changes for state in states)
    raise ApiError(
        400,
        f"Job {job.id} is {store.job(job.id).status} and cannot be {verb}; that is possible while "
        f"it is {' or '.join(allowed)}.",
        code="invalid_job_status",
    )
