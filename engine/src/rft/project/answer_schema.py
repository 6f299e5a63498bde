"""Whether a back end takes the Answer model as the strict JSON schema of its responses.

The rules are those of OpenAI's structured outputs (developers.openai.com/api/docs/guides/
structured-outputs: supported schemas, and the further limits of fine-tuned models) and of Microsoft
Foundry's (learn.microsoft.com, structured outputs: unsupported keywords, 100 properties, 5 levels).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from rft.findings import Problem

KEYWORDS = frozenset(
    {
        *("minLength", "maxLength", "pattern", "format", "multipleOf", "minimum", "maximum"),
        *("exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems", "uniqueItems"),
        *("minProperties", "maxProperties"),
    }
)
"""Constraints that Foundry, and OpenAI for fine-tuned models, do not take."""
REFUSED = frozenset({"allOf", "not", "if", "dependentRequired", "patternProperties", "prefixItems"})


@dataclass(frozen=True)
class Limits:
    """What a profile takes; `strict`: it refuses what does not fit (else servers differ)."""

    strict: bool
    properties: int = 5000
    levels: int = 10
    constraints: bool = True
    """Whether KEYWORDS may stand in the schema."""


LIMITS = {
    "openai": Limits(True),
    "foundry": Limits(True, 100, 5, constraints=False),
    "bedrock": Limits(False),
    "compatible": Limits(False),
}
"""By profile; a profile that is not here takes every schema."""


@dataclass
class _Walk:
    limits: Limits
    definitions: dict[str, Any]
    properties: set[str] = field(default_factory=set)


def answer_problems(answer: type[BaseModel], profile: str) -> list[tuple[Problem, bool]]:
    """(problem, whether it is only a warning) for each field that `profile` would refuse."""
    limits = LIMITS.get(profile)
    if limits is None:
        return []
    schema = answer.model_json_schema()
    walk = _Walk(limits, schema.get("$defs", {}))
    problems = list(dict.fromkeys(_problems(schema, "", 1, (), walk)))
    if len(walk.properties) > limits.properties:
        message = f"has {len(walk.properties)} properties, {profile} takes {limits.properties}"
        problems.append(Problem("answer-schema", "Answer", message, "leave some out"))
    return [(problem, not limits.strict) for problem in problems]


def _problems(
    schema: dict[str, Any], path: str, level: int, inside: tuple[str, ...], walk: _Walk
) -> Iterator[Problem]:
    name = f"Answer.{path}" if path else "Answer"
    if "$ref" in schema:
        key = schema["$ref"].rpartition("/")[2]
        if key not in inside:  # a recursive model is allowed
            yield from _problems(walk.definitions[key], path, level, (*inside, key), walk)
        return
    if level > walk.limits.levels:
        message = f"is nested deeper than {walk.limits.levels} levels"
        yield Problem("answer-schema", name, message, "flatten the Answer model")
        return
    for keyword in sorted(REFUSED & schema.keys()):
        if keyword == "prefixItems":
            remedy = "write a list, or an object with a field for each"
            yield Problem("answer-schema", name, "is a tuple, which strict mode refuses", remedy)
        else:
            message = f"has {keyword!r} in its JSON schema, which strict mode refuses"
            yield Problem("answer-schema", name, message, "take a plainer type")
    if not walk.limits.constraints:
        for keyword in sorted(KEYWORDS & schema.keys()):
            message = f"has the constraint {keyword!r}, which this profile refuses"
            remedy = "check it in the grader instead"
            yield Problem("answer-schema", name, message, remedy)
    if not schema.keys() & {"type", "anyOf", "oneOf", "enum", "const", "allOf"}:
        message = "allows any value, which strict mode refuses"
        yield Problem("answer-schema", name, message, "give it a type")
    if "oneOf" in schema:
        message = "is a tagged union ('oneOf'), which strict mode refuses"
        yield Problem("answer-schema", name, message, "leave out the discriminator")
    extra = schema.get("additionalProperties")
    if schema.get("type") == "object" and extra not in (None, False):
        message = "is a dictionary with open keys, which strict mode refuses"
        yield Problem("answer-schema", name, message, "write a list of {name, value} objects")
    for member in [*schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        yield from _problems(member, path, level, inside, walk)
    for key, value in schema.get("properties", {}).items():
        below = f"{path}.{key}" if path else key
        walk.properties.add(below)
        yield from _problems(value, below, level + 1, inside, walk)
    if isinstance(schema.get("items"), dict):
        yield from _problems(schema["items"], f"{path}[]", level + 1, inside, walk)
