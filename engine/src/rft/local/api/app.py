"""The ASGI application: who may ask, how much, and which function answers."""

from __future__ import annotations

import hmac
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
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
Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(service: Service, *, key: str, loopback: bool) -> Starlette:
    """The application. `key`: demanded as bearer if not empty."""
    job = "/v1/fine_tuning/jobs/{job_id}"
    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "/v1/models", chat.listed),
        ("GET", "/v1/models/{model:path}", chat.retrieve),
        ("POST", "/v1/chat/completions", chat.complete),
        ("POST", "/v1/files", files.create),
        ("GET", "/v1/files", files.listed),
        ("GET", "/v1/files/{file_id}", files.retrieve),
        ("DELETE", "/v1/files/{file_id}", files.delete),
        ("GET", "/v1/files/{file_id}/content", files.content),
        ("POST", "/v1/fine_tuning/alpha/graders/validate", graders.validate),
        ("POST", "/v1/fine_tuning/alpha/graders/run", graders.run),
        ("POST", "/v1/fine_tuning/jobs", jobs.create),
        ("GET", "/v1/fine_tuning/jobs", jobs.listed),
        ("GET", job, jobs.retrieve),
        ("GET", f"{job}/events", jobs.events),
        ("GET", f"{job}/checkpoints", jobs.checkpoints),
        ("POST", f"{job}/cancel", jobs.cancel),
        ("POST", f"{job}/pause", jobs.pause),
        ("POST", f"{job}/resume", jobs.resume),
    ]

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
        routes=[Route(path, endpoint, methods=[verb]) for verb, path, endpoint in table],
        exception_handlers={
            ApiError: _api_error,
            HTTPException: _http_error,
            Exception: _defect,
        },
        lifespan=lifespan,
    )
    app.state.service = service
    app.add_middleware(Gate, key=key, loopback=loopback)
    return app


def _answer(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body(), error.status, {"x-request-id": new_id("req")})


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _answer(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        message = f"Unknown request: {request.method} {request.url.path[:200]}."
        return _answer(ApiError(error.status_code, message, code="unknown_url"))
    return _answer(ApiError(error.status_code, f"{error.detail}"))


async def _defect(_: Request, error: Exception) -> Response:
    traceback.print_exception(error)
    message = f"{type(error).__name__} in the service (a defect of rft; its log shows where)."
    return _answer(ApiError(500, message, code="internal_error"))


class Gate:
    """Refuses before anything is read: strangers, web pages, and bodies that are too large.

    On loopback without a key a web page in the user's browser is the stranger to fear, since
    graders are code: requests that carry an Origin, or another Host than this machine's, are its.
    """

    def __init__(self, app: ASGIApp, key: str, loopback: bool) -> None:
        self._app, self._key, self._loopback = app, key, loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and end of the service."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limit = MAX_UPLOAD if request.url.path == "/v1/files" else MAX_JSON
        if refused := self._refused(request, limit):
            await _answer(refused)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise _too_large(limit)
            return message

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                if b"x-request-id" not in names:
                    message["headers"].append((b"x-request-id", new_id("req").encode()))
            await send(message)

        await self._app(scope, counted, named)

    def _refused(self, request: Request, limit: int) -> ApiError | None:
        headers = request.headers
        if "origin" in headers:
            return ApiError(403, "Web pages may not ask this service.", code="origin_refused")
        host = headers.get("host", "").rsplit(":", 1)[0].lower()
        if self._loopback and host not in _LOCAL_NAMES:
            return ApiError(403, f"Unknown host '{host[:100]}'.", code="host_refused")
        if self._key:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            right = hmac.compare_digest(given.strip().encode(), self._key.encode())
            if scheme.lower() != "bearer" or not right:
                return ApiError(
                    401, "Incorrect API key; set the one of the service.", code="invalid_api_key"
                )
        size = headers.get("content-length", "")
        if size.isdigit() and int(size) > limit:
            return _too_large(limit)
        return None


def _too_large(limit: int) -> ApiError:
    return ApiError(413, f"The body is larger than {limit >> 20} MB.", code="request_too_large")
