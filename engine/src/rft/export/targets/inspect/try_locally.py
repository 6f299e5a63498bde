"""Score stored answers in Inspect's engine and compare with the project's rewards; needs no key.

.venv/bin/python try_locally.py
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from importlib.metadata import version

os.environ["RFT_TRY_LOCALLY"] = "1"

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from rft_reward.trial import cases, report
from rft_task import reward

STOP = {"length": "max_tokens"}


def main() -> int:
    """Evaluate one sample a case, in order, with a model that answers as stored."""
    stored = cases()
    samples = [Sample(input=c.name, id=n, metadata={"item": c.item}) for n, c in enumerate(stored)]
    outputs = [
        ModelOutput.from_content("mockllm", c.text, STOP.get(c.finish_reason, c.finish_reason))
        for c in stored
    ]
    for output in outputs:
        output.usage = ModelUsage()  # else Inspect loads a tokeniser from the network to count
    with tempfile.TemporaryDirectory() as logs:
        (log,) = eval(
            Task(dataset=MemoryDataset(samples), scorer=reward()),
            model=get_model("mockllm/model", custom_outputs=outputs),
            max_samples=1,
            log_dir=logs,
            display="none",
        )
        if log.status != "success":
            reason = log.error.message if log.error else "it gives no reason"
            print(f"Inspect ended with status {log.status}: {reason:.300}")
            return 1
        values = {s.id: next(iter((s.scores or {}).values())).as_float() for s in log.samples or []}
    rewards = [None if math.isnan(values[n]) else values[n] for n in range(len(stored))]
    return report(f"inspect-ai {version('inspect-ai')}", rewards)


if __name__ == "__main__":
    sys.exit(main())
