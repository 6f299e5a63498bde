"""The body of `fine_tuning.jobs.create` as a strict model, and how each profile wants it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from rft import graders
from rft.config import ProfileName
from rft.errors import UserError
from rft.graders.spec import MultiGrader, hosted_leaves
from rft.graders.template import compact
from rft.jobs.hyper import Method, ReinforcementHyper, StrictModel, SupervisedHyper
from rft.validation import field_problems

LAMBDA_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]+)?"
)
Id = Annotated[str, Field(min_length=1)]
MetadataKey = Annotated[str, Field(min_length=1, max_length=64)]
MetadataValue = Annotated[str, Field(max_length=512)]


def _known_grader(value: dict[str, Any]) -> dict[str, Any]:
    """A grader of the contract, or Bedrock's only one: {"type": "lambda", "lambda": {...}}."""
    match value:
        case {"type": "lambda", "lambda": {"function": str(arn)}} if LAMBDA_ARN.fullmatch(arn):
            return value
        case {"type": "lambda"}:
            raise ValueError(
                f"lambda {value.get('lambda')!r:.120} does not hold the ARN of a Lambda function "
                "under function; copy it from the AWS console"
            )
    try:
        graders.parse_spec(value)
    except UserError as error:
        raise ValueError(str(error)) from None
    return value


class JsonSchema(StrictModel):
    """The schema that an answer must fit."""

    name: Annotated[str, Field(max_length=64)]
    description: str | None = None
    strict: bool | None = None
    body: Annotated[dict[str, Any], Field(alias="schema")]


class ResponseFormat(StrictModel):
    """The form of an answer; without json_schema sample.output_json is not filled in training."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _schema_where_it_belongs(self) -> ResponseFormat:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema is given exactly with type json_schema")
        return self


class SupervisedMethod(StrictModel):
    """method.supervised: learn from written answers."""

    hyperparameters: SupervisedHyper | None = None


class ReinforcementMethod(StrictModel):
    """method.reinforcement: learn from rewards."""

    grader: Annotated[dict[str, Any], AfterValidator(_known_grader)]
    response_format: ResponseFormat | None = None
    hyperparameters: ReinforcementHyper | None = None


class JobMethod(StrictModel):
    """method: one of the two, with the part of the same name."""

    type: Method
    supervised: SupervisedMethod | None = None
    reinforcement: ReinforcementMethod | None = None

    @model_validator(mode="after")
    def _only_its_own_part(self) -> JobMethod:
        if self.type == "supervised" and self.supervised is None:
            self.supervised = SupervisedMethod()
        parts = [name for name in ("supervised", "reinforcement") if getattr(self, name)]
        if parts != [self.type]:
            raise ValueError(f"type {self.type} needs the field {self.type} and no other")
        return self


class JobBody(StrictModel):
    """The body of `fine_tuning.jobs.create`, as it is sent to any vendor and as our own service
    takes it. Limits: OpenAI's API reference."""

    model: Id
    training_file: Id
    validation_file: Id | None = None
    suffix: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Field(max_length=16)] | None = None
    method: JobMethod

    def wire(self) -> dict[str, Any]:
        """The JSON to send, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


@dataclass(frozen=True)
class Contract:
    """The methods and fields that a profile documents; nothing else is sent there."""

    methods: tuple[Method, ...] = ("supervised", "reinforcement")
    optional: tuple[str, ...] = ("validation_file", "suffix", "seed", "metadata")
    response_format: bool = True


CONTRACTS: dict[ProfileName, Contract] = {
    "local": Contract(),
    "compatible": Contract(),
    "openai": Contract(),
    "foundry": Contract(optional=("validation_file", "suffix")),
    "bedrock": Contract(methods=("reinforcement",), optional=(), response_format=False),
}


def job_grader(spec: graders.Spec, profile: ProfileName, lambda_arn: str | None) -> dict[str, Any]:
    """The grader JSON for a profile, with every source included.

    Raises UserError where the profile cannot run the project's grader.
    """
    if profile == "bedrock":
        if not lambda_arn:
            raise UserError(
                "Bedrock takes its rewards from an AWS Lambda only; make one with `rft export "
                "bedrock`, deploy it, and write its ARN as lambda_arn under [train] in rft.toml."
            )
        return {"type": "lambda", "lambda": {"function": lambda_arn}}
    if profile == "local" and graders.not_hosted(spec):
        # Our own service can: it runs them in the project's sandbox.
        kept = {"graders": hosted_leaves(spec)} if isinstance(spec, MultiGrader) else {}
        return spec.model_copy(update=kept).model_dump(exclude_none=True)
    compacted: dict[str, Any] = _compacted(graders.hosted(spec))
    return compacted


def _compacted(value: Any) -> Any:
    """Templates without spaces inside their braces, as Foundry's notes ask for."""
    if isinstance(value, dict):
        return {k: v if k == "source" else _compacted(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_compacted(entry) for entry in value]
    return compact(value) if isinstance(value, str) else value


def build(
    profile: ProfileName,
    method: Method,
    model: str,
    *,
    grader: Mapping[str, Any] | None,
    response_format: Mapping[str, Any] | None,
    hyperparameters: Mapping[str, Any],
    **fields: Any,
) -> JobBody:
    """The body for a profile, without the fields that the profile does not document.

    `fields`: training_file, and optionally validation_file, suffix, seed and metadata. Raises
    UserError for a method or suffix that the profile does not take, and for values beyond the
    contract's limits.
    """
    contract = CONTRACTS[profile]
    if method not in contract.methods:
        raise UserError(
            f"Profile '{profile}' documents no {method} job in OpenAI's shape; use --method "
            f"{contract.methods[0]}, or do the {method} step with another profile."
        )
    if fields.get("suffix") and "suffix" not in contract.optional:
        raise UserError(f"Profile '{profile}' takes no suffix; leave --suffix out.")
    part: dict[str, Any] = {"hyperparameters": dict(hyperparameters) or None}
    if method == "reinforcement":
        part["grader"] = grader
        if contract.response_format and (response_format or {}).get("type") == "json_schema":
            part["response_format"] = response_format
    kept = {k: v for k, v in fields.items() if k in ("training_file", *contract.optional)}
    try:
        return JobBody.model_validate(
            {"model": model, "method": {"type": method, method: part}, **kept}
        )
    except ValidationError as error:
        raise UserError(f"The job cannot be sent: {field_problems(error)[0]}.") from None


def shown(body: Mapping[str, Any], longest: int = 60) -> str:
    """The body for people: indented, with long texts (the grader's source) cut short."""

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("type") == "json_schema":
                return {"type": "json_schema", "json_schema": "(the Answer of task/schema.py)"}
            return {key: cut(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [cut(entry) for entry in value]
        if isinstance(value, str) and (len(value) > longest or "\n" in value):
            first = " ".join(value.split())[: longest - 30]
            return f"{first}... ({len(value):,} characters)"
        return value

    return json.dumps(cut(dict(body)), indent=2, ensure_ascii=False)
