"""What eval-protocol runs and Fireworks trains with. Made by `rft export fireworks`."""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from eval_protocol.models import EvaluationRow  # noqa: E402
from eval_protocol.pytest import SingleTurnRolloutProcessor, evaluation_test  # noqa: E402
from rft_evaluator import graded  # noqa: E402

SETTINGS = json.loads((HERE / "settings.json").read_text(encoding="utf-8"))
PARAMETERS = {
    "model": os.environ.get("RFT_MODEL", "fireworks_ai/accounts/fireworks/models/qwen3-8b"),
    "max_tokens": SETTINGS["max_tokens"],
    **({"temperature": t} if (t := SETTINGS["temperature"]) is not None else {}),
    **({"response_format": f} if (f := SETTINGS["response_format"]) else {}),
}


@evaluation_test(
    input_dataset=[str(HERE / "train.jsonl")],
    completion_params=[PARAMETERS],
    rollout_processor=SingleTurnRolloutProcessor(),
    mode="pointwise",
)
def test_reward(row: EvaluationRow) -> EvaluationRow:
    """The reward of one answer."""
    return graded(row)
