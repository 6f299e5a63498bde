"""Whether a back end takes the Answer model as the strict JSON schema of its responses.

The rules are those of OpenAI's guide "Structured outputs" (section "Supported schemas", with the
further limits of fine-tuned models) and of Microsoft's "Structured outputs" (section "JSON Schema
support and limitations"), as published in 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from rft.findings import Problem

RANGES = frozenset(
    {
        *("pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum"),
        *("exclusiveMaximum", "minItems", "maxItems"),
    }
)
"""Constraints that OpenAI takes, but not for fine-tuned models."""
LENGTHS = frozenset({"minLength", "maxLength", "uniqueItems", "minProperties", "maxProperties"})
"""Constraints that neither OpenAI nor Foundry takes."""
REFUSED = frozenset(
    {
        *("allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
        "patternProperties",
    }
)


@dataclass(frozen=True)
class Limits:
    """What a profile takes; `strict`: it refuses what does not fit (else servers differ)."""

    strict: bool
    properties: int = 5_000
    levels: int = 10
    enum_values: int = 1_000
    """In all enums together."""
    characters: int = 120_000
    """Of all names of properties and all values of enums together."""
    constraints: frozenset[str] = LENGTHS
    """Constraints that are refused."""
    untuned: frozenset[str] = frozenset()
    """Constraints that are refused for fine-tuned models only."""


LIMITS = {
    "openai": Limits(True, untuned=RANGES),
    "foundry": Limits(True, 100, 5, 500, 15_000, LENGTHS | RANGES),
    "bedrock": Limits(False),
    "compatible": Limits(False),
}
"""By profile; a profile that is not here takes every schema."""


@dataclass
class _Walk:
    limits: Limits
    definitions: dict[str, Any]
    properties: set[str] = field(default_factory=set)
    values: list[str] = field(default_factory=list)
    """Of all enums."""
    warnings: set[Problem] = field(default_factory=set)
    """What does not keep the schema from being used."""


def answer_problems(answer: type[BaseModel], profile: str) -> list[tuple[Problem, bool]]:
    """(problem, whether it is only a warning) for each field that `profile` would refuse."""
    limits = LIMITS.get(profile)
    if limits is None:
        return []
    schema = answer.model_json_schema()
    walk = _Walk(limits, schema.get("$defs", {}))
    problems = list(dict.fromkeys(_problems(schema, "", 1, (), walk)))
    if schema.get("type", "object") != "object" or schema.keys() & {"anyOf", "oneOf"}:
        message = "is not an object, which strict mode demands"
        problems.append(Problem("answer-schema", "Answer", message, "put it into a field"))
    names = [path.rpartition(".")[2] for path in walk.properties]
    counted = {
        "properties": (len(walk.properties), limits.properties),
        "enum values": (len(walk.values), limits.enum_values),
        "characters in its names and enums": (
            sum(map(len, names + walk.values)),
            limits.characters,
        ),
    }
    for what, (number, most) in counted.items():
        if number > most:
            message = f"has {number:,} {what}, {profile} takes {most:,}"
            problems.append(Problem("answer-schema", "Answer", message, "leave some out"))
    return [(problem, not limits.strict or problem in walk.warnings) for problem in problems]


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
    yield from _keywords(schema, name, walk)
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
    walk.values += map(str, schema.get("enum", ()))
    for member in [*schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        yield from _problems(member, path, level, inside, walk)
    for key, value in schema.get("properties", {}).items():
        below = f"{path}.{key}" if path else key
        walk.properties.add(below)
        yield from _problems(value, below, level + 1, inside, walk)
    if isinstance(schema.get("items"), dict):
        yield from _problems(schema["items"], f"{path}[]", level + 1, inside, walk)


def _keywords(schema: dict[str, Any], name: str, walk: _Walk) -> Iterator[Problem]:
    """Keywords of one schema that the profile refuses; those it takes for base models warn."""
    if "prefixItems" in schema:
        remedy = "write a list, or an object with a field for each"
        yield Problem("answer-schema", name, "is a tuple, which strict mode refuses", remedy)
        return
    for keyword in sorted(REFUSED & schema.keys()):
        message = f"has {keyword!r} in its JSON schema, which strict mode refuses"
        yield Problem("answer-schema", name, message, "use a plainer type")
    remedy = "check it in the grader instead"
    for keyword in sorted(walk.limits.constraints & schema.keys()):
        message = f"has the constraint {keyword!r}, which this profile refuses"
        yield Problem("answer-schema", name, message, remedy)
    for keyword in sorted(walk.limits.untuned & schema.keys()):
        message = f"has the constraint {keyword!r}, which is refused for fine-tuned models"
        problem = Problem("answer-schema", name, message, remedy)
        walk.warnings.add(problem)
        yield problem
