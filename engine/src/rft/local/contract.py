"""What a client may send, as strict models of the contract's tables; errors name the parameter."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from rft.jobs.body import JobBody, ResponseFormat
from rft.jobs.hyper import StrictModel
from rft.local.api.errors import ApiError, invalid
from rft.local.plan import Extras
from rft.validation import field_problems

Body = TypeVar("Body", bound=BaseModel)
_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")


def _joined(content: Any) -> Any:
    """The text of a list of text parts; other content unchanged."""
    try:
        texts = [part["text"] for part in content if part["type"] == "text"]
        return "".join(texts) if len(texts) == len(content) else content
    except (TypeError, KeyError):
        return content


class ChatMessage(StrictModel):
    """One message; its content is a string or a list of text parts."""

    role: Literal["developer", "system", "user", "assistant", "tool"]
    content: Annotated[str | None, BeforeValidator(_joined)] = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None


class ChatBody(StrictModel):
    """The body of chat.completions.create, as far as llama.cpp's server understands it."""

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    n: Annotated[int, Field(ge=1, le=64)] | None = None
    stop: str | list[str] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    stream: bool | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    reasoning_effort: str | None = None

    def forwarded(self) -> dict[str, Any]:
        """The part for llama.cpp: one answer, with roles that its chat templates know."""
        handled_here = {"n", "stream", "user", "metadata", "store", "reasoning_effort"}
        body = self.model_dump(exclude_none=True, by_alias=True, exclude=handled_here)
        for message in body["messages"]:
            if message["role"] == "developer":
                message["role"] = "system"
        return body


class GraderBody(StrictModel):
    """The body of graders/validate."""

    grader: dict[str, Any]


class GraderRunBody(StrictModel):
    """The body of graders/run."""

    grader: dict[str, Any]
    model_sample: str
    item: dict[str, Any] = Field(default_factory=dict)


def parsed(model: type[Body], data: Any) -> Body:
    """The body as a model; raises ApiError 400 that names the parameter and its allowed values."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problem = field_problems(error, data)[0]
    param = problem.field or ""
    if problem.message == "is missing":
        message, code = f"Missing required parameter: '{param}'.", "missing_required_parameter"
    elif problem.message.startswith("is not a known field"):
        message, code = f"Unknown parameter: '{param}'.", "unknown_parameter"
    else:
        raise invalid(param, f"{problem.message}; {problem.remedy}")
    raise ApiError(400, message, param=param, code=code)


def parsed_job(data: dict[str, Any]) -> JobBody:
    """The body of fine_tuning.jobs.create; ApiError 400 for what this service does not do."""
    data = dict(data)
    if data.pop("integrations", None):
        raise invalid("integrations", "none is offered here", "unsupported_value")
    if data.get("method") is None:  # the older place of supervised hyperparameters
        part = {"hyperparameters": data.pop("hyperparameters", None)}
        data["method"] = {"type": "supervised", "supervised": part}
    elif isinstance(data["method"], dict) and data["method"].get("type") == "dpo":
        raise invalid("method.type", "use supervised or reinforcement", "unsupported_value")
    body = parsed(JobBody, data)
    if body.suffix and not _SUFFIX.fullmatch(body.suffix):
        raise invalid("suffix", "only letters, digits, spaces and ._- are allowed")
    try:
        Extras.of(body.metadata)
    except ValidationError as error:
        raise invalid("metadata", str(field_problems(error)[0])) from None
    return body
