"""What a client may send, as strict models of the contract's tables; what is wrong names itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from rft.jobs.hyper import ReinforcementHyper, SupervisedHyper
from rft.local.api.errors import ApiError

Body = TypeVar("Body", bound=BaseModel)
Suffix = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def _autos(given: SupervisedHyper) -> SupervisedHyper:
    """What was left out, as the contract's default."""
    unset = {name: "auto" for name, value in given if value is None}
    if "reasoning_effort" in unset:
        unset["reasoning_effort"] = "default"
    return given.model_copy(update=unset)


class SupervisedMethod(_Body):
    """method.supervised."""

    hyperparameters: Annotated[SupervisedHyper, AfterValidator(_autos)] = Field(
        default_factory=SupervisedHyper, validate_default=True
    )


class JsonSchema(_Body):
    """response_format.json_schema."""

    name: Annotated[str, Field(max_length=64)]
    description: str | None = None
    strict: bool | None = None
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class ResponseFormat(_Body):
    """A response format, of chat as well as of a training job."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _schema_where_it_belongs(self) -> ResponseFormat:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema is given exactly with type json_schema")
        return self


class ReinforcementMethod(_Body):
    """method.reinforcement; the grader is read by rft.graders."""

    grader: dict[str, Any]
    response_format: ResponseFormat | None = None
    hyperparameters: Annotated[ReinforcementHyper, AfterValidator(_autos)] = Field(
        default_factory=ReinforcementHyper, validate_default=True
    )


class Method(_Body):
    """method: one of the two that this service trains."""

    type: Literal["supervised", "reinforcement"]
    supervised: SupervisedMethod | None = None
    reinforcement: ReinforcementMethod | None = None

    @model_validator(mode="after")
    def _only_its_own(self) -> Method:
        if self.type == "reinforcement" and self.reinforcement is None:
            raise ValueError("type reinforcement needs the field reinforcement with a grader")
        if self.type == "supervised":
            self.supervised = self.supervised or SupervisedMethod()
        other = self.supervised if self.type == "reinforcement" else self.reinforcement
        if other is not None:
            raise ValueError(f"only the field {self.type} belongs to this type")
        return self


def _numeral(low: float, high: float, *, whole: bool = False) -> Any:
    """A validator of a number written as text, since metadata holds text only."""

    def check(value: str) -> str:
        try:
            number = int(value) if whole else float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            kind = "a whole number" if whole else "a number"
            raise ValueError(f"must be {kind} from {low:g} to {high:g}, as text")
        return value

    return check


EXTRAS: dict[str, Any] = {
    "rft_lora_rank": _numeral(0, 512, whole=True),
    "rft_learning_rate": _numeral(1e-9, 1),
    "rft_group_size": _numeral(2, 64, whole=True),
    "rft_beta": _numeral(0, 10),
    "rft_entropy_coef": _numeral(0, 1),
    "rft_temperature": _numeral(0.05, 2),
    "rft_max_tokens": _numeral(1, 32768, whole=True),
    "rft_eval_interval": _numeral(1, 10**6, whole=True),
    "rft_save_interval": _numeral(1, 10**6, whole=True),
    "rft_micro_batch": _numeral(1, 256, whole=True),
    "rft_grader_timeout_s": _numeral(0.1, 600),
    "rft_threads": _numeral(1, 1024, whole=True),
    "rft_zero_variance": ("drop", "keep", "resample"),
    "rft_device": ("auto", "cpu", "cuda"),
}
"""What this service understands beyond the contract, carried in `metadata` as text: a check of the
value, or the words allowed. docs/local.md says what each does."""


class JobBody(_Body):
    """The body of fine_tuning.jobs.create."""

    model: Annotated[str, Field(min_length=1)]
    training_file: Annotated[str, Field(min_length=1)]
    validation_file: str | None = None
    method: Method | None = None
    hyperparameters: SupervisedHyper | None = None
    """The older place of supervised hyperparameters."""
    suffix: Suffix | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    metadata: dict[str, str] | None = None
    integrations: Annotated[list[Any], Field(max_length=0)] | None = None

    @field_validator("metadata")
    @classmethod
    def _metadata_domain(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        if value and len(value) > 16:
            raise ValueError("at most 16 pairs are allowed")
        for name, text in (value or {}).items():
            if len(name) > 64 or len(text) > 512:
                raise ValueError(f"{name[:64]}: a key has at most 64 characters, a value 512")
            if not name.startswith("rft_"):
                continue
            check = EXTRAS.get(name)
            if check is None:
                raise ValueError(f"{name}: not known; one of {', '.join(EXTRAS)}")
            if not callable(check):
                if text not in check:
                    raise ValueError(f"{name}: must be one of {', '.join(check)}")
                continue
            try:
                check(text)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return value

    @model_validator(mode="after")
    def _one_method(self) -> JobBody:
        if self.method is None:
            old = self.hyperparameters or SupervisedHyper()
            own = SupervisedMethod(hyperparameters=old)
            self.method = Method(type="supervised", supervised=own)
        elif self.hyperparameters is not None:
            raise ValueError("hyperparameters belong into method; give them there only")
        self.hyperparameters = None
        return self


class ChatMessage(BaseModel):
    """One message; its text is a string or text parts."""

    model_config = ConfigDict(extra="allow", strict=True)

    role: Literal["developer", "system", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None = None

    @field_validator("content")
    @classmethod
    def _text_only(cls, value: str | list[dict[str, Any]] | None) -> Any:
        if isinstance(value, list):
            if any(p.get("type") != "text" or not isinstance(p.get("text"), str) for p in value):
                raise ValueError("only text parts are understood")
            return "".join(part["text"] for part in value)
        return value

    @model_validator(mode="after")
    def _known_fields(self) -> ChatMessage:
        known = {"name", "tool_calls", "tool_call_id", "refusal"}
        if unknown := set(self.model_extra or {}) - known:
            raise ValueError(f"{sorted(unknown)[0]}: no such field in a message")
        return self


class ChatBody(_Body):
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
        """The part llama.cpp gets: one answer, with roles its chat templates know."""
        own = {"n", "stream", "user", "metadata", "store", "reasoning_effort"}
        body = self.model_dump(exclude_none=True, by_alias=True, exclude=own)
        for message in body["messages"]:
            if message["role"] == "developer":
                message["role"] = "system"
        return body


class GraderBody(_Body):
    """The body of graders/validate."""

    grader: dict[str, Any]


class GraderRunBody(_Body):
    """The body of graders/run."""

    grader: dict[str, Any]
    model_sample: str
    item: dict[str, Any] = Field(default_factory=dict)


def parsed(model: type[Body], data: Any) -> Body:
    """The body as a model; raises ApiError 400 that names the parameter and what it may be."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _told(error) from None


def _told(error: ValidationError) -> ApiError:
    # Of a union's faults the one in the branch that came furthest tells most: "auto" comes last.
    faults = [f for f in error.errors(include_url=False) if f["type"] != "literal_error"]
    fault = (faults or error.errors(include_url=False))[0]
    skip = ("function-", "constrained-", "literal[", "list[", "dict[")
    steps = [s for s in fault["loc"] if not str(s).startswith(skip)]
    if len(steps) > 1 and steps[-1] in ("int", "float", "str"):
        steps.pop()
    param = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".")
    kind = fault["type"]
    if kind == "missing":
        told, code = f"Missing required parameter: '{param}'.", "missing_required_parameter"
    elif kind == "extra_forbidden":
        told, code = f"Unknown parameter: '{param}'.", "unknown_parameter"
    else:
        reason = fault["msg"].removeprefix("Value error, ").rstrip(".")
        given = "" if kind == "value_error" else f" (found {fault['input']!r:.80})"
        union = "; or 'auto'" if len(error.errors()) > len(faults) else ""
        told, code = f"Invalid '{param}': {reason}{union}{given}.", "invalid_value"
    return ApiError(400, told, param=param or None, code=code)
