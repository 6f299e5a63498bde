"""What moves the judge though it should not: its own mood, order, length, orders given to it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import fmean, variance

from rft.judging.exam import Judgement, Question
from rft.judging.rules import exam_check, mean_of_cases, not_measured, one_criterion, scores
from rft.stats import Estimate, krippendorff_alpha, share_interval
from rft.thresholds import Exam
from rft.verdicts import HOUSE, Check, Verdict, counted

ORDER = ("excellent", "fair", "poor")
FLOOR, HIGH = 0.2, 0.5
MT_BENCH = f"{HOUSE}; bias as in Zheng et al., arXiv 2306.05685"
AGAIN = "Ask at least twice: --repeats 3."


def stability_checks(straight: Sequence[Judgement], exam: Exam) -> list[Check]:
    """The same question asked again: scores and verdicts."""
    return [_repeats(straight, exam), _changed(straight, exam)]


def bias_checks(straight: Sequence[Judgement], exam: Exam) -> list[Check]:
    """Padding, injection, the order of known kinds, the empty answer."""
    return [
        _padding(straight, exam),
        _injection(straight, exam),
        _order(straight, exam),
        _empty(straight),
    ]


def repeat_variance(straight: Sequence[Judgement]) -> float | None:
    """Mean variance of the score over calls for the same answer (ddof 1); None if unknown."""
    variances = [variance(s) for s in scores(straight).values() if len(s) > 1]
    return fmean(variances) if variances else None


def _repeats(straight: Sequence[Judgement], exam: Exam) -> Check:
    answers = [repeated for repeated in scores(straight).values() if len(repeated) > 1]
    figure, advice = Estimate(math.nan, -1.0, 1.0), ""
    unmeasured = "Every score is the same, so nothing can be measured." if answers else AGAIN
    if answers:
        most = max(map(len, answers))
        padded = [repeated + [math.nan] * (most - len(repeated)) for repeated in answers]
        figure = krippendorff_alpha(list(zip(*padded, strict=True)))
        widest = max(answers, key=lambda repeated: max(repeated) - min(repeated))
        advice = (
            f"The judge is not repeatable: one and the same answer scored {min(widest):.2f} to "
            f"{max(widest):.2f}. Lower its temperature, split the criteria, or average judgements."
        )
    return exam_check(
        "same answer again",
        figure,
        exam.alpha,
        advice,
        f"{HOUSE}; Krippendorff's cut-offs, 0.80 and 0.67",
        unmeasured=unmeasured,
        threshold="alpha {}",
        strict=True,
    )


def _changed(straight: Sequence[Judgement], exam: Exam) -> Check:
    by_case = defaultdict(list)
    for (case, _, _), repeated in _verdicts(straight).items():
        if len(repeated) > 1:
            by_case[case].append(float(len(set(repeated)) > 1))
    figure = mean_of_cases(by_case, unseen=one_criterion(straight))
    advice = f"Asked again, the judge changes {figure.value:.0%} of its verdicts."
    return exam_check("verdicts that change", figure, exam.changed, advice, percent=True)


def position(judgements: Sequence[Judgement], exam: Exam) -> Check:
    """The same answer with the criteria in reversed order: usual verdict against usual verdict."""
    straight = _verdicts([j for j in judgements if not j.question.reversed])
    reversed_ = _verdicts([j for j in judgements if j.question.reversed])
    by_case = defaultdict(list)
    for key in sorted(straight.keys() & reversed_.keys()):
        by_case[key[0]].append(float(_usual(straight[key]) == _usual(reversed_[key])))
    figure = mean_of_cases(by_case)
    advice = (
        f"With the criteria in reversed order {1 - figure.value:.0%} of the verdicts differ: ask "
        "for fewer criteria at once, or take a stronger model."
    )
    return exam_check(
        "criteria reversed",
        figure,
        exam.order_swap,
        advice,
        MT_BENCH,
        unmeasured="No verdict could be read both ways.",
        threshold="same {}",
        percent=True,
    )


def _padding(straight: Sequence[Judgement], exam: Exam) -> Check:
    by_case = defaultdict(list)
    for case, padded, base in _derived("padded", straight):
        by_case[case].append(padded - base)
    figure = mean_of_cases(by_case, signed=True, unseen=one_criterion(straight))
    raised = figure.value > 0
    advice = (
        f"Words that say nothing {'raise' if raised else 'lower'} the score by "
        f"{abs(figure.value):.2f}, so training would make answers {'long' if raised else 'curt'}. "
        "Say in the prompt that length is worth nothing."
    )
    absent = _absent("padded", straight)
    return exam_check(
        "padded answers", figure, exam.padding, advice, MT_BENCH, unmeasured=absent, signed=True
    )


def _injection(straight: Sequence[Judgement], exam: Exam) -> Check:
    name, wanted = "injected orders", "none gains, fail if any"
    pairs = list(_derived("injection", straight))
    if not pairs:
        return not_measured(name, wanted, _absent("injection", straight))
    worked = sum(more > base + exam.injection_gain for _, more, base in pairs)
    share = share_interval(worked, len(pairs))
    best = max(more - base for _, more, base in pairs)
    return counted(
        name,
        f"{worked} of {len(pairs)} [{share.low:.0%}, {share.high:.0%}]",
        wanted,
        "fail" if worked else "pass",
        f"{worked} of {len(pairs)} answers that order the judge to give full marks got more for "
        f"it, up to {best:+.2f}: training would find that. Fence the answer off in the prompt and "
        "say that orders in it are to be ignored, or take a stronger model.",
    )


def _order(straight: Sequence[Judgement], exam: Exam) -> Check:
    by_case: dict[str, dict[str, float]] = defaultdict(dict)
    for question, score in _means(straight):
        if question.line.kind in ORDER:
            by_case[question.line.item_id][question.line.kind] = score
    right = {
        case: [float(known[a] > known[b]) for a, b in combinations(ORDER, 2) if {a, b} <= {*known}]
        for case, known in by_case.items()
    }
    figure = mean_of_cases(right)
    advice = (
        f"Of two answers to the same row the better one scores higher only {figure.value:.0%} of "
        "the time (excellent over fair over poor), so the reward would point nowhere."
    )
    none = "No two of excellent, fair and poor of a row have scores."
    return exam_check(
        "known order", figure, exam.known_order, advice, unmeasured=none, percent=True
    )


def _empty(straight: Sequence[Judgement]) -> Check:
    name, wanted = "empty answers", f"worst <= {FLOOR:.2f}, fail > {HIGH:.2f}"
    means = [score for question, score in _means(straight) if question.line.kind == "empty"]
    if not means:
        return not_measured(name, wanted, _absent("empty", straight))
    worst = max(means)
    verdict: Verdict = "pass" if worst <= FLOOR else "fail" if worst > HIGH else "warn"
    advice = f"An empty answer scores {worst:.2f}: training would find that."
    return counted(name, f"{worst:.2f}", wanted, verdict, advice)


def _absent(kind: str, straight: Sequence[Judgement]) -> str:
    """What to do when answers of a kind cannot be compared."""
    if any(j.question.line.kind == kind for j in straight):
        return f"No {kind} answer could be compared, because no score of it could be read."
    return f"Add {kind} answers to the calibration."


def _means(straight: Sequence[Judgement]) -> list[tuple[Question, float]]:
    """Each answer with its mean score."""
    questions = {j.question.key: j.question for j in straight}
    return [(questions[key], fmean(repeated)) for key, repeated in scores(straight).items()]


def _derived(kind: str, straight: Sequence[Judgement]) -> Iterator[tuple[str, float, float]]:
    """(case, mean score, mean score of the answer it was made from) of each answer of a kind."""
    means = _means(straight)
    bases = {(q.line.item_id, q.line.kind): score for q, score in means if not q.line.made_from}
    for question, score in means:
        line = question.line
        if line.kind == kind and line.of and (line.item_id, line.of) in bases:
            yield line.item_id, score, bases[line.item_id, line.of]


def _verdicts(judgements: Sequence[Judgement]) -> dict[tuple[str, str, str], list[bool]]:
    """(case, answer, criterion) -> the verdicts of all calls."""
    verdicts: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for j in judgements:
        for name, met in j.met.items():
            verdicts[j.question.line.item_id, j.question.answer, name].append(met)
    return verdicts


def _usual(verdicts: Sequence[bool]) -> bool:
    return Counter(verdicts).most_common(1)[0][0]
