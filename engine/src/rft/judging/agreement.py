"""Does the judge say what people say? Its verdicts and scores against the labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

from rft.judging.calibration import expected_score
from rft.judging.exam import Judgement
from rft.judging.rules import exam_check, mean_of_cases, one_criterion
from rft.stats import Estimate, cohen_kappa, macro_f1
from rft.thresholds import Exam
from rft.verdicts import HOUSE, Check, counted


@dataclass(frozen=True)
class LabelledVerdict:
    """One label, and the judge's verdict on it: whether people and judge say "met"."""

    case: str
    criterion: str
    label: bool
    verdict: bool


def first_verdicts(straight: Sequence[Judgement]) -> list[LabelledVerdict]:
    """Each label with the judge's first verdict on it: when training, one call must do."""
    first: dict[tuple[str, str], LabelledVerdict] = {}
    for j in sorted(straight, key=lambda j: j.k):
        line = j.question.line
        for name, met in j.met.items():
            verdict = LabelledVerdict(line.item_id, name, line.labels[name], met)
            first.setdefault((j.question.key, name), verdict)
    return list(first.values())


def agreement_checks(
    verdicts: Sequence[LabelledVerdict], straight: Sequence[Judgement], exam: Exam
) -> list[Check]:
    """Labels enough, kappa, macro F1, leniency, error of the score, score against own steps."""
    return [
        _size(verdicts, exam),
        _kappa(verdicts, exam),
        _macro_f1(verdicts, exam),
        _leniency(verdicts, one_criterion(straight), exam),
        _score_error(straight, exam),
        _contradiction(straight, exam),
    ]


def by_criterion(verdicts: Sequence[LabelledVerdict]) -> dict[str, dict[str, Any]]:
    """Criterion -> how many labels, share met by label and by judge, agreement, kappa, macro F1.

    In the order of agreement, worst first. Figures that are unknown are None; intervals are
    those of labels drawn one by one.
    """
    groups: dict[str, list[LabelledVerdict]] = defaultdict(list)
    for one in verdicts:
        groups[one.criterion].append(one)
    figures = {name: _figures(members) for name, members in groups.items()}
    return dict(sorted(figures.items(), key=lambda entry: entry[1]["agreement"]))


def _figures(verdicts: Sequence[LabelledVerdict]) -> dict[str, Any]:
    labels, judged = _labels(verdicts), _judged(verdicts)
    return {
        "labels": len(labels),
        "base_rate": fmean(labels),
        "met": fmean(judged),
        "agreement": _agreement(verdicts),
        "kappa": _plain(cohen_kappa(labels, judged)),
        "macro_f1": _plain(macro_f1(labels, judged)),
    }


def _plain(figure: Estimate) -> dict[str, float] | None:
    """A figure as JSON data; None if it is unknown."""
    return None if math.isnan(figure.value) else asdict(figure)


def _labels(verdicts: Sequence[LabelledVerdict]) -> list[bool]:
    return [one.label for one in verdicts]


def _judged(verdicts: Sequence[LabelledVerdict]) -> list[bool]:
    return [one.verdict for one in verdicts]


def _agreement(verdicts: Sequence[LabelledVerdict]) -> float:
    return fmean(one.label == one.verdict for one in verdicts)


def _size(verdicts: Sequence[LabelledVerdict], exam: Exam) -> Check:
    labels = _labels(verdicts)
    rarer = min(labels.count(True), labels.count(False))
    return counted(
        "labels compared",
        f"{len(labels)}, {rarer} less common",
        f">= {exam.min_labels}, >= {exam.min_rarer_labels}",
        "pass" if len(labels) >= exam.min_labels and rarer >= exam.min_rarer_labels else "warn",
        "Too few labels to trust the agreement: add calibration answers, above all answers with "
        "the less common label.",
    )


def _kappa(verdicts: Sequence[LabelledVerdict], exam: Exam) -> Check:
    labels, cases = _labels(verdicts), [one.case for one in verdicts]
    kappa = cohen_kappa(labels, _judged(verdicts), cases)
    source = f"{HOUSE}; physicians among themselves on a public rubric: 0.44"
    advice = "No verdict on any criterion could be read."
    if labels:
        base = max(labels.count(True), labels.count(False)) / len(labels)
        advice = (
            f"The judge agrees with {_agreement(verdicts):.0%} of the labels; saying the same of "
            f"everything would agree with {base:.0%}. Do not train on it: make the criteria it "
            "errs on plainer (they are listed), or take a stronger model."
        )
    name = "kappa with labels"
    check = exam_check(name, kappa, exam.kappa, advice, source, unmeasured=advice, strict=True)
    if labels and math.isnan(kappa.value):  # one and the same verdict on everything
        return replace(check, figure=str(kappa), verdict="fail")
    return check


def _macro_f1(verdicts: Sequence[LabelledVerdict], exam: Exam) -> Check:
    cases = [one.case for one in verdicts]
    advice = (
        "The judge should agree with people as well as people do with each other: measure that, "
        "and put it (less 0.02) into judge.exam.macro_f1."
    )
    source = f"{HOUSE}; measured as in HealthBench, arXiv 2505.08775"
    figure = macro_f1(_labels(verdicts), _judged(verdicts), cases)
    return exam_check("macro F1", figure, exam.macro_f1, advice, source)


def _leniency(verdicts: Sequence[LabelledVerdict], unseen: float, exam: Exam) -> Check:
    by_case = defaultdict(list)
    for one in verdicts:
        by_case[one.case].append(float(one.verdict) - float(one.label))
    figure = mean_of_cases(by_case, signed=True, unseen=unseen)
    lenient = figure.value > 0
    advice = (
        f"The judge is too {'lenient' if lenient else 'strict'}: it finds "
        f"{abs(figure.value):.0%} of the criteria {'more' if lenient else 'fewer'} met than the "
        "labels. Say in the prompt what does and does not count, with an example."
    )
    return exam_check("met too often", figure, exam.leniency, advice, signed=True)


def _score_error(straight: Sequence[Judgement], exam: Exam) -> Check:
    by_case = defaultdict(list)
    for j in straight:
        if j.score is not None:
            line = j.question.line
            off = abs(j.score - expected_score(line.labels, j.question.weights))
            by_case[line.item_id].append(off)
    figure = mean_of_cases(by_case, unseen=one_criterion(straight))
    advice = f"The score is off by {figure.value:.2f} on average from what the labels amount to."
    unread = "No score could be read."
    return exam_check("error of the score", figure, exam.score_error, advice, unmeasured=unread)


def _contradiction(straight: Sequence[Judgement], exam: Exam) -> Check:
    by_case = defaultdict(list)
    for j in straight:
        if j.score is not None and (implied := j.implied) is not None:
            by_case[j.question.line.item_id].append(abs(j.score - implied))
    figure = mean_of_cases(by_case, unseen=one_criterion(straight))
    advice = (
        f"The score lies {figure.value:.2f} off what the judge's own verdicts amount to: show in "
        "the prompt how the weights are added up, with the figures of an example."
    )
    unread = "No judgement has a verdict on every criterion."
    return exam_check("score against steps", figure, exam.contradiction, advice, unmeasured=unread)
