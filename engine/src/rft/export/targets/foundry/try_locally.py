"""Compare rewards of stored answers with the project's: by the endpoint's service where there is
one, else by the python grader as the hosted image runs it; needs no key.

python try_locally.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rft_reward import NoScoreError, score
from rft_reward.trial import Case, cases, report

SERVICE = Path(__file__).resolve().parent / "endpoint" / "service.py"


def ask(url: str, case: Case) -> float | None:
    """What the service answers, as Foundry would ask; None for 503."""
    choice = {"message": {"content": case.text}, "finish_reason": case.finish_reason}
    sample = {"output_text": case.text, "choices": [choice]}
    body = json.dumps({"sample": sample, "item": case.item, "trace_id": case.name}).encode()
    headers = {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as reply:
            return json.load(reply)["score"]
    except urllib.error.HTTPError as error:
        if error.code == 503:
            return None
        raise


def by_endpoint(stored: list[Case]) -> list[float | None]:
    """Rewards by the service, which is started for it."""
    environment = {**os.environ, "PORT": "0", "RFT_TOKEN": "", "RFT_TRY_LOCALLY": "1"}
    command = [sys.executable, str(SERVICE)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            url = process.stdout.readline().split()[-1]
            with ThreadPoolExecutor(max_workers=4) as pool:
                return list(pool.map(lambda case: ask(url, case), stored))
        finally:
            process.terminate()


def by_grader(stored: list[Case]) -> list[float | None]:
    """Rewards by the grader's own source."""
    rewards: list[float | None] = []
    for case in stored:
        try:
            rewards.append(score(case.text, case.item, case.finish_reason).reward)
        except NoScoreError:
            rewards.append(None)
    return rewards


def main() -> int:
    """Score every case."""
    stored = cases()
    if not stored:
        print("nothing to compare: only Foundry can compute this grader's reward")
        return 0
    if SERVICE.exists():
        return report("the endpoint's service", by_endpoint(stored))
    return report("the python grader", by_grader(stored))


if __name__ == "__main__":
    sys.exit(main())
