"""Hyperparameters of a training job and their domains, checked before anything is uploaded.

The domains are those of OpenAI's API reference (`fine_tuning.jobs.create`), which Foundry and the
local service share; Bedrock documents three of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rft.errors import UserError

Method = Literal["supervised", "reinforcement"]
Auto = Literal["auto"]


class StrictModel(BaseModel):
    """A part of a request: unknown fields and values of another type are refused."""

    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, validate_by_name=True
    )


class SupervisedHyper(StrictModel):
    """method.supervised.hyperparameters; the vendor chooses those that are not set."""

    batch_size: Auto | Annotated[int, Field(ge=1, le=256)] | None = Field(
        None, description='"auto" or a whole number from 1 to 256'
    )
    n_epochs: Auto | Annotated[int, Field(ge=1, le=50)] | None = Field(
        None, description='"auto" or a whole number from 1 to 50'
    )
    learning_rate_multiplier: Auto | Annotated[float, Field(gt=0)] | None = Field(
        None, description='"auto" or a number above 0'
    )


class ReinforcementHyper(SupervisedHyper):
    """method.reinforcement.hyperparameters. compute_multiplier: the higher, the more answers per
    row; eval_interval: steps between two validations; eval_samples: answers per validation row."""

    reasoning_effort: Literal["default", "low", "medium", "high"] | None = Field(
        None, description='"default", "low", "medium" or "high"'
    )
    compute_multiplier: Auto | Annotated[float, Field(gt=0.00001, le=10)] | None = Field(
        None, description='"auto" or a number above 0.00001, up to 10'
    )
    eval_interval: Auto | Annotated[int, Field(ge=1)] | None = Field(
        None, description='"auto" or a whole number from 1'
    )
    eval_samples: Auto | Annotated[int, Field(ge=1)] | None = Field(
        None, description='"auto" or a whole number from 1'
    )


MODELS: dict[Method, type[SupervisedHyper]] = {
    "supervised": SupervisedHyper,
    "reinforcement": ReinforcementHyper,
}
BEDROCK_NAMES = ("n_epochs", "batch_size", "learning_rate_multiplier")
"""Documented on Amazon's page about fine-tuning through the OpenAI APIs."""


def parse_pairs(pairs: Sequence[str]) -> dict[str, Any]:
    """Turn ["n_epochs=2", ...] into {"n_epochs": 2, ...}. Raises UserError for anything else."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = map(str.strip, pair.partition("="))
        if not name or not text:
            raise UserError(f"--hyper {pair}: write it as NAME=VALUE, for example n_epochs=2.")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def check_hyperparameters(
    method: Method, values: Mapping[str, Any], profile: str
) -> dict[str, Any]:
    """Return the values if all lie in their domains for this method and profile.

    Raises UserError naming the hyperparameter, its value and what is allowed.
    """
    model = MODELS[method]
    names = [n for n in model.model_fields if profile != "bedrock" or n in BEDROCK_NAMES]
    for name in values:
        if name not in names:
            raise UserError(
                f"Hyperparameter {name}: method {method} on profile '{profile}' has none of that "
                f"name; use {', '.join(names)}."
            )
    try:
        return model.model_validate(dict(values)).model_dump(exclude_none=True)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise UserError(
            f"Hyperparameter {name} = {json.dumps(values[name], default=str)}: allowed is "
            f"{model.model_fields[name].description}; correct it in [train.{method}] of rft.toml "
            "or in --hyper."
        ) from None
