"""/v1/models and /v1/chat/completions"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rft.endpoint import message_in
from rft.errors import OutsideError, UserError
from rft.local.api.errors import ApiError, invalid, not_found
from rft.local.api.service import json_body, service_of
from rft.local.catalog import Model
from rft.local.contract import ChatBody, parsed
from rft.local.store import new_id


def shown(model: Model) -> dict[str, Any]:
    """The model object."""
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owner,
        "shutdown_date": None,
    }


async def listed(request: Request) -> Response:
    """GET /models."""
    models = await run_in_threadpool(service_of(request).catalog.all)
    return JSONResponse({"object": "list", "data": [shown(model) for model in models]})


async def retrieve(request: Request) -> Response:
    """GET /models/{id}; ids may hold slashes."""
    return JSONResponse(shown(_model(request, request.path_params["model"])))


def _model(request: Request, model_id: str) -> Model:
    if (model := service_of(request).catalog.get(model_id)) is None:
        raise not_found("model", model_id, "model")
    return model


async def complete(request: Request) -> Response:
    """POST /chat/completions: answered by llama.cpp, `n` answers side by side."""
    body = parsed(ChatBody, await json_body(request))
    if body.stream:
        raise invalid("stream", "streaming is not offered here; leave it out", "unsupported_value")
    model = _model(request, body.model)
    forwarded = body.forwarded()
    engines = service_of(request).engines
    try:
        url = await run_in_threadpool(engines.url, model, forwarded["messages"])
    except UserError as error:
        raise ApiError(400, str(error), param="model", code="model_not_usable") from None
    except OutsideError as error:
        raise ApiError(503, str(error), param="model", code="model_not_loaded") from None
    requests = [forwarded | _seed(body, k) for k in range(body.n or 1)]
    async with httpx2.AsyncClient(timeout=None, trust_env=False) as client:
        answers = await asyncio.gather(*(_complete_one(client, url, sent) for sent in requests))
    return JSONResponse(_merged(answers, body.model))


def _seed(body: ChatBody, k: int) -> dict[str, Any]:
    return {} if body.seed is None else {"seed": body.seed + k}


async def _complete_one(
    client: httpx2.AsyncClient, url: str, body: dict[str, Any]
) -> dict[str, Any]:
    try:
        reply = await client.post(f"{url}/chat/completions", json=body)
        data = reply.json()
    except (httpx2.HTTPError, ValueError) as error:
        message = f"llama.cpp did not answer: {type(error).__name__}; try again."
        raise ApiError(503, message, code="engine_failed") from None
    if reply.status_code != 200 or not isinstance(data, dict) or not data.get("choices"):
        status = reply.status_code if 400 <= reply.status_code < 500 else 500
        message = f"llama.cpp refused the request: {message_in(data)}"
        raise ApiError(status, message, code="engine_refused")
    return data


def _merged(answers: list[dict[str, Any]], model: str) -> dict[str, Any]:
    """One completion object of all answers, with the contract's fields only."""
    empty = {"role": "assistant", "content": None, "refusal": None}
    choices = [
        {
            "index": index,
            "message": empty | answer["choices"][0]["message"],
            "finish_reason": answer["choices"][0]["finish_reason"],
            "logprobs": answer["choices"][0].get("logprobs"),
        }
        for index, answer in enumerate(answers)
    ]
    usage = [answer["usage"] for answer in answers]
    prompt = usage[0]["prompt_tokens"]  # read once, as the contract counts it
    completion = sum(part["completion_tokens"] for part in usage)
    return {
        "id": new_id("chatcmpl"),
        "object": "chat.completion",
        "created": answers[0]["created"],
        "model": model,
        "choices": choices,
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        },
    }
