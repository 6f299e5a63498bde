"""Does the judge say what people say? Its verdicts and scores against the labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np

from rft.judging.calibration import expected_score
from rft.judging.exam import Judgement
from rft.judging.rules import (
    counted,
    estimated,
    mean_of_cases,
    one_criterion,
    signed,
    unmeasured,
)
from rft.stats import Estimate, cohen_kappa, macro_f1
from rft.thresholds import Exam
from rft.verdicts import HOUSE, Check, bars_text

RESAMPLES = 999
Pair = tuple[bool, bool]
"""What people say, what the judge says."""


@dataclass(frozen=True)
class LabelledVerdict:
    """One label, and the judge's verdict on it."""

    case: str
    criterion: str
    pair: Pair


def first_verdicts(straight: Sequence[Judgement]) -> list[LabelledVerdict]:
    """Each label with the judge's first verdict on it: when training, one call must do."""
    first: dict[tuple[str, str], LabelledVerdict] = {}
    for j in sorted(straight, key=lambda j: j.k):
        line = j.question.line
        for name, met in j.met.items():
            pair = (line.labels[name], met)
            first.setdefault((j.question.key, name), LabelledVerdict(line.item_id, name, pair))
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
    figures: dict[str, dict[str, Any]] = {}
    for name, members in groups.items():
        labels, verdict = zip(*(m.pair for m in members), strict=True)
        figures[name] = {
            "labels": len(labels),
            "base_rate": fmean(labels),
            "met": fmean(verdict),
            "agreement": fmean(a == b for a, b in zip(labels, verdict, strict=True)),
            "kappa": plain(cohen_kappa(labels, verdict)),
            "macro_f1": plain(macro_f1(labels, verdict)),
        }
    return dict(sorted(figures.items(), key=lambda entry: entry[1]["agreement"]))


def plain(figure: Estimate) -> dict[str, float] | None:
    """A figure as JSON data; None if it is unknown."""
    return None if math.isnan(figure.value) else asdict(figure)


def kappa(verdicts: Sequence[LabelledVerdict]) -> Estimate:
    """Cohen's kappa of labels and verdicts; the interval holds that of labels and of cases."""
    from statsmodels.stats.inter_rater import cohens_kappa

    def of_counts(table: np.ndarray) -> float:
        return float(cohens_kappa(table, return_results=False))

    pairs = [one.pair for one in verdicts]
    figure = cohen_kappa([label for label, _ in pairs], [verdict for _, verdict in pairs])
    return _widened(figure, verdicts, of_counts)


def f1(verdicts: Sequence[LabelledVerdict]) -> Estimate:
    """Macro F1 of the verdicts over "met" and "not met"; the interval as for kappa."""

    def of_counts(table: np.ndarray) -> float:
        either = table.sum(axis=0) + table.sum(axis=1)
        return float(np.mean(2 * np.diagonal(table)[either > 0] / either[either > 0]))

    pairs = [one.pair for one in verdicts]
    figure = macro_f1([label for label, _ in pairs], [verdict for _, verdict in pairs])
    return _widened(figure, verdicts, of_counts)


def _widened(
    figure: Estimate, verdicts: Sequence[LabelledVerdict], of_counts: Callable[[np.ndarray], float]
) -> Estimate:
    """The figure with the wider of two intervals: its own, and that of cases drawn anew.

    Labels of one case are alike, so that drawing labels one by one may promise too much; on the
    other hand few cases drawn anew see too little.
    """
    tables: dict[str, np.ndarray] = defaultdict(lambda: np.zeros((2, 2)))
    for one in verdicts:
        tables[one.case][int(one.pair[0]), int(one.pair[1])] += 1
    if math.isnan(figure.value) or len(tables) < 2:
        return figure
    cases = np.stack(list(tables.values()))
    drawn = np.random.default_rng(0).integers(0, len(cases), (RESAMPLES, len(cases)))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = [of_counts(table) for table in cases[drawn].sum(axis=1)]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Estimate(figure.value, min(figure.low, float(low)), max(figure.high, float(high)))


