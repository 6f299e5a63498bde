"""Fuzz the grader of the project in the current folder: python fuzz_grader.py CASES SEED.

Rows and reference answers are broken in random ways, then graded as `rft eval` would,
local graders included. Prints JSON: how many cases, and those that raised, hung or left [0, 1].
"""

from __future__ import annotations

import copy
import json
import math
import random
import sys
import time
from typing import Any

from rft import Project, graders
from rft.records import Sample

LONG, DEEP = 100_000, 5_000
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 0.5, 1e308, -1e308, 10**40, 2**63, "", " ", "0", "1e5", "NaN", "é",
    "\u202e\u200b", "\ud800", "\x00", "{{item.reference_answer}}", "`", "{", "'", "8'hzz", "[3:0]",
    "x" * 3000, "9" * 3000, [], {}, [[]], [None], [{}], {"": None}, {"predicted": []},
    {"codes": []}, {"figures": []}, {"name": "a"}, {"name": [], "value": {}}, [1, "a", None, [2]],
]  # fmt: skip
NOISE = [
    "[",
    "]",
    "{",
    "}",
    '"',
    ",",
    ":",
    "\\",
    "\n",
    "```",
    "NaN",
    "-",
    "e9",
    "\\u0000",
    "<think>",
]


def nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every node below the root."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    found = []
    for key, child in inner:
        found += [(*path, key), *nodes(child, (*path, key))]
    return found


def mutated(value: Any, rng: random.Random) -> Any:
    """A copy of a JSON value with a few nodes replaced, removed, repeated or swapped."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        paths = nodes(value)
        if not paths:
            return rng.choice(ODD)
        *way, last = rng.choice(paths)
        parent = value
        for step in way:
            parent = parent[step]
        kind = rng.randrange(5)
        if kind == 0:
            del parent[last]
        elif kind == 1 and isinstance(parent, list):
            parent += [parent[last]] * rng.choice([1, 2, 50])
        elif kind == 2 and isinstance(parent, list):
            rng.shuffle(parent)
        elif kind == 3:
            other = rng.choice(paths)
            parent[last] = copy.deepcopy(get(value, other))
        else:
            parent[last] = copy.deepcopy(rng.choice(ODD))
    return value


def get(value: Any, path: tuple[Any, ...]) -> Any:
    """The node at a path; None if the path no longer exists."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def scrawl(text: str, rng: random.Random) -> str:
    """A text with pieces cut or doubled, or noise added."""
    for _ in range(rng.choice([1, 2, 5])):
        at, to = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        text = rng.choice(
            [
                text[:at],
                text[:at] + text[to:],
                text[:to] + text[at:],
                text[:at] + noise(rng) + text[at:],
            ]
        )
    return text


def noise(rng: random.Random) -> str:
    return "".join(rng.choices([*NOISE, chr(rng.randrange(0xD800))], k=rng.randrange(12)))


def answer(gold: Any, rng: random.Random) -> str:
    """A possible answer of a model, from nearly right to hostile."""
    kind = rng.random()
    text = json.dumps(gold)
    if kind < 0.1:
        return text
    if kind < 0.55:
        text = json.dumps(mutated(gold, rng), indent=rng.choice([None, 1]))
        return rng.choice([text, text, f"```json\n{text}\n```"])
    if kind < 0.9:
        return scrawl(text, rng)
    if kind < 0.97:
        return noise(rng)
    return rng.choice([text * 50, rng.choice(NOISE) * LONG, "[" * DEEP, '{"a":' * DEEP + "1"])


def fault(grade: Any) -> str | None:
    """What is wrong with a grading, whatever the answer was."""
    if grade.reward is None or not 0.0 <= grade.reward <= 1.0:
        return f"reward {grade.reward}: {'; '.join(grade.flags)}"
    if set(grade.errors) - {"sample_parse_error"}:
        return "; ".join(grade.flags)
    if not all(math.isfinite(value) for value in grade.parts.values()):
        return f"parts {grade.parts}"
    return None


def main(cases: int, seed: int) -> None:
    """Grade so many cases and print what was wrong with any."""
    rng = random.Random(seed)
    project = Project.open()
    train = project.rows("train")
    rows = [row.data for row in train]
    golds = [project.task.gold(row.item).model_dump(mode="json") for row in train]
    bad, rewards, slowest, begun = [], [], 0.0, time.monotonic()
    with graders.Grader(project.grader_spec, root=project.root, timeout_s=20) as grader:
        for _ in range(cases):
            n = rng.randrange(len(rows))
            row = rows[n] if rng.random() < 0.6 else mutated(rows[n], rng)
            text = answer(golds[n], rng)
            grade = grader.grade(Sample(output_text=text).for_grader(), row)
            slowest = max(slowest, grade.seconds)
            rewards.append(grade.reward)
            if message := fault(grade):
                bad.append({"fault": message, "text": text[:2000], "row": row})
    between = sum(r is not None and 0 < r < 1 for r in rewards)
    found: dict[str, Any] = {
        "cases": cases,
        "bad": len(bad),
        "between": between,
        "ones": rewards.count(1.0),
    }
    found |= {"slowest_s": slowest, "seconds": time.monotonic() - begun, "first": bad[:5]}
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
