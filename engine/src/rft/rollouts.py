"""Sample k answers per item from any OpenAI-compatible endpoint.

The openai SDK does the waiting: it retries connection errors, 408, 409, 429 and 5xx with back-off
and obeys Retry-After. What still fails is an infrastructure failure: it has no reward and is drawn
again by the next run. A wrong key or model stops everything at once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rft.config import PROFILES, Sampling, Settings, redact
from rft.errors import OutsideError, UserError
from rft.records import Sample

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletion
    from pydantic import BaseModel

_REFUSED = "{url} refused the key (401); set a valid one in the environment or in .env."
_THINK = re.compile(r"^\s*(?:<think>)?(?P<inside>.*?)</think>\s*", re.DOTALL)


class AnswerFailedError(Exception):
    """One request failed for good; str(e) is the sentence for the record."""


def client(url: str, key: str, sampling: Sampling) -> AsyncOpenAI:
    """An AsyncOpenAI client that waits and retries as the settings say."""
    import openai

    return openai.AsyncOpenAI(
        base_url=url, api_key=key, max_retries=sampling.max_retries, timeout=sampling.timeout_s
    )


def response_format(answer: type[BaseModel], sampling: Sampling) -> dict[str, Any] | None:
    """The strict JSON-schema response format of the Answer model (platform contract)."""
    if sampling.response_format == "none":
        return None
    if sampling.response_format == "json_object":
        return {"type": "json_object"}
    from openai.lib._pydantic import to_strict_json_schema

    schema = to_strict_json_schema(answer)
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }


def request(
    settings: Settings,
    model: str,
    messages: list[dict[str, Any]],
    form: dict[str, Any] | None,
    seed: int,
) -> dict[str, Any]:
    """The body of one chat completion, with the roles the endpoint understands."""
    body: dict[str, Any] = {
        "model": model,
        "messages": with_roles(messages, settings.endpoint.profile),
        "max_completion_tokens": settings.sampling.max_tokens,
        "seed": seed,
    }
    if settings.sampling.temperature is not None:
        body["temperature"] = settings.sampling.temperature
    if form:
        body["response_format"] = form
    return body


def with_roles(messages: list[dict[str, Any]], profile: str) -> list[dict[str, Any]]:
    """The messages with the developer's under the role that the endpoint expects."""
    return instructed_by(messages, PROFILES[profile].instruction_role)


def instructed_by(messages: list[dict[str, Any]], role: str) -> list[dict[str, Any]]:
    """The messages with the developer's under another role."""
    return [m | {"role": role} if m["role"] == "developer" else m for m in messages]


async def reachable(client: AsyncOpenAI) -> None:
    """Ask the endpoint for its models, once, before a thousand answers.

    Raises OutsideError when nobody is there and UserError when the key is refused; an endpoint
    that has no list of models passes.
    """
    import openai

    try:
        await client.with_options(max_retries=1, timeout=15).models.list()
    except openai.AuthenticationError:
        raise UserError(_REFUSED.format(url=redact(str(client.base_url)))) from None
    except openai.APIConnectionError as error:
        raise OutsideError(
            f"{redact(str(client.base_url))} cannot be reached ({error.__cause__ or error}); "
            "correct endpoint.base_url in rft.toml, or start the server, and try again."
        ) from None
    except (openai.APIError, ValueError):
        return


async def answer(
    client: AsyncOpenAI,
    body: Mapping[str, Any],
    settings: str = "[models] or endpoint.base_url",
) -> Sample:
    """Draw one answer. `settings`: what to correct in rft.toml when the endpoint knows no model.

    Raises AnswerFailedError when this request failed after all retries, and UserError or
    OutsideError when every further request would fail as well.
    """
    started = time.perf_counter()
    with _explained(str(body["model"]), client, settings):
        completion: ChatCompletion = await client.chat.completions.create(**body)
        if isinstance(completion, str):  # what the SDK makes of a page that is no JSON
            raise ValueError("a page of text")
    return to_sample(completion, time.perf_counter() - started)


def to_sample(completion: ChatCompletion, latency_s: float) -> Sample:
    """The Sample in a completion; reasoning is kept apart from the answer.

    Raises AnswerFailedError when the endpoint sent no choice at all, or something else: the SDK
    takes any JSON for a completion.
    """
    try:
        if completion.choices:
            return _sample(completion, latency_s)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise AnswerFailedError("The endpoint's answer was no completion.") from None
    raise AnswerFailedError("The endpoint sent a completion without any choice.")


def _sample(completion: ChatCompletion, latency_s: float) -> Sample:
    choice = completion.choices[0]
    message = choice.message
    text, reasoning = split_reasoning(_clean(message.content or ""))
    told = (message.model_extra or {}).get("reasoning_content")
    usage = completion.usage
    return Sample(
        output_text=text,
        reasoning=reasoning or (_clean(told) if isinstance(told, str) and told else None),
        tool_calls=[call.model_dump(mode="json") for call in message.tool_calls or []],
        finish_reason=choice.finish_reason,
        refusal=message.refusal,
        usage={
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
        }
        if usage
        else {},
        latency_s=round(latency_s, 3),
        model=completion.model,
    )


def split_reasoning(text: str) -> tuple[str, str | None]:
    """(answer, reasoning) of an open model's text with a leading <think> block.

    A block that was never closed (cut off) is all reasoning: the answer is empty.
    """
    if match := _THINK.match(text):
        return text[match.end() :], match["inside"].strip()
    if text.lstrip().startswith("<think>"):
        return "", text.lstrip().removeprefix("<think>").strip()
    return text, None


def _clean(text: str) -> str:
    """Lone surrogates cannot be written as UTF-8; they become '?'."""
    return text.encode("utf-8", "replace").decode("utf-8")


def vendor_message(error: Exception, key: str) -> str:
    """What the vendor said, on one line and without the key, which some quote."""
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(message or error).split())[:300].replace(key, "***")


@contextmanager
def _explained(model: str, client: AsyncOpenAI, settings: str) -> Iterator[None]:
    """Turn the SDK's exceptions into ours; what they quote never holds the key."""
    import openai

    url = redact(str(client.base_url))

    def told(error: Exception) -> str:
        return vendor_message(error, client.api_key)

    try:
        yield
    except openai.AuthenticationError:
        raise UserError(_REFUSED.format(url=url)) from None
    except openai.PermissionDeniedError as error:
        raise UserError(
            f"{url} does not allow this (403): {told(error)}; ask for access or use another model."
        ) from None
    except openai.NotFoundError as error:
        raise UserError(
            f"{url} knows no model '{model}' or no such path (404): {told(error)}; correct "
            f"{settings} in rft.toml."
        ) from None
    except openai.APITimeoutError:
        raise AnswerFailedError("The endpoint took longer than sampling.timeout_s.") from None
    except openai.APIConnectionError as error:
        raise AnswerFailedError(f"{url} cannot be reached: {error.__cause__ or error}.") from None
    except openai.APIStatusError as error:
        wait = error.response.headers.get("retry-after")
        hint = f" (it asks to wait {wait} s)" if wait else ""
        raise AnswerFailedError(
            f"The endpoint answered {error.status_code}{hint}: {told(error)}"
        ) from None
    except openai.APIError as error:
        raise AnswerFailedError(f"The endpoint's answer was no completion: {told(error)}") from None
    except ValueError as error:
        raise OutsideError(f"{url} sent what is no JSON ({error}); is it an API address?") from None
