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
_Auto = Literal["auto"]
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

BatchSize = Annotated[
    _Auto | Annotated[int, Field(ge=1, le=256)] | None,
    Field(description='"auto" or a whole number from 1 to 256'),
]
Epochs = Annotated[
    _Auto | Annotated[int, Field(ge=1, le=50)] | None,
    Field(description='"auto" or a whole number from 1 to 50'),
]
Rate = Annotated[
    _Auto | Annotated[float, Field(gt=0)] | None,
    Field(description='"auto" or a number above 0'),
]
Compute = Annotated[
    _Auto | Annotated[float, Field(gt=0.00001, le=10)] | None,
    Field(description='"auto" or a number above 0.00001, up to 10'),
]
Count = Annotated[
    _Auto | Annotated[int, Field(ge=1)] | None,
    Field(description='"auto" or a whole number from 1'),
]
Effort = Annotated[
    Literal["default", "low", "medium", "high"] | None,
    Field(description='"default", "low", "medium" or "high"'),
]


class SupervisedHyper(BaseModel):
    """method.supervised.hyperparameters; what is left out the vendor chooses."""

    model_config = _STRICT

    batch_size: BatchSize = None
    n_epochs: Epochs = None
    learning_rate_multiplier: Rate = None


class ReinforcementHyper(SupervisedHyper):
    """method.reinforcement.hyperparameters; what is left out the vendor chooses."""

    reasoning_effort: Effort = None
    compute_multiplier: Compute = None
    """More of it, more answers are drawn per row."""
    eval_interval: Count = None
    """Steps between two validations."""
    eval_samples: Count = None
    """Answers per validation row."""


MODELS: dict[Method, type[SupervisedHyper]] = {
    "supervised": SupervisedHyper,
    "reinforcement": ReinforcementHyper,
}
BEDROCK_NAMES = ("n_epochs", "batch_size", "learning_rate_multiplier")
"""What Amazon's page on fine-tuning through the OpenAI APIs shows."""


def parse_pairs(pairs: Sequence[str]) -> dict[str, Any]:
    """{"n_epochs": 2, ...} of ["n_epochs=2", ...]. Raises UserError for anything else."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, mark, text = pair.partition("=")
        if not mark or not name.strip() or not text.strip():
            raise UserError(f"--hyper {pair}: write it as NAME=VALUE, for example n_epochs=2.")
        try:
            values[name.strip()] = json.loads(text)
        except ValueError:
            values[name.strip()] = text.strip()
    return values


def check_hyperparameters(
    method: Method, values: Mapping[str, Any], profile: str
) -> dict[str, Any]:
    """Return the values if all lie in their domains for this method and profile.

    Raises UserError naming the hyperparameter, what was given and what is allowed.
    """
    model = MODELS[method]
    names = [n for n in model.model_fields if profile != "bedrock" or n in BEDROCK_NAMES]
    for name in values:
        if name not in names:
            where = f"method {method} on profile '{profile}'"
            raise UserError(
                f"Hyperparameter {name}: {where} has none of that name; use {', '.join(names)}."
            )
    try:
        return model.model_validate(dict(values)).model_dump(exclude_none=True)
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])
        allowed = model.model_fields[name].description
        raise UserError(
            f"Hyperparameter {name} = {json.dumps(values[name], default=str)}: "
            f"allowed is {allowed}; correct it in [train.{method}] of rft.toml or in --hyper."
        ) from None
