"""The service behind the API, and how its parts read bodies and send pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from rft.config import Settings
from rft.local.api.errors import ApiError, invalid
from rft.local.catalog import Catalog
from rft.local.store import Store
from rft.reading import parse_json

if TYPE_CHECKING:
    from rft.local.engines import Engines
    from rft.local.scheduler import Scheduler

MAX_JSON = 8 << 20
"""Bytes of a JSON body."""
MAX_UPLOAD = 512 << 20
"""Bytes of an uploaded file with its form, as at OpenAI."""


@dataclass
class Service:
    """The open service, with the settings of the project it was started in."""

    store: Store
    catalog: Catalog
    engines: Engines
    scheduler: Scheduler
    settings: Settings
    gradings: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))


def service_of(request: Request) -> Service:
    """The service that got this request."""
    service: Service = request.app.state.service
    return service


async def json_body(request: Request) -> dict[str, Any]:
    """The body as a JSON object; ApiError 400 or 415 if it is not one.

    The content type is required because a web page cannot send it to another site by itself.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "Send the body as JSON with Content-Type: application/json.")
    try:
        data = parse_json((await request.body()).decode())
    except UnicodeDecodeError:
        data = None
    if not isinstance(data, dict):
        raise ApiError(400, "The body is not a JSON object; correct it.", code="invalid_json")
    return data


def page(
    request: Request, entries: list[Any], shown: Callable[[Any], Any], *, default: int, most: int
) -> JSONResponse:
    """A cursor page of what follows the entry named by ?after; `shown` makes an entry's JSON."""
    text = request.query_params.get("limit", str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= most:
        raise invalid("limit", f"write a whole number from 1 to {most}, not {text[:40]!r}")
    if after := request.query_params.get("after"):
        ids = [entry.id for entry in entries]
        if after not in ids:
            raise invalid("after", f"no entry '{after[:100]}'")
        entries = entries[ids.index(after) + 1 :]
    data = [shown(entry) for entry in entries[: int(text)]]
    return JSONResponse(
        {
            "object": "list",
            "data": data,
            "has_more": len(entries) > len(data),
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
        }
    )