def _labels(verdicts: Sequence[LabelledVerdict]) -> list[bool]:
    return [one.pair[0] for one in verdicts]


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
    name, wanted = "kappa with labels", bars_text(exam.kappa)
    source = f"{HOUSE}; physicians among themselves on a public rubric: 0.44"
    labels, figure = _labels(verdicts), kappa(verdicts)
    if not labels:
        return unmeasured(name, wanted, "No verdict on any criterion could be read.", source)
    base = max(labels.count(True), labels.count(False)) / len(labels)
    agree = fmean(label == verdict for label, verdict in (one.pair for one in verdicts))
    advice = (
        f"The judge agrees with {agree:.0%} of the labels; saying the same of everything would "
        f"agree with {base:.0%}. Do not train on it: make the criteria it errs on plainer (they "
        "are listed), or take a stronger model."
    )
    if math.isnan(figure.value):
        return counted(name, str(figure), wanted, "fail", advice, source)
    return estimated(name, figure, exam.kappa, advice, source, strict=True)


def _macro_f1(verdicts: Sequence[LabelledVerdict], exam: Exam) -> Check:
    name, source = "macro F1", f"{HOUSE}; measured as in HealthBench, arXiv 2505.08775"
    figure = f1(verdicts)
    if math.isnan(figure.value):
        return unmeasured(name, bars_text(exam.macro_f1), "", source)
    advice = (
        "The judge should agree with people as well as people do with each other: measure that, "
        "and put it (less 0.02) into judge.exam.macro_f1."
    )
    return estimated(name, figure, exam.macro_f1, advice, source)


def _leniency(verdicts: Sequence[LabelledVerdict], unseen: float, exam: Exam) -> Check:
    name = "met too often"
    by_case = defaultdict(list)
    for one in verdicts:
        by_case[one.case].append(float(one.pair[1]) - float(one.pair[0]))
    if not by_case:
        return unmeasured(name, f"+-{bars_text(exam.leniency)[3:]}", "")
    figure = mean_of_cases(by_case, signed=True, unseen=unseen)
    lenient = figure.value > 0
    advice = (
        f"The judge is too {'lenient' if lenient else 'strict'}: it finds "
        f"{abs(figure.value):.0%} of the criteria {'more' if lenient else 'fewer'} met than the "
        "labels. Say in the prompt what does and does not count, with an example."
    )
    return signed(name, figure, exam.leniency, advice)


def _score_error(straight: Sequence[Judgement], exam: Exam) -> Check:
    name = "error of the score"
    by_case = defaultdict(list)
    for j in straight:
        if j.score is not None:
            line = j.question.line
            off = abs(j.score - expected_score(line.labels, j.question.weights))
            by_case[line.item_id].append(off)
    if not by_case:
        return unmeasured(name, bars_text(exam.score_error), "No score could be read.")
    figure = mean_of_cases(by_case, unseen=one_criterion(straight))
    advice = f"The score is off by {figure.value:.2f} on average from what the labels amount to."
    return estimated(name, figure, exam.score_error, advice)


def _contradiction(straight: Sequence[Judgement], exam: Exam) -> Check:
    name = "score against steps"
    by_case = defaultdict(list)
    for j in straight:
        if j.score is not None and (implied := j.implied) is not None:
            by_case[j.question.line.item_id].append(abs(j.score - implied))
    if not by_case:
        wanted = bars_text(exam.contradiction)
        return unmeasured(name, wanted, "No judgement has a verdict on every criterion.")
    figure = mean_of_cases(by_case, unseen=one_criterion(straight))
    advice = (
        f"The score lies {figure.value:.2f} off what the judge's own verdicts amount to: show in "
        "the prompt how the weights are added up, with the figures of an example."
    )
    return estimated(name, figure, exam.contradiction, advice)
