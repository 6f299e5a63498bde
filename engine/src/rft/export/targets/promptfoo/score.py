"""Scores one answer a line for reward.mjs: {"content", "finish", "item"} in, the reward out."""

from __future__ import annotations

import json
import sys

from rft_reward import NoScoreError, score


def main() -> None:
    """Serve until the other end closes the pipe."""
    out = sys.stdout
    sys.stdout = sys.stderr  # what a grader prints is no reply
    for line in sys.stdin:
        request = json.loads(line)
        try:
            result = score(request["content"], request["item"], request["finish"])
        except NoScoreError as error:
            reply = {"no_score": str(error) or "no reason is known"}
        else:
            parts = ", ".join(f"{name} {value:.3g}" for name, value in result.parts.items())
            reason = "; ".join([parts, *result.errors]) or "no parts"
            reply = {"reward": result.reward, "parts": result.parts, "reason": reason}
        print(json.dumps(reply), file=out, flush=True)


if __name__ == "__main__":
    main()
