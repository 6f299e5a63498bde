"""The `{{ item.path }}` and `{{ sample.path }}` templates of the hosted grader JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"\w+(?:\.[\w-]+|\[\d+\])*")
_STEP = re.compile(r"[\w-]+")


class MissingVariableError(Exception):
    """A template names something that neither the row nor the answer has."""


def paths(template: str) -> list[list[str]]:
    """The paths a template reads: "{{item.a}} {{ item.b[0] }}" -> [["item","a"],["item","b","0"]].

    What stands in braces and is not a path comes back as one step, which no namespace has.
    """
    return [_steps(match) for match in _TEMPLATE.findall(template)]


def render(template: str, namespaces: Mapping[str, Any]) -> str:
    """Fill a template from `namespaces` ({"sample": ..., "item": ...}).

    Strings go in as they are, everything else as compact JSON. What is filled in is not expanded
    again, so an answer that contains "{{item.reference_answer}}" gains nothing by it.
    Raises MissingVariableError for a variable that is not there.
    """

    def fill(match: re.Match[str]) -> str:
        value: Any = namespaces
        for step in _steps(match[1]):
            value = _descend(value, step, match[0])
        if isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    return _TEMPLATE.sub(fill, template)


def compact(template: str) -> str:
    """The template without spaces inside its braces, which not every platform reads."""
    return _TEMPLATE.sub(lambda match: "{{" + match[1].strip() + "}}", template)


def _steps(inside: str) -> list[str]:
    path = inside.strip()
    return _STEP.findall(path) if _PATH.fullmatch(path) else [inside]


def _descend(value: Any, step: str, template: str) -> Any:
    if isinstance(value, Mapping) and step in value:
        return value[step]
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    raise MissingVariableError(f"{template} reads {step!r}, which is not there")
