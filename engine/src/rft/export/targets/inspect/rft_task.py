"""This project's rows, prompt and reward as an Inspect task. Made by `rft export inspect`.

inspect eval rft_task.py --model openai/MODEL -T split=validation
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.model import GenerateConfig, ResponseSchema
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate
from inspect_ai.util import JSONSchema

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from rft_reward import NoScoreError, score  # noqa: E402 - found beside this file

REASONS = {"max_tokens": "length", "model_length": "length", "unknown": None}
"""Inspect's stop reasons by the contract's names, where these differ."""


@task
def rft_task(split: str = "validation", epochs: int = 0) -> Task:
    """The rows of a split, each answered `epochs` times (0: as often as the project does)."""
    settings = json.loads((HERE / "settings.json").read_text(encoding="utf-8"))
    return Task(
        dataset=json_dataset(str(HERE / f"{split}.jsonl")),
        solver=generate(tool_calls="none"),  # no tools are offered: a call ends the answer
        scorer=reward(),
        epochs=epochs or settings["samples_per_item"],
        config=generate_config(settings),
        name=settings["name"],
    )


def generate_config(settings: dict) -> GenerateConfig:
    """The project's sampling; the answer's schema where the project asks for one."""
    shape = (settings["response_format"] or {}).get("json_schema")
    return GenerateConfig(
        temperature=settings["temperature"],
        max_tokens=settings["max_tokens"],
        response_schema=ResponseSchema(
            name=shape["name"],
            json_schema=JSONSchema.model_validate(shape["schema"]),
            strict=shape["strict"],
        )
        if shape
        else None,
    )


@scorer(metrics=[mean(), stderr()])
def reward() -> Scorer:
    """The project's reward; an answer that cannot be graded is unscored, which metrics skip."""

    async def grade(state: TaskState, target: Target) -> Score:
        output, row = state.output, state.metadata["item"]
        if output.empty:
            return Score.unscored(explanation="the model's reply holds no answer")
        text, reason, content = output.completion, output.stop_reason, output.message.content
        if not isinstance(content, str):  # `completion` has line breaks between parts
            content = [part.model_dump() for part in content]
        try:
            result = await asyncio.to_thread(score, content, row, REASONS.get(reason, reason))
        except NoScoreError as error:
            return Score.unscored(answer=text, explanation=str(error))
        return Score(
            value=result.reward,
            answer=text,
            explanation="; ".join(result.errors) or None,
            metadata={"parts": result.parts},
        )

    return grade
