"""All that an examination says of a judge: the checks in order, the verdict, judge.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from rft.files import write_text
from rft.judging.agreement import agreement_checks, by_criterion, compare
from rft.judging.biases import bias_checks, position, repeat_variance, stability_checks
from rft.judging.exam import Judgement, Question, judgements
from rft.judging.rules import decided, near_zero
from rft.readiness.verdict import Check, Verdict, bars_text, share_text
from rft.runs import Run
from rft.stats import share_interval
from rft.thresholds import Exam

RESULT, LATEST = "judge.json", "latest.json"
TOLD = ("name", "figure", "threshold", "verdict", "advice", "source")
NOT_REVERSED = (
    "The criteria were not reversed (task/schema.py defines no reordered(item)), so nothing is "
    "said of a bias for their order."
)


def conclude(
    run: Run, questions: Sequence[Question], exam: Exam, part_of_reward: float
) -> dict[str, Any]:
    """What judge.json says, except of what the judge is and of which calibration.

    `part_of_reward`: how much the reward moves when the judge's score goes from 0 to 1.
    """
    records = run.records()
    found = list(judgements(records, questions))
    straight = [j for j in found if not j.question.reversed]
    compared = compare(straight)
    reversed_too = any(q.reversed for q in questions)
    checks = [_had(found, run.info.planned, exam), _readable(found, exam)]
    checks += agreement_checks(compared, straight, exam)
    checks += stability_checks(straight, exam)
    checks += [position(found, exam)] if reversed_too else []
    checks += bias_checks(straight, exam)
    noise = repeat_variance(straight)
    labels = [one.pair[0] for one in compared]
    tokens: Counter[str] = Counter()
    for grade in (r.grade for r in records if r.grade):
        for usage in grade.judge_tokens.values():
            tokens.update(usage)
    return {
        "verdict": verdict(checks),
        "repeat_variance": noise and noise * part_of_reward**2,
        "score_variance": noise,
        "part_of_reward": part_of_reward,
        "checks": [{name: getattr(check, name) for name in TOLD} for check in checks],
        "skipped": [] if reversed_too else [NOT_REVERSED],
        "cases": len({q.line.item_id for q in questions}),
        "answers": len([q for q in questions if not q.reversed]),
        "repeats": run.info.samples_per_item,
        "labels": len(labels),
        "base_rate": sum(labels) / len(labels) if labels else None,
        "criteria": by_criterion(compared),
        "tokens": dict(tokens),
    }


def verdict(checks: Sequence[Check]) -> Literal["pass", "fail", "not yet"]:
    """All must be go; one no-go fails."""
    told = {check.verdict for check in checks}
    return "fail" if "no-go" in told else "not yet" if "warn" in told else "pass"


def write(folder: Path, result: dict[str, Any]) -> None:
    """judge.json in the examination's folder, and beside it the newest as latest.json."""
    text = json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    for target in (folder / RESULT, folder.parent / LATEST):
        write_text(target, text)


def _had(found: Sequence[Judgement], planned: int, exam: Exam) -> Check:
    go, no_go = exam.lost
    lost = 1 - len(found) / planned
    told: Verdict = "go" if lost <= go else "no-go" if lost > no_go else "warn"
    return decided(
        "judgements had",
        f"{len(found)} of {planned}",
        f"lost {bars_text(exam.lost, percent=True)}",
        told,
        "The endpoint failed; the same command asks for what is missing.",
    )


def _readable(found: Sequence[Judgement], exam: Exam) -> Check:
    bad = sum(not j.readable for j in found)
    share = share_interval(bad, len(found))
    none = sum(j.score is None for j in found)
    return decided(
        "unreadable",
        share_text(share),
        bars_text(exam.unreadable, percent=True),
        near_zero(share, exam.unreadable),
        f"{bad} of {len(found)} judgements could not be read as they came: {none} gave no number "
        "even when asked again, the others needed that or lack a verdict on some criterion. Use a "
        "model that keeps to a JSON schema, or show an example in the prompt.",
    )
