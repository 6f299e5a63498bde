"""All that an examination says of a judge: the checks in order, the verdict, judge.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from rft import display
from rft.display import COLOURS
from rft.files import write_text
from rft.judging.agreement import agreement_checks, by_criterion, first_verdicts
from rft.judging.biases import bias_checks, position, repeat_variance, stability_checks
from rft.judging.exam import Judgement, Question, judgements
from rft.judging.rules import exam_check
from rft.runs import Run
from rft.stats import share_interval
from rft.thresholds import Exam
from rft.verdicts import (
    Check,
    Overall,
    check_table,
    counted,
    overall,
    undecided,
)

if TYPE_CHECKING:
    import pandas

RESULT, LATEST = "judge.json", "latest.json"
STORED = ("name", "figure", "threshold", "verdict", "advice", "source")
NOT_REVERSED = (
    "The criteria were not reversed (task/schema.py defines no reordered(item)), so a bias for "
    "their order was not measured."
)
SHOWN = 5
"""Criteria that are listed, worst first."""


@dataclass(frozen=True)
class JudgeResult:
    """What an examination found. Prints as `rft judge` does; its fields are those of judge.json."""

    grader: str
    """Hash of the grader with its judge."""
    calibration: str
    """Hash of the calibration file."""
    judge: dict[str, str]
    """Profile and model."""
    created: str
    verdict: Overall
    repeat_variance: float | None
    """Of the reward over calls for the same answer; None when each was asked once."""
    score_variance: float | None
    part_of_reward: float
    """How much the reward moves when the judge's score goes from 0 to 1."""
    checks: list[Check]
    skipped: list[str]
    cases: int
    """Rows with calibration answers."""
    answers: int
    repeats: int
    labels: int
    base_rate: float | None
    """Share of labels that say "met"."""
    criteria: dict[str, dict[str, Any]]
    """Criterion -> labels, shares and agreement, worst first."""
    tokens: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data."""
        checks = [{name: getattr(check, name) for name in STORED} for check in self.checks]
        return {name: getattr(self, name) for name in self.__annotations__} | {"checks": checks}

    def to_frame(self) -> pandas.DataFrame:
        """One line per check."""
        import pandas

        return pandas.DataFrame([asdict(check) for check in self.checks])

    def __str__(self) -> str:
        return display.as_text(self.write)

    def write(self, console: Console) -> None:
        """Print the verdict and the next step, then the checks and the worst criteria."""
        advice = [check.advice for check in self.checks if check.advice] + self.skipped
        step = "this judge can be trusted with this rubric."
        if self.verdict != "GO":
            step = advice.pop(0)
        console.print(display.headline(self.verdict, COLOURS[self.verdict], f"{step}\n"))
        console.print(check_table(self.checks))
        self._write_criteria(console)
        for sentence in advice:
            console.print(f"  - {sentence}")

    def _write_criteria(self, console: Console) -> None:
        wrong = [(n, c) for n, c in self.criteria.items() if c["agreement"] < 1]
        if not wrong:
            return
        columns = ("criterion", "labels", "met", "judged met", "agree")
        table = Table(*columns, box=None, pad_edge=False)
        for name, figures in wrong[:SHOWN]:
            shares = (f"{figures[share]:.0%}" for share in ("base_rate", "met", "agreement"))
            table.add_row(name, str(figures["labels"]), *shares)
        console.print("\nWhere the judge errs most:")
        console.print(table)

    def save(self, folder: Path, *, latest: bool) -> None:
        """judge.json in the examination's folder and, if `latest`, beside it as latest.json."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        write_text(folder / RESULT, text)
        if latest:
            write_text(folder.parent / LATEST, text)


def conclude(
    run: Run,
    questions: Sequence[Question],
    exam: Exam,
    part_of_reward: float,
    *,
    calibration: str,
) -> JudgeResult:
    """What the judgements of a run say; `part_of_reward`, `calibration`: see JudgeResult."""
    records = run.records()
    every = list(judgements(records, questions))
    straight = [j for j in every if not j.question.reversed]
    verdicts = first_verdicts(straight)
    reversed_too = any(question.reversed for question in questions)
    checks = [_readable(every, exam), *agreement_checks(verdicts, straight, exam)]
    checks += stability_checks(straight, exam)
    checks += [position(every, exam)] if reversed_too else []
    checks += bias_checks(straight, exam)
    lost = 1 - len(every) / run.info.planned
    checks = [
        _obtained(every, run.info.planned, exam),
        *(undecided(checks) if lost > exam.lost[1] else checks),
    ]
    noise = repeat_variance(straight)
    labels = [one.label for one in verdicts]
    tokens: Counter[str] = Counter()
    for record in records:
        for usage in record.grade.judge_tokens.values() if record.grade else ():
            tokens.update(usage)
    return JudgeResult(
        grader=run.info.hashes["grader"],
        calibration=calibration,
        judge={"profile": run.info.profile, "model": run.info.model},
        created=run.info.created,
        verdict=overall(checks),
        repeat_variance=noise and noise * part_of_reward**2,
        score_variance=noise,
        part_of_reward=part_of_reward,
        checks=checks,
        skipped=[] if reversed_too else [NOT_REVERSED],
        cases=len({question.line.item_id for question in questions}),
        answers=sum(not question.reversed for question in questions),
        repeats=run.info.samples_per_item,
        labels=len(labels),
        base_rate=sum(labels) / len(labels) if labels else None,
        criteria=by_criterion(verdicts),
        tokens=dict(tokens),
    )


def _obtained(every: Sequence[Judgement], planned: int, exam: Exam) -> Check:
    enough = 1 - exam.lost[0]
    return counted(
        "judgements obtained",
        f"{len(every):,} of {planned:,}",
        f">= {enough:.0%}",
        "pass" if len(every) >= enough * planned else "warn",
        "The endpoint failed; run the same command again: it asks only for what is missing.",
    )


def _readable(every: Sequence[Judgement], exam: Exam) -> Check:
    bad = sum(not j.readable for j in every)
    share = share_interval(bad, len(every))
    none = sum(j.score is None for j in every)
    advice = (
        f"{bad} of {len(every)} judgements could not be read at once: {none} gave no number even "
        "when asked again, the others needed that or lack a verdict on some criterion. Use a model "
        "that keeps to a JSON schema, or show an example in the prompt."
    )
    return exam_check("unreadable", share, exam.unreadable, advice, percent=True)
