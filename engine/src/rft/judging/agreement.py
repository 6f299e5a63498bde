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
    decided,
    enough,
    mean_of_cases,
    near_zero,
    one_criterion,
    strictly,
    untold,
)
from rft.readiness.verdict import HOUSE, Check, bars_text
from rft.stats import Estimate, cohen_kappa, macro_f1
from rft.thresholds import Exam

RESAMPLES = 999
Pair = tuple[bool, bool]
"""What people say, what the judge says."""


@dataclass(frozen=True)
class Compared:
    """One label, and the judge's verdict on it."""

    case: str
    criterion: str
    pair: Pair


def compare(straight: Sequence[Judgement]) -> list[Compared]:
    """Each label with the judge's first verdict on it: when training, one call must do."""
    first: dict[tuple[str, str], Compared] = {}
    for j in sorted(straight, key=lambda j: j.k):
        line = j.question.line
        for name, told in j.met.items():
            pair = (line.labels[name], told)
            first.setdefault((j.question.key, name), Compared(line.item_id, name, pair))
    return list(first.values())


def agreement_checks(
    compared: Sequence[Compared], straight: Sequence[Judgement], exam: Exam
) -> list[Check]:
    """Labels enough, kappa, macro F1, leniency, error of the score, score against own steps."""
    return [
        _size(compared, exam),
        _kappa(compared, exam),
        _macro_f1(compared, exam),
        _leniency(compared, one_criterion(straight), exam),
        _score_error(straight, exam),
        _contradiction(straight, exam),
    ]


def by_criterion(compared: Sequence[Compared]) -> dict[str, dict[str, Any]]:
    """Criterion -> how many labels, share met by label and by judge, agreement, kappa, macro F1.

    In the order of agreement, worst first. Figures that cannot be told are None; intervals are
    those of labels drawn one by one.
    """
    groups: dict[str, list[Compared]] = defaultdict(list)
    for one in compared:
        groups[one.criterion].append(one)
    told: dict[str, dict[str, Any]] = {}
    for name, members in groups.items():
        truth, said = zip(*(m.pair for m in members), strict=True)
        told[name] = {
            "labels": len(truth),
            "base_rate": fmean(truth),
            "met": fmean(said),
            "agreement": fmean(a == b for a, b in zip(truth, said, strict=True)),
            "kappa": plain(cohen_kappa(truth, said)),
            "macro_f1": plain(macro_f1(truth, said)),
        }
    return dict(sorted(told.items(), key=lambda entry: entry[1]["agreement"]))


def plain(figure: Estimate) -> dict[str, float] | None:
    """A figure as JSON data; None if it cannot be told."""
    return None if math.isnan(figure.value) else asdict(figure)


def kappa(compared: Sequence[Compared]) -> Estimate:
    """Cohen's kappa of labels and verdicts; the interval holds that of labels and of cases."""
    from statsmodels.stats.inter_rater import cohens_kappa

    def of_counts(table: np.ndarray) -> float:
        return float(cohens_kappa(table, return_results=False))

    pairs = [one.pair for one in compared]
    figure = cohen_kappa([truth for truth, _ in pairs], [told for _, told in pairs])
    return _widened(figure, compared, of_counts)


def f1(compared: Sequence[Compared]) -> Estimate:
    """Macro F1 of the verdicts over "met" and "not met"; the interval as for kappa."""

    def of_counts(table: np.ndarray) -> float:
        either = table.sum(axis=0) + table.sum(axis=1)
        return float(np.mean(2 * np.diagonal(table)[either > 0] / either[either > 0]))

    pairs = [one.pair for one in compared]
    figure = macro_f1([truth for truth, _ in pairs], [told for _, told in pairs])
    return _widened(figure, compared, of_counts)


def _widened(
    figure: Estimate, compared: Sequence[Compared], of_counts: Callable[[np.ndarray], float]
) -> Estimate:
    """The figure with the wider of two intervals: its own, and that of cases drawn anew.

    Labels of one case are alike, so that drawing labels one by one may promise too much; on the
    other hand few cases drawn anew see too little.
    """
    tables: dict[str, np.ndarray] = defaultdict(lambda: np.zeros((2, 2)))
    for one in compared:
        tables[one.case][int(one.pair[0]), int(one.pair[1])] += 1
    if math.isnan(figure.value) or len(tables) < 2:
        return figure
    cases = np.stack(list(tables.values()))
    drawn = np.random.default_rng(0).integers(0, len(cases), (RESAMPLES, len(cases)))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = [of_counts(table) for table in cases[drawn].sum(axis=1)]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Estimate(figure.value, min(figure.low, float(low)), max(figure.high, float(high)))


def _labels(compared: Sequence[Compared]) -> list[bool]:
    return [one.pair[0] for one in compared]


