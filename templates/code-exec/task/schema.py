"""What a row holds, what the model must answer, and the prompt that asks for it."""

from __future__ import annotations

import ast
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

GROUP_FIELD = "family"
"""Tasks of one family are alike: they must not be in two splits."""

LEAST_TESTS = 8


class Strict(BaseModel):
    """A pydantic model that refuses unknown fields."""

    model_config = ConfigDict(extra="forbid")


class Example(Strict):
    """A call that the model sees: what it returns, or the exception it raises."""

    args: list[Any]
    expected: Any = None
    raises: str | None = None


class HiddenTest(Example):
    """A call that counts for the reward: in the row for the grader, never in the prompt."""

    weight: float = Field(default=1.0, gt=0, lt=1e6)


class Answer(Strict):
    """What the model answers: the whole text of the function, with the imports it needs."""

    code: str


class Item(Strict):
    """One row: a task, its hidden tests and its reference solution."""

    id: str = Field(min_length=1)
    family: str
    topic: str
    difficulty: Literal["easy", "medium", "hard"]
    entry: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the function that the tests call."""
    signature: str
    prompt: str = Field(min_length=1)
    examples: list[Example]
    tests: list[HiddenTest]
    reference_answer: Answer | None
    messages: list[dict[str, str]] = Field(default_factory=list)


INSTRUCTIONS = """\
You write small Python functions for hardware and test engineers.
Write the function that the user asks for, with exactly the given name and parameters.
- Standard library only; import what you need. No input, no output, no files.
- Arguments and results are plain values: None, bool, int, float, str, lists and dicts of them. \
Return a list where a list is asked for, True and False only where a bool is asked for.
- Where an exception is asked for, raise exactly that type.
- Hidden tests call the function with other arguments than the examples.
Answer with JSON only: {"code": "..."}, the whole Python source as one string."""


def messages(item: Item) -> list[dict[str, str]]:
    """The prompt: developer then user message, built without hidden tests and solution."""
    lines = [item.prompt, "", f"{item.signature}:", "", "Examples:"]
    lines += [f"{_call(item.entry, e)} -> {_result(e)}" for e in item.examples]
    return [
        {"role": "developer", "content": INSTRUCTIONS},
        {"role": "user", "content": "\n".join(lines)},
    ]


def gold(item: Item) -> Answer:
    """The reference answer in the form that the model must use."""
    return item.reference_answer or Answer(code="")


def labels(item: Item) -> list[str]:
    """The topic; `rft check` warns if most rows have the same one."""
    return [item.topic]


def slices(item: Item) -> dict[str, str]:
    """Groups that reports break the score down by."""
    return {"topic": item.topic, "difficulty": item.difficulty}


def display(item: Item, answer: Answer) -> list[str]:
    """The answer as reports show it: the lines of its code."""
    return [line for line in answer.code.split("\n") if line.strip()]


def review_fields(item: Item) -> dict[str, Any]:
    """How experts fill in an answer on the review page."""
    return {"code": "code:python"}


def check_item(item: Item) -> list[str]:
    """What is wrong with a row, one full sentence each. No code is run."""
    return [*_solution(item), *_tests(item)]


def _call(entry: str, example: Example) -> str:
    return f"{entry}({', '.join(map(repr, example.args))})"


def _result(example: Example) -> str:
    return f"raises {example.raises}" if example.raises else repr(example.expected)


def _solution(item: Item) -> list[str]:
    parameters = _parameters(f"{item.signature}:\n    pass", item.entry)
    if parameters is None:
        return [f"signature is not 'def {item.entry}(...)'; write it as Python does."]
    findings = [
        f"{kind} {number} has {len(call.args)} arguments, the signature has {len(parameters)}; "
        "make them agree."
        for kind, calls in (("examples", item.examples), ("tests", item.tests))
        for number, call in enumerate(calls)
        if len(call.args) != len(parameters)
    ]
    if item.reference_answer is None:
        findings.append("reference_answer is null; write a solution that passes every hidden test.")
    elif _parameters(item.reference_answer.code, item.entry) != parameters:
        findings.append(
            f"reference_answer does not define {item.entry} with the parameters of the signature; "
            "correct one of them."
        )
    return findings


def _parameters(code: str, entry: str) -> list[str] | None:
    """Parameter names of the function `entry`; None if the code has no such function."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = [f for f in body if isinstance(f, ast.FunctionDef) and f.name == entry]
    return [a.arg for a in functions[-1].args.args] if functions else None


def _tests(item: Item) -> list[str]:
    findings = []
    if not item.examples:
        findings.append("examples is empty; show the model at least one call.")
    if len(item.tests) < LEAST_TESTS:
        findings.append(
            f"tests has {len(item.tests)} entries; {LEAST_TESTS} or more make guessing hard."
        )
    shown = {_key(e.args) for e in item.examples}
    keys = [_key(t.args) for t in item.tests]
    findings += [
        f"tests {number} calls with the arguments of an example; a copy of the examples would "
        "pass it, so change it."
        for number, key in enumerate(keys)
        if key in shown
    ]
    findings += [
        f"tests {number} repeats the arguments of an earlier test; change it."
        for number, key in enumerate(keys)
        if key in keys[:number]
    ]
    results = {_key([t.expected, t.raises]) for t in item.tests}
    if len(item.tests) >= LEAST_TESTS and len(results) < 3:
        findings.append(
            "tests have fewer than three different results; add others, or guessing is rewarded."
        )
    return findings


def _key(value: Any) -> str:
    """Text that is equal for equal values; True and 1 are different values."""
    return json.dumps(value, sort_keys=True)
