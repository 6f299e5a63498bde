"""This project's rows, prompt and reward as a taskset. Made by `rft export verifiers`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Literal

import verifiers.v1 as vf

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from rft_reward import NoScoreError, score  # noqa: E402 - found beside this file


class RftData(vf.TaskData):
    """One row."""

    item: dict[str, Any]
    """As the grader reads it."""


class RftTask(vf.Task[RftData]):
    """Scores a reply with the project's grader."""

    @vf.reward(weight=1.0)
    async def reward(self, trace: vf.Trace) -> float:
        """The reward. NoScoreError becomes an error of the trace, which then has no reward."""
        replies = trace.assistant_messages
        if not replies:
            raise NoScoreError("the rollout gave no answer")
        text = replies[-1].content  # trace.last_reply strips it
        calls = [call for call in trace.calls if call.error is None]
        reason = calls[-1].finish_reason if calls else None
        result = await asyncio.to_thread(score, text, self.data.item, reason)
        trace.record_metrics(result.parts)
        trace.info["grader_errors"] = result.errors
        return result.reward


class RftConfig(vf.TasksetConfig):
    """Options of the taskset."""

    split: Literal["train", "validation", "test"] = "train"


class RftTaskset(vf.Taskset[RftTask, RftConfig]):
    """The rows of a split."""

    def load(self) -> list[RftTask]:
        """Every row as a task."""
        lines = (HERE / f"{self.config.split}.jsonl").read_text(encoding="utf-8").split("\n")
        return [RftTask(data_of(json.loads(line)), self.config.task) for line in lines if line]


def data_of(item: dict[str, Any]) -> RftData:
    """The task data of a row; the developer's message goes as the system's."""
    roles = {"developer": "system"}
    prompt = [m | {"role": roles.get(m["role"], m["role"])} for m in item["messages"]]
    return RftData(id=item["id"], prompt=prompt, item=item)


__all__ = ["RftTaskset"]
