"""The graders beside this file, the project's own byte for byte; reward.json says how they make one
reward. Needs nothing but Python and what the graders import."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from rft_reward.formula import Formula, FormulaError
from rft_reward.hosted import LoadedGrader
from rft_reward.result import NoScoreError, Score

HERE = Path(__file__).resolve().parent


def score_sample(sample: dict[str, Any], item: dict[str, Any]) -> Score:
    """Score the contract's `sample` against a row. Raises NoScoreError."""
    setup, graders = load()
    values: dict[str, float] = {}
    parts: dict[str, float] = {}
    errors: list[str] = []
    try:
        data = json.dumps([sample, item])
    except (TypeError, ValueError, RecursionError) as error:
        return Score(0.0, {}, [f"the answer cannot be read: {error}"])
    for key, grader in graders.items():
        arguments = json.loads(data)  # a grader may change what it is given
        reply = grader.run(*arguments)
        if "down" in reply:
            raise NoScoreError(reply["down"])
        if "error" in reply:
            errors.append(f"{key}: {reply['error']}")
        elif reply["more"]:
            more = grader.parts(*arguments)
            prefix = f"{key}." if len(graders) > 1 else ""
            parts |= {prefix + name: value for name, value in more["parts"].items()}
            errors += [f"{key}: {more['error']}"] if more["error"] else []
        values[key] = reply.get("reward", 0.0)
    reward = next(iter(values.values()))
    if text := setup["calculate_output"]:
        parts |= values
        try:
            formula = Formula(text, [*values, *setup["left_out"]])
            absent = setup["left_out"]
            reward = formula.without(absent, values) if absent else formula.evaluate(values)
        except (FormulaError, ArithmeticError, ValueError) as error:
            errors.append(f"calculate_output: {error}")
            reward = 0.0
    if not 0.0 <= reward <= 1.0:
        errors.append(f"the reward {reward:g} is outside [0, 1] and was clipped")
    return Score(min(max(reward, 0.0), 1.0), parts, errors)


@functools.cache
def load() -> tuple[dict[str, Any], dict[str, LoadedGrader]]:
    """reward.json and the graders it names, once per process."""
    setup = json.loads((HERE / "reward.json").read_text(encoding="utf-8"))
    return setup, {
        key: LoadedGrader(str(n), (HERE / file).read_text(encoding="utf-8-sig"), file,
                          setup["packages"])
        for n, (key, file) in enumerate(setup["graders"].items())
    }  # fmt: skip
