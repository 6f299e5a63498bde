"""What `rft eval` says of a run, counted in one pass over its records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rft.records import Grade, Record, Sample

_KINDS = {
    "refused": "were refused by the endpoint (not scored): {} Sending them again will not help; "
    "change those rows or the settings.",
    "missing": "are missing (not scored): {} The same command samples them again.",
    "ungraded": "could not be graded (not scored): {} The same command grades them again.",
}


@dataclass
class Totals:
    """Counts over the records of a run; those without a reward are counted apart.

    `token_limit`: that of the requests, None where there was none.
    """

    token_limit: int | None = None
    rewards: dict[str, list[float]] = field(default_factory=dict)
    """item_id -> the rewards of its answers."""
    failures: dict[str, Counter[str]] = field(default_factory=dict)
    """Kind of failure -> reason -> answers."""
    first_failure: str = ""
    _unscored: Counter[str] = field(default_factory=Counter)
    _rejected: int = 0
    _parts: dict[str, list[float]] = field(default_factory=dict)
    """Part -> (sum, answers that have it)."""
    _usage: Counter[str] = field(default_factory=Counter)
    _flags: Counter[str] = field(default_factory=Counter)
    _not_graded: Counter[str] = field(default_factory=Counter)
    _judged: Counter[str] = field(default_factory=Counter)
    _odd: Counter[str] = field(default_factory=Counter)
    _longest: int = 0

    @classmethod
    def of(cls, records: Iterable[Record], token_limit: int | None) -> Totals:
        """Count a run."""
        totals = cls(token_limit)
        for record in records:
            if record.grade:
                totals._count_grade(record.grade)
            if record.reward is None:
                totals._count_failure(record)
                continue
            totals.rewards.setdefault(record.item_id, []).append(record.reward)
            for name, value in (record.grade.parts if record.grade else {}).items():
                part = totals._parts.setdefault(name, [0.0, 0.0])
                part[:] = part[0] + value, part[1] + 1
            if record.sample:
                totals._count_sample(record.sample)
        return totals

    @property
    def graded(self) -> int:
        """Answers with a reward."""
        return sum(map(len, self.rewards.values()))

    @property
    def answers(self) -> int:
        """All that the run holds."""
        return self.graded + self._unscored.total()

    @property
    def row_means(self) -> list[float]:
        """The mean reward of each row that has one."""
        return [sum(row) / len(row) for row in self.rewards.values()]

    @property
    def parts(self) -> dict[str, float]:
        """Mean of each part; an answer that the endpoint refused itself has 0 in all of them."""
        return {name: total / (n + self._rejected) for name, (total, n) in self._parts.items()}

    def lines(self) -> list[str]:
        """What is missing, what it took and what the grader flagged, a line each."""
        lines = self._missing_lines()
        prompt, answer = self._usage["prompt_tokens"], self._usage["completion_tokens"]
        if self._usage:
            lines.append(f"tokens: {prompt:,} in the prompts, {answer:,} in the answers")
        if self._flags:
            flags = ", ".join(f"{flag} {n}" for flag, n in self._flags.most_common())
            lines.append(f"flags: {flags}")
        if self._not_graded:
            lines.append(
                f"not graded: {', '.join(self._not_graded)} in {max(self._not_graded.values())} "
                "answers, because rft.toml has no [judge]; the reward is over the other parts"
            )
        judged = (f"judge tokens: {count:,} by {model}" for model, count in self._judged.items())
        return [*lines, *judged]

    def notes(self) -> list[str]:
        """What is odd about the answers, a sentence each."""
        notes = []
        if longer := self._odd["longer"]:
            notes.append(
                f"the endpoint ignores the token limit: {longer} answers are longer than "
                f"sampling.max_tokens = {self.token_limit:,}, the longest {self._longest:,} tokens"
            )
        if silent := self._odd["silent"]:
            notes.append(
                f"{silent} answers hold reasoning and no answer, and scored as empty; if they "
                "should not, look at the server's reasoning parser"
            )
        if calls := self._odd["calls"]:
            notes.append(f"{calls} answers are tool calls without text, though no tool was sent")
        return notes

    def _count_grade(self, grade: Grade) -> None:
        self._flags.update(list(grade.errors))
        self._not_graded.update(grade.not_graded)
        for model, usage in grade.judge_tokens.items():
            self._judged[model] += sum(usage.values())

    def _count_failure(self, record: Record) -> None:
        kind = "refused" if record.refused else "ungraded" if record.sample else "missing"
        self.first_failure = self.first_failure or str(record.failure)
        self.failures.setdefault(kind, Counter())[str(record.failure)] += 1
        self._unscored[record.item_id] += 1

    def _count_sample(self, sample: Sample) -> None:
        self._usage.update(sample.usage)
        length = sample.usage.get("completion_tokens", 0)
        self._longest = max(self._longest, length)
        empty = not sample.output_text.strip()
        self._rejected += bool(sample.rejected)
        self._odd["longer"] += bool(self.token_limit and length > self.token_limit)
        self._odd["silent"] += bool(sample.reasoning) and empty and sample.finish_reason == "stop"
        self._odd["calls"] += bool(sample.tool_calls) and empty

    def _missing_lines(self) -> list[str]:
        """The answers without a reward, why, and how much they could move the mean."""
        if not self._unscored:
            return []
        lines = [
            f"the mean is without {self._unscored.total()} of {self.answers} answers; had they "
            f"been scored, it would be between {self._mean_with(0):.2f} and "
            f"{self._mean_with(1):.2f}"
        ]
        for kind, sentence in _KINDS.items():
            if reasons := self.failures.get(kind):
                reason = reasons.most_common(1)[0][0]
                lines.append(f"{reasons.total()} answers {sentence.format(reason)}")
        return lines

    def _mean_with(self, missing: float) -> float:
        """The mean over rows if every answer without a reward had this one."""
        means = []
        for item_id in self.rewards.keys() | self._unscored.keys():
            row, unscored = self.rewards.get(item_id, []), self._unscored[item_id]
            means.append((sum(row) + missing * unscored) / (len(row) + unscored))
        return sum(means) / len(means)
