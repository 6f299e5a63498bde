"""Run the Lambda here, on probes whose reward is known, in every event shape Amazon documents.

    python try_locally.py

Made by `rft export bedrock`; needs the standard library and what the grader imports. Exit code 0
when every reward is the project's own, 1 when one is not.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def in_metadata(case: dict[str, Any]) -> dict[str, Any]:
    """As Amazon's page has it: the row's fields in "metadata"."""
    return {"id": case["id"], "messages": case["messages"], "metadata": case["fields"]}


def beside(case: dict[str, Any]) -> dict[str, Any]:
    """As Amazon's sample code reads it: the fields beside the messages."""
    return {**case["fields"], "id": case["id"], "messages": case["messages"]}


def events(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """The same trajectories in each shape."""
    return {
        "list, fields in metadata": [in_metadata(case) for case in cases],
        "list, fields beside messages": [beside(case) for case in cases],
        "wrapped in trajectories": {"trajectories": [in_metadata(case) for case in cases]},
    }


def main() -> int:
    """Print one line a shape, and one for each reward that differs."""
    sys.path.insert(0, str(HERE / "lambda"))
    handler = importlib.import_module("handler")
    lines = (HERE / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    wrong = 0
    for shape, event in events(cases).items():
        answers = handler.lambda_handler(json.loads(json.dumps(event)))
        pairs = list(zip(cases, answers, strict=True))
        differ = [
            (case, got)
            for case, got in pairs
            if got["id"] != case["id"] or abs(got["aggregate_reward_score"] - case["reward"]) > 1e-9
        ]
        wrong += len(differ)
        print(f"{shape}: {len(pairs) - len(differ)} of {len(pairs)} rewards are the project's own")
        for case, got in differ:
            print(f"  {case['name']}: {got['aggregate_reward_score']}, expected {case['reward']}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
