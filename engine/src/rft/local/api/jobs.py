"""/v1/fine_tuning/jobs"""

from __future__ import annotations

import shutil
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rft.local.api.errors import ApiError, not_found
from rft.local.api.graders import read_spec
from rft.local.api.service import Service, json_body, page, service_of
from rft.local.contract import JobBody, parsed
from rft.local.store import Checkpoint, Event, Job, new_id


def shown(job: Job) -> dict[str, Any]:
    """The job object."""
    body = job.body
    method = body["method"]
    basic = ("batch_size", "learning_rate_multiplier", "n_epochs")
    hyperparameters = method[method["type"]]["hyperparameters"]
    return {
        "id": job.id,
        "object": "fine_tuning.job",
        "created_at": job.created_at,
        "error": job.error,
        "fine_tuned_model": job.fine_tuned_model,
        "finished_at": job.finished_at,
        "estimated_finish": job.estimated_finish,
        "hyperparameters": {name: hyperparameters[name] for name in basic},
        "model": body["model"],
        "organization_id": "org-local",
        "result_files": [job.result_file] if job.result_file else [],
        "seed": body.get("seed") or 0,
        "status": job.status,
        "trained_tokens": job.trained_tokens,
        "training_file": body["training_file"],
        "validation_file": body.get("validation_file"),
        "integrations": [],
        "metadata": body.get("metadata"),
        "method": method,
    }


def shown_event(event: Event) -> dict[str, Any]:
    """The event object."""
    return {
        "id": event.id,
        "object": "fine_tuning.job.event",
        "created_at": event.created_at,
        "level": event.level,
        "message": event.message,
        "type": event.type,
        "data": event.data,
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
    """POST: everything that can be refused without reading the rows is refused now."""
    data = await json_body(request)
    service = service_of(request)
    if isinstance(method := data.get("method"), dict) and method.get("type") == "dpo":
        raise ApiError(
            400,
            "Method 'dpo' is not offered here; use supervised or reinforcement.",
            param="method.type",
            code="unsupported_value",
        )
    body = parsed(JobBody, data)
    job = await run_in_threadpool(_create, body, service)
    service.scheduler.poke()
    return JSONResponse(shown(job))


def _create(body: JobBody, service: Service) -> Job:
    if service.catalog.get(body.model) is None:
        raise not_found("model", body.model, "model")
    method = body.method
    if method and method.reinforcement:
        read_spec(method.reinforcement.grader, service.settings)
    given = {"train": body.training_file, "validation": body.validation_file}
    names = {"train": "training_file", "validation": "validation_file"}
    for split, file_id in given.items():
        if file_id is None:
            continue
        file = service.store.file(file_id)
        if file is None or file.purpose != "fine-tune":
            told = "no such file" if file is None else "its purpose is not fine-tune"
            raise ApiError(
                400,
                f"Invalid '{names[split]}': {told}: '{file_id[:100]}'.",
                param=names[split],
                code="invalid_file",
            )
    job_id = new_id("ftjob")
    folder = service.store.job_folder(job_id)
    folder.mkdir(mode=0o700)
    for split, file_id in given.items():
        if file_id is not None:  # a copy: the file may be deleted while the job runs
            shutil.copyfile(service.store.file_path(file_id), folder / f"{split}.jsonl")
    return service.store.add_job(job_id, body.model_dump(mode="json", by_alias=True))


def _job(request: Request) -> Job:
    given = request.path_params["job_id"]
    try:
        return service_of(request).store.job(given)
    except KeyError:
        raise not_found("fine_tuning_job", given, "fine_tuning_job_id") from None


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
    found = service_of(request).store.events(_job(request).id)
    return page(request, found, shown_event, default=20, most=1000)


async def checkpoints(request: Request) -> Response:
    """GET /{id}/checkpoints: latest step first."""
    found = service_of(request).store.checkpoints(_job(request).id)
    return page(request, found, shown_checkpoint, default=10, most=1000)


async def cancel(request: Request) -> Response:
    """POST /{id}/cancel: at once; the worker is ended."""
    open_ones = {"validating_files", "queued", "running", "pausing", "paused"}
    return _change(request, "cancel", open_ones)


async def pause(request: Request) -> Response:
    """POST /{id}/pause: after the step under way, with a snapshot that can be asked."""
    return _change(request, "pause", {"queued", "running"})


async def resume(request: Request) -> Response:
    """POST /{id}/resume: a paused job goes on from its snapshot."""
    return _change(request, "resume", {"paused"})


def _change(request: Request, verb: str, allowed: set[str]) -> Response:
    job = _job(request)
    service = service_of(request)
    store = service.store
    changed = False
    if verb == "cancel":
        changed = store.update_job(job.id, only_if=tuple(allowed), status="cancelled")
        told = "The job was cancelled."
    elif verb == "resume":
        changed = store.update_job(job.id, only_if=("paused",), status="queued", wanted="")
        told = "The job was resumed; it waits for its turn."
    else:
        changed = store.update_job(job.id, only_if=("queued",), status="paused")
        told = "The job was paused before it started."
        if not changed:
            changed = store.update_job(
                job.id, only_if=("running",), status="pausing", wanted="pause"
            )
            told = "The job will pause after the step under way."
    if not changed:
        status = store.job(job.id).status
        raise ApiError(
            400,
            f"Job {job.id} is {status} and cannot be {verb}{'d' if verb[-1] == 'e' else 'led'}; "
            f"that is possible while it is {' or '.join(sorted(allowed))}.",
            code="invalid_job_status",
        )
    store.add_event(job.id, told)
    service.scheduler.poke()
    return JSONResponse(shown(store.job(job.id)))