def _size(compared: Sequence[Compared], exam: Exam) -> Check:
    labels = _labels(compared)
    rarer = min(labels.count(True), labels.count(False))
    return decided(
        "labels compared",
        f"{len(labels)}, {rarer} rarer",
        f">= {exam.min_labels}, >= {exam.min_rarer_labels}",
        "go" if len(labels) >= exam.min_labels and rarer >= exam.min_rarer_labels else "warn",
        "Too few labels to trust the agreement: add calibration answers, above all such that get "
        "the rarer label.",
    )


def _kappa(compared: Sequence[Compared], exam: Exam) -> Check:
    name, wanted = "kappa with labels", bars_text(exam.kappa)
    source = f"{HOUSE}; physicians among themselves on a public rubric: 0.44"
    labels, figure = _labels(compared), kappa(compared)
    if not labels:
        return untold(name, wanted, "No verdict on any criterion could be read.", source)
    base = max(labels.count(True), labels.count(False)) / len(labels)
    agree = fmean(truth == told for truth, told in (one.pair for one in compared))
    return decided(
        name,
        str(figure),
        wanted,
        "no-go" if math.isnan(figure.value) else strictly(figure, exam.kappa),
        f"The judge agrees with {agree:.0%} of the labels; saying the same of everything would "
        f"agree with {base:.0%}. Do not train on it: make the criteria it errs on plainer (they "
        "are listed), or take a stronger model.",
        source,
    )


def _macro_f1(compared: Sequence[Compared], exam: Exam) -> Check:
    name, wanted = "macro F1", bars_text(exam.macro_f1)
    source = f"{HOUSE}; measured as in HealthBench, arXiv 2505.08775"
    figure = f1(compared)
    if math.isnan(figure.value):
        return untold(name, wanted, "", source)
    return decided(
        name,
        str(figure),
        wanted,
        enough(figure, exam.macro_f1),
        "The judge should agree with people as well as people do with each other: measure that, "
        "and put it (less 0.02) into judge.exam.macro_f1.",
        source,
    )


def _leniency(compared: Sequence[Compared], unseen: float, exam: Exam) -> Check:
    name = "met too often"
    wanted = f"+-{bars_text(exam.leniency)[3:]}"
    by_case = defaultdict(list)
    for one in compared:
        by_case[one.case].append(float(one.pair[1]) - float(one.pair[0]))
    if not by_case:
        return untold(name, wanted, "")
    figure = mean_of_cases(by_case, signed=True, unseen=unseen)
    lenient = figure.value > 0
    return decided(
        name,
        signed(figure),
        wanted,
        near_zero(figure, exam.leniency),
        f"The judge is too {'lenient' if lenient else 'strict'}: it finds "
        f"{abs(figure.value):.0%} of the criteria {'more' if lenient else 'fewer'} met than the "
        "labels. Say in the prompt what does and does not count, with an example.",
        likely=abs(figure.value) <= exam.leniency[0],
    )


def _score_error(straight: Sequence[Judgement], exam: Exam) -> Check:
    name = "error of the score"
    wanted = bars_text(exam.score_error)
    by_case = defaultdict(list)
    for j in straight:
        if j.score is not None:
            line = j.question.line
            off = abs(j.score - expected_score(line.labels, j.question.weights))
            by_case[line.item_id].append(off)
    if not by_case:
        return untold(name, wanted, "No score could be read.")
    figure = mean_of_cases(by_case, unseen=one_criterion(straight))
    return decided(
        name,
        str(figure),
        wanted,
        near_zero(figure, exam.score_error),
        f"The score is off by {figure.value:.2f} on average from what the labels amount to.",
        likely=figure.value <= exam.score_error[0],
    )


def _contradiction(straight: Sequence[Judgement], exam: Exam) -> Check:
    name = "score against steps"
    wanted = bars_text(exam.contradiction)
    by_case = defaultdict(list)
    for j in straight:
        if j.score is not None and (implied := j.implied) is not None:
            by_case[j.question.line.item_id].append(abs(j.score - implied))
    if not by_case:
        return untold(name, wanted, "No judgement has a verdict on every criterion.")
    figure = mean_of_cases(by_case, unseen=one_criterion(straight))
    return decided(
        name,
        str(figure),
        wanted,
        near_zero(figure, exam.contradiction),
        f"The score lies {figure.value:.2f} off what the judge's own verdicts amount to: show in "
        "the prompt how the weights are added up, with the figures of an example.",
        likely=figure.value <= exam.contradiction[0],
    )


def signed(figure: Estimate) -> str:
    """A figure whose sign matters."""
    return f"{figure.value:+.2f} [{figure.low:+.2f}, {figure.high:+.2f}]"
