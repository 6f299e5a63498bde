"""Score stored answers as verifiers does and compare with the project's rewards; needs no key.

.venv/bin/python try_locally.py
"""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version

import verifiers.v1 as vf
from rft_reward.trial import Case, cases, report
from rft_task import RftTask, data_of
from verifiers.v1.errors import TaskError
from verifiers.v1.graph import MessageNode
from verifiers.v1.trace import AgentInfo, ModelCall, TraceTask
from verifiers.v1.types import AssistantMessage


async def reward(case: Case) -> float | None:
    """The reward of a trace with the stored reply."""
    task = RftTask(data_of(case.item))
    trace = vf.Trace(
        task=TraceTask(type="RftTask", data=task.data),
        agent=AgentInfo(config=vf.AgentConfig()),
        nodes=[MessageNode(message=AssistantMessage(content=case.text), sampled=True)],
        calls=[ModelCall(finish_reason=case.finish_reason)],
    )
    try:
        await task.score(trace)
    except TaskError:
        return None
    return trace.reward


async def main() -> int:
    """Score every case."""
    rewards = [await reward(case) for case in cases()]
    return report(f"verifiers {version('verifiers')}", rewards)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
