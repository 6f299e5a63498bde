"""Run the Lambda here, on answers whose reward is known, in every event shape Amazon documents.

python try_locally.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent / "lambda")]

from handler import lambda_handler  # noqa: E402 - found in lambda/
from rft_reward.trial import Case, cases, report  # noqa: E402


def fields(case: Case) -> dict[str, Any]:
    """The row without its messages and id, as Bedrock hands it over."""
    return {k: v for k, v in case.item.items() if k not in ("id", "messages")}


def messages(case: Case) -> list[dict[str, Any]]:
    """Prompt and answer in Bedrock's roles."""
    prompt = [
        m | {"role": {"developer": "system"}.get(m["role"], m["role"])}
        for m in case.item["messages"]
    ]
    return [*prompt, {"role": "assistant", "content": case.text}]


def in_metadata(case: Case) -> dict[str, Any]:
    """As Amazon's page has it: the row's fields in "metadata"."""
    return {"id": case.item["id"], "messages": messages(case), "metadata": fields(case)}


def beside(case: Case) -> dict[str, Any]:
    """As Amazon's sample code reads it: the fields beside the messages."""
    return {**fields(case), "id": case.item["id"], "messages": messages(case)}


def main() -> int:
    """Compare the rewards in each shape."""
    stored = cases()
    events: dict[str, Any] = {
        "list, fields in metadata": [in_metadata(case) for case in stored],
        "list, fields beside messages": [beside(case) for case in stored],
        "wrapped in trajectories": {"trajectories": [in_metadata(case) for case in stored]},
    }
    failed = 0
    for shape, event in events.items():
        answers = lambda_handler(json.loads(json.dumps(event)))
        failed |= report(shape, [answer["aggregate_reward_score"] for answer in answers])
    return failed


if __name__ == "__main__":
    sys.exit(main())
