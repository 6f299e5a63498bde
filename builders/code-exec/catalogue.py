"""How a task is defined: one decorated function, which is also its reference solution."""

from __future__ import annotations

import ast
import inspect
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Args = tuple[Any, ...]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Task:
    """One task; its text, signature and reference solution are those of `function`."""

    function: Callable[..., Any]
    family: str
    """Tasks of one family are similar and stay in one split."""
    difficulty: str
    examples: Sequence[Args]
    """Arguments shown to the model."""
    edges: Sequence[Args]
    """Arguments of hidden tests, chosen by hand; they weigh twice."""
    draw: Callable[[random.Random], Args]
    """Returns the arguments of one more hidden test."""
    wrong: Sequence[tuple[str, str]]
    """Plausible mistakes: a piece of the reference solution and its replacement."""

    @property
    def name(self) -> str:
        """The entry point's name, also the row's id."""
        return self.function.__name__

    @property
    def topic(self) -> str:
        """The name of the module that defines the task."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def prompt(self) -> str:
        """The docstring."""
        return inspect.getdoc(self.function) or ""

    @property
    def signature(self) -> str:
        """The line with `def`, without its colon."""
        return f"def {self.name}{_plain(inspect.signature(self.function))}"

    def code(self) -> str:
        """The reference solution, without decorator and docstring."""
        lines = inspect.getsource(self.function).splitlines()
        tree = ast.parse("\n".join(lines))
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        body = function.body[1:]  # the docstring is the prompt
        return "\n".join([f"{self.signature}:", *lines[body[0].lineno - 1 :]]) + "\n"

    def wrong_codes(self) -> list[str]:
        """The wrong solutions. Raises ValueError if a piece does not occur exactly once."""
        code = self.code()
        for old, _ in self.wrong:
            if code.count(old) != 1:
                raise ValueError(f"{self.name}: {old!r} occurs {code.count(old)} times")
        return [code.replace(old, new) for old, new in self.wrong]


def _plain(signature: inspect.Signature) -> str:
    """The signature with its annotations as they are written in the module."""
    return str(signature).replace("'", "")


TASKS: dict[str, Task] = {}


def task(
    family: str,
    difficulty: str,
    *,
    examples: Sequence[Args],
    edges: Sequence[Args],
    draw: Callable[[random.Random], Args],
    wrong: Sequence[tuple[str, str]],
) -> Callable[[Function], Function]:
    """Add the decorated function to TASKS."""

    def enter(function: Function) -> Function:
        if function.__name__ in TASKS:
            raise ValueError(f"two tasks are called {function.__name__}")
        TASKS[function.__name__] = Task(function, family, difficulty, examples, edges, draw, wrong)
        return function

    return enter


def bits(r: random.Random, least: int, most: int) -> list[int]:
    """A list of random bits, of random length."""
    return [r.randrange(2) for _ in range(r.randint(least, most))]


def octets(r: random.Random, least: int, most: int) -> list[int]:
    """A list of random bytes, of random length."""
    return [r.randrange(256) for _ in range(r.randint(least, most))]


def flipped_block(r: random.Random) -> list[list[int]]:
    """A block with even parity in rows and columns, with one or two bits flipped."""
    height, width = r.randint(2, 5), r.randint(2, 5)
    block = [bits(r, width, width) for _ in range(height)]
    block = [[*row, sum(row) % 2] for row in block]
    block.append([sum(column) % 2 for column in zip(*block, strict=True)])
    for _ in range(r.choice([1, 1, 1, 2])):
        block[r.randint(0, height)][r.randint(0, width)] ^= 1
    return block
