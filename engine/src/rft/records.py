"""The data that flow through the engine in one direction: Sample -> Grade -> Record."""

from __future__ import annotations

import math
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rft.reading import grader_sample, parse_json

_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)", re.MULTILINE)
_TAG = re.compile(r'`*[ \t]*[^\s{]*(?:[ \t]*\{(?!\s*["}])[^{}\n]*\})?(?:[ \t]+[^\s{].*)?[ \t]*\n?')


def parse_answer(text: str) -> Any:
    """The JSON value of an answer: bare, or in the one fenced block of the text; None without.

    The rule is that of the shipped graders (read_answer in task/grader.py).
    """
    if (value := _parsed(text)) is not None:
        return value
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = _FENCE.split(text)
    if len(parts) < 3:  # a fence may stand within a line
        parts = text.split("```")
    return _parsed(_TAG.sub("", parts[1], count=1)) if len(parts) == 3 else None


def _parsed(text: str) -> Any:
    return parse_json(text.strip("\ufeff\u200b\u00a0 \t\r\n\f"))


def finite(value: Any) -> Any:
    """The value as strict JSON knows it: numbers that are not finite become null."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Sample(BaseModel):
    """One answer of a model to one item."""

    model_config = ConfigDict(extra="forbid")

    output_text: str
    """What the model answered, without the reasoning."""
    reasoning: str | None = None
    """What stood between <think> tags, or in the vendor's own reasoning field."""
    tool_calls: list[dict[str, Any]] = Field(default_factory=list)
    finish_reason: str | None = None
    refusal: str | None = None
    rejected: str | None = None
    """Why the endpoint itself refused what the model generated; such an answer scores 0."""
    usage: dict[str, int] = Field(default_factory=dict)
    latency_s: float = 0.0
    model: str = ""

    @property
    def output_json(self) -> Any:
        """The answer parsed as JSON, or None when it is not valid JSON."""
        return parse_json(self.output_text)

    def for_grader(self) -> dict[str, Any]:
        """The `sample` namespace of the hosted grader contract (output_json only if it parsed)."""
        return grader_sample(self.output_text, self.finish_reason, self.tool_calls)


class Grade(BaseModel):
    """What a grader said of one sample."""

    model_config = ConfigDict(extra="forbid")

    reward: float | None
    """In [0, 1]; None when the infrastructure failed and nothing can be said of the answer."""
    parts: dict[str, float] = Field(default_factory=dict)
    errors: dict[str, bool] = Field(default_factory=dict)
    """Flags that are set, in the vocabulary of OpenAI's graders/run."""
    details: dict[str, str] = Field(default_factory=dict)
    """Flag -> what happened, in a sentence."""
    not_graded: list[str] = Field(default_factory=list)
    """Parts that a judge would give and none is configured: the reward is without them."""
    judge_tokens: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Model that judged -> its token counts."""
    judge_steps: dict[str, list[dict[str, str]]] = Field(default_factory=dict)
    """Grader's key -> the judge's reasons, {"description", "conclusion"} each, as far as kept."""
    judge_rereads: int = 0
    """Judgements that could not be read and were asked for once more."""
    refused: bool = False
    """The judge's endpoint refuses this request itself: grading again brings the same."""
    seconds: float = 0.0

    @property
    def flags(self) -> list[str]:
        """Each flag with what happened."""
        return [f"{n}: {self.details[n]}" if n in self.details else n for n in self.errors]


class Record(BaseModel):
    """One line of a run: answer number `k` to item `item_id`, and its grade."""

    model_config = ConfigDict(extra="forbid")

    item_id: str
    k: int
    sample: Sample | None = None
    grade: Grade | None = None
    error: str | None = None
    """An infrastructure failure in one sentence; such a record has no reward and is tried again."""
    refused: bool = False
    """The endpoint refuses this request itself: sending it again brings the same."""

    @property
    def reward(self) -> float | None:
        """The reward in [0, 1], or None if this answer could not be obtained or graded."""
        return self.grade.reward if self.grade else None

    @property
    def cut_off(self) -> bool:
        """Whether the answer ran into max_tokens."""
        return self.sample is not None and self.sample.finish_reason == "length"

    @property
    def failure(self) -> str | None:
        """Why there is no reward, as a sentence; None if there is one."""
        if self.reward is not None:
            return None
        if not (self.error or self.grade):
            return "It has not been graded yet."
        reason = self.error or "; ".join(self.grade.flags if self.grade else [])
        return f"{reason.rstrip('. ') or 'no reason is known'}."

    @property
    def unreadable(self) -> bool:
        """Whether the grader could make nothing of a scored answer.

        That is an answer that earned nothing and holds no JSON, neither bare nor in one fenced
        block. An answer in another form that earned something was read.
        """
        if self.reward is None or self.sample is None:
            return False
        if self.sample.rejected or "sample_parse_error" in (
            self.grade.errors if self.grade else {}
        ):
            return True
        return not self.reward and parse_answer(self.sample.output_text) is None

    def flat(self) -> dict[str, Any]:
        """The record as one line of a table."""
        sample = self.sample or Sample(output_text="")
        parts = self.grade.parts if self.grade else {}
        return {
            "item_id": self.item_id,
            "k": self.k,
            "reward": self.reward,
            **{f"part.{name}": value for name, value in parts.items()},
            "text": sample.output_text if self.sample else None,
            "finish_reason": sample.finish_reason,
            **sample.usage,
            "seconds": sample.latency_s,
            "failure": self.failure,
        }
