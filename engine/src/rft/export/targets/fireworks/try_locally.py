"""Score stored answers in eval-protocol's engine and compare with the project; needs no key.

.venv/bin/python try_locally.py
"""

import json
import os
import sys
import tempfile
from importlib.metadata import version

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it is fetched

import pytest
from eval_protocol.dataset_logger.dataset_logger import DatasetLogger
from eval_protocol.models import EvaluationRow, Message
from eval_protocol.pytest import NoOpRolloutProcessor, evaluation_test
from rft_evaluator import graded
from rft_reward.trial import cases, report

SCORES: dict[str, float | None] = {}


class Kept(DatasetLogger):
    """Keeps the scores that eval-protocol ends with, and writes nothing."""

    def log(self, row: EvaluationRow) -> None:
        """Note the score of a row, if it has one."""
        if result := row.evaluation_result:
            valid = result.is_score_valid
            SCORES[row.input_metadata.row_id] = result.score if valid else None

    def read(self, row_id: str | None = None) -> list[EvaluationRow]:
        """Nothing was kept to be read."""
        return []


def stored_rows() -> list[EvaluationRow]:
    """One row a case, with the stored answer as the rollout."""
    rows = []
    for n, case in enumerate(cases()):
        messages = [*case.item["messages"], {"role": "assistant", "content": case.text}]
        row = EvaluationRow(messages=[Message(**m) for m in messages])
        row.input_metadata.row_id = str(n)
        row.input_metadata.dataset_info = {"item": json.dumps(case.item)}
        row.execution_metadata.finish_reason = case.finish_reason
        rows.append(row)
    return rows


@evaluation_test(
    input_rows=[stored_rows()],
    completion_params=[{"model": "stored"}],
    rollout_processor=NoOpRolloutProcessor(),
    logger=Kept(),
    mode="pointwise",
    disable_browser_open=True,
)
def test_stored(row: EvaluationRow) -> EvaluationRow:
    """The reward of one stored answer."""
    return graded(row)


class Here:
    """Hands this module's scores over: pytest imports it under another name."""

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare once every answer is scored."""
        module = session.items[0].module
        rewards = [module.SCORES.get(str(n)) for n in range(len(cases()))]
        self.code = report(f"eval-protocol {version('eval-protocol')}", rewards)


def main() -> int:
    """Run test_stored as eval-protocol runs an evaluation."""
    here = Here()
    with tempfile.TemporaryDirectory() as folder:
        options = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header"]
        ended = pytest.main([*options, "--rootdir", folder, __file__], plugins=[here])
    return max(getattr(here, "code", 1), int(ended))


if __name__ == "__main__":
    sys.exit(main())
