"""The ASGI application: who may ask, how much, and which function answers."""

from __future__ import annotations

import hmac
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rft.local.api import chat, files, graders, jobs
from rft.local.api.errors import ApiError
from rft.local.api.service import MAX_JSON, MAX_UPLOAD, Service
from rft.local.store import new_id

_LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
_JOBS = "/v1/fine_tuning/jobs"
_GRADERS = "/v1/fine_tuning/alpha/graders"
_ROUTES = [
    ("GET", "/v1/models", chat.listed),
    ("GET", "/v1/models/{model:path}", chat.retrieve),
    ("POST", "/v1/chat/completions", chat.complete),
    ("POST", "/v1/files", files.create),
    ("GET", "/v1/files", files.listed),
    ("GET", "/v1/files/{file_id}", files.retrieve),
    ("DELETE", "/v1/files/{file_id}", files.delete),
    ("GET", "/v1/files/{file_id}/content", files.content),
    ("POST", f"{_GRADERS}/validate", graders.validate),
    ("POST", f"{_GRADERS}/run", graders.run),
    ("POST", _JOBS, jobs.create),
    ("GET", _JOBS, jobs.listed),
    ("GET", f"{_JOBS}/{{job_id}}", jobs.retrieve),
    ("GET", f"{_JOBS}/{{job_id}}/events", jobs.events),
    ("GET", f"{_JOBS}/{{job_id}}/checkpoints", jobs.checkpoints),
    ("POST", f"{_JOBS}/{{job_id}}/cancel", jobs.cancel),
    ("POST", f"{_JOBS}/{{job_id}}/pause", jobs.pause),
    ("POST", f"{_JOBS}/{{job_id}}/resume", jobs.resume),
]


def make_app(service: Service, *, key: str, loopback: bool) -> ASGIApp:
    """The application. `key`: required as bearer token if not empty. `loopback`: whether only this
    machine can reach it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        service.scheduler.start()
        try:
            yield
        finally:
            await run_in_threadpool(service.scheduler.stop)
            await run_in_threadpool(service.engines.close)
            service.store.close()

    app = Starlette(
        routes=[Route(path, endpoint, methods=[verb]) for verb, path, endpoint in _ROUTES],
        exception_handlers={
            ApiError: _api_error,
            HTTPException: _http_error,
            Exception: _defect,
        },
        lifespan=lifespan,
    )
    app.state.service = service
    return _gate(app, key, loopback=loopback)


def _answer(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body(), error.status)


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _answer(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        message = f"Unknown request: {request.method} {request.url.path[:200]}."
        return _answer(ApiError(error.status_code, message, code="unknown_url"))
    return _answer(ApiError(error.status_code, error.detail))


async def _defect(_: Request, error: Exception) -> Response:
    traceback.print_exception(error)
    message = f"{type(error).__name__} in the service (a defect of rft; its log shows where)."
    return _answer(ApiError(500, message, code="internal_error"))


def _gate(app: ASGIApp, key: str, *, loopback: bool) -> ASGIApp:
    """Refuse strangers, web pages and bodies that are too large before anything is read.

    On loopback without a key a web page in the user's browser is the stranger to fear, since
    graders are code: such a page sends an Origin, or another Host than this machine's.
    """

    async def gated(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        limit = MAX_UPLOAD if scope["path"] == "/v1/files" else MAX_JSON
        too_large = ApiError(
            413, f"The body is larger than {limit >> 20} MB.", code="request_too_large"
        )
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise too_large
            return message

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = new_id("req")
            await send(message)

        headers = Headers(scope=scope)
        refusal = _refusal(headers, key, loopback=loopback)
        length = headers.get("content-length", "")
        if refusal is None and length.isdigit() and int(length) > limit:
            refusal = too_large
        await (_answer(refusal) if refusal else app)(scope, receive_counted, send_with_id)

    return gated


def _refusal(headers: Headers, key: str, *, loopback: bool) -> ApiError | None:
    if "origin" in headers:
        return ApiError(403, "Web pages may not use this service.", code="origin_refused")
    host = headers.get("host", "").rsplit(":", 1)[0].lower()
    if loopback and host not in _LOCAL_NAMES:
        return ApiError(403, f"Unknown host '{host[:100]}'.", code="host_refused")
    if key:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), key.encode())
        if scheme.lower() != "bearer" or not right:
            message = "Incorrect API key; send the key that the service was started with."
            return ApiError(401, message, code="invalid_api_key")
    return None
