"""The job's grader as TRL's reward function, with the counts the contract's metrics need."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from rft.errors import UserError
from rft.graders import Grader
from rft.graders.response import FLAGS
from rft.graders.spec import hosted_leaves
from rft.reading import split_reasoning
from rft.records import Grade, Sample

TRIES = 3
"""Gradings of one answer whose judge is away; what hangs or dies would only do so again."""
BAD_STEPS = 3
"""Steps in a row after which a broken grader ends the job."""


@dataclass
class Batch:
    """Everything graded since it was last taken. `groups`: rewards by row, None for outages."""

    grades: list[Grade] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    cut: int = 0
    groups: list[list[float | None]] = field(default_factory=list)

    def mean(self, part: str = "") -> float | None:
        """Mean reward, or mean of a part of it, of the answers that could be graded."""
        return _mean([g.parts.get(part) if part else g.reward for g in self.grades])

    def flat_share(self) -> float | None:
        """Share of groups in which all rewards are equal: they teach nothing."""
        return _mean([float(flat(group)) for group in self.groups])


def flat(group: Sequence[float | None]) -> bool:
    """Whether the rewards of a group do not differ."""
    return len({reward for reward in group if reward is not None}) < 2


class Rewards:
    """Called by TRL with one batch of answers; `mode` says for what ("train" or "valid").

    Raises UserError when in BAD_STEPS training steps in a row at least half of the answers made a
    python grader raise, and when not one answer of as many steps could be graded.
    """

    __name__ = "grader"

    def __init__(self, grader: Grader, max_tokens: int, workers: int) -> None:
        self._grader = grader
        self._max_tokens = max_tokens
        self._threads = ThreadPoolExecutor(workers)
        self.mode = "train"
        self.group_size = 1
        self._batches = {"train": Batch(), "valid": Batch()}
        self._raised = self._lost = 0
        self.last: list[list[float | None]] = []
        """The groups of the latest call."""

    def close(self) -> None:
        """End the threads; the grader is closed by its owner."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def __call__(
        self, completions: list[Any], completion_ids: list[list[int]], item: list[str], **_: Any
    ) -> list[float | None]:
        """One reward per answer; None (an outage of ours) is left out of its group by TRL."""
        batch = self._batches[self.mode]
        grades = list(self._threads.map(self._grade, completions, completion_ids, item))
        rewards = [grade.reward for grade in grades]
        batch.grades += grades
        batch.tokens += [len(ids) for ids in completion_ids]
        batch.cut += sum(len(ids) >= self._max_tokens for ids in completion_ids)
        size = self.group_size
        self.last = [rewards[k : k + size] for k in range(0, len(rewards), size)]
        batch.groups += self.last
        if self.mode == "train":
            self._judge_grader(grades)
        return rewards

    def _grade(self, completion: Any, ids: list[int], item: str) -> Grade:
        text = completion[-1]["content"] if isinstance(completion, list) else completion
        answer, reasoning = split_reasoning(text)
        finish = "length" if len(ids) >= self._max_tokens else "stop"
        sample = Sample(output_text=answer, reasoning=reasoning, finish_reason=finish).for_grader()
        row = json.loads(item)
        for _ in range(TRIES):
            grade = self._grader.grade(sample, row)
            if grade.reward is not None or "model_grader_server_error" not in grade.errors:
                break
        return grade

    def _judge_grader(self, grades: list[Grade]) -> None:
        raised = [g for g in grades if "python_grader_runtime_error" in g.errors]
        self._raised = self._raised + 1 if 2 * len(raised) >= len(grades) else 0
        lost = [g for g in grades if g.reward is None]
        self._lost = self._lost + 1 if len(lost) == len(grades) else 0
        if self._raised >= BAD_STEPS:
            traceback = raised[0].details.get("python_grader_runtime_error", "")
            raise UserError(
                f"The grader raised on at least half of the answers in {BAD_STEPS} steps in a row, "
                f"last with: {traceback[-600:]}; correct it (rft grade shows single answers)."
            )
        if self._lost >= BAD_STEPS:
            raise UserError(
                f"No answer could be graded in {BAD_STEPS} steps in a row, last: "
                f"{'; '.join(lost[0].flags)[:600]}."
            )

    def take(self, mode: str) -> Batch:
        """What was graded in this mode since the last take."""
        batch, self._batches[mode] = self._batches[mode], Batch()
        return batch

    def figures(self, train: Batch, valid: Batch | None) -> dict[str, Any]:
        """scores, usage, errors and timing of an event, under the contract's names."""
        halves = {"train": train} | ({"valid": valid} if valid else {})
        spec = self._grader.spec
        parts = hosted_leaves(spec)
        scores: list[dict[str, Any]] = [
            {"name": leaf.name, "type": leaf.type} for leaf in parts.values()
        ]
        errors: dict[str, Any] = {"name": spec.name or "grader", "type": spec.type}
        timing, samples = dict(errors), dict[str, Any]()
        for half, batch in halves.items():
            for entry, key in zip(scores, parts, strict=True):
                entry[f"{half}_reward_mean"] = batch.mean(key)
            for flag in FLAGS:
                hits = [float(flag in grade.errors) for grade in batch.grades]
                errors |= {f"{half}_{flag}_mean": _mean(hits), f"{half}_{flag}_count": sum(hits)}
            timing[f"{half}_execution_latency_mean"] = _mean([g.seconds for g in batch.grades])
            samples[f"{half}_completion_tokens_mean"] = _mean(batch.tokens)
            samples[f"{half}_completion_tokens_count"] = float(sum(batch.tokens))
            samples[f"{half}_cut_off_share"] = batch.cut / max(1, len(batch.tokens))
        train_mean, valid_mean = train.mean(), valid.mean() if valid else None
        judges = _judges([grade for batch in halves.values() for grade in batch.grades])
        return {
            "scores": {
                "train_reward_mean": train_mean,
                "valid_reward_mean": valid_mean,
                "graders": scores,
            },
            "usage": {"graders": judges, "samples": samples},
            "errors": {"graders": [errors]},
            "timing": {"graders": [timing]},
            "train_mean_reward": train_mean,
            "full_valid_mean_reward": valid_mean,
            "completion_tokens_mean": _mean(train.tokens),
            "mean_unresponsive_rewards": _mean([float(g.reward is None) for g in train.grades]),
            "full_valid_mean_parse_error": errors.get("valid_sample_parse_error_mean"),
        }


def _judges(grades: list[Grade]) -> list[dict[str, Any]]:
    """The tokens of each judge."""
    spent: dict[str, Counter[str]] = defaultdict(Counter)
    for grade in grades:
        for model, usage in grade.judge_tokens.items():
            spent[model].update(usage)
    return [{"model": model, **usage} for model, usage in spent.items()]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
