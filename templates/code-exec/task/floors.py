"""Answers that need no model: `rft check` prints their scores; a trained model must beat them."""

from __future__ import annotations

import json
from typing import Any

DEFAULTS = {
    "bool": "False",
    "int": "0",
    "float": "0.0",
    "str": '""',
    "list": "[]",
    "tuple": "()",
    "dict": "{}",
}
"""The return value of a stub, by the type in its signature."""


def floors(item: dict[str, Any]) -> dict[str, str]:
    """Answer text by the name of the trick; none of them reads the solution or a hidden test."""
    return {
        "empty": _answer(""),
        "stub": _answer(f"{item['signature']}:\n    pass\n"),
        "stub, default result": _answer(f"{item['signature']}:\n    return {default(item)}\n"),
        "copy of the examples": _answer(copy_of_examples(item, "None")),
        "copy, else the first result": _answer(copy_of_examples(item, _first(item))),
        "first argument back": _answer(f"def {item['entry']}(*args):\n    return args[0]\n"),
    }


def default(item: dict[str, Any]) -> str:
    """The empty value of the type that the signature returns: 0, "", [] ...; None if it has none.

    >>> default({"signature": "def pack(parts: list[int]) -> dict[str, int]"})
    '{}'
    """
    returned = item["signature"].rpartition("->")[2].strip().split("[")[0]
    return DEFAULTS.get(returned, "None")


def copy_of_examples(item: dict[str, Any], otherwise: str) -> str:
    """Code that looks its result up in the examples; `otherwise`: the result for other calls."""
    table = [(e["args"], e["expected"]) for e in item["examples"] if e["raises"] is None]
    return (
        f"def {item['entry']}(*args):\n"
        f"    for known, result in {table!r}:\n"
        "        if list(args) == known:\n"
        "            return result\n"
        f"    return {otherwise}\n"
    )


def _first(item: dict[str, Any]) -> str:
    results = [e["expected"] for e in item["examples"] if e["raises"] is None]
    return repr(results[0]) if results else "None"


def _answer(code: str) -> str:
    return json.dumps({"code": code})
