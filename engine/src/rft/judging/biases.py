"""What moves the judge though it should not: its own mood, order, length, orders given to it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import fmean, variance

from rft.judging.agreement import signed
from rft.judging.exam import Judgement, Question
from rft.judging.rules import (
    decided,
    enough,
    mean_of_cases,
    near_zero,
    one_criterion,
    scores,
    strictly,
    untold,
)
from rft.readiness.verdict import HOUSE, Check, Verdict, bars_text, share_text
from rft.stats import krippendorff_alpha, share_interval
from rft.thresholds import Exam

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
    """Mean variance of the score over calls for the same answer (ddof 1); None if untold."""
    told = [variance(s) for s in scores(straight).values() if len(s) > 1]
    return fmean(told) if told else None


def _repeats(straight: Sequence[Judgement], exam: Exam) -> Check:
    name, source = "same answer again", f"{HOUSE}; Krippendorff's cut-offs, 0.80 and 0.67"
    wanted = f"alpha {bars_text(exam.alpha)}"
    answers = [told for told in scores(straight).values() if len(told) > 1]
    if not answers:
        return untold(name, wanted, AGAIN, source)
    most = max(map(len, answers))
    padded = [told + [math.nan] * (most - len(told)) for told in answers]
    figure = krippendorff_alpha(list(zip(*padded, strict=True)))
    if math.isnan(figure.value):
        return untold(name, wanted, "Every score is the same: nothing can be told.", source)
    widest = max(answers, key=lambda told: max(told) - min(told))
    return decided(
        name,
        str(figure),
        wanted,
        strictly(figure, exam.alpha),
        f"The judge changes its mind: one and the same answer, {min(widest):.2f} to "
        f"{max(widest):.2f}. Lower its temperature, split the criteria, or average judgements.",
        source,
    )


def _changed(straight: Sequence[Judgement], exam: Exam) -> Check:
    name = "verdicts that change"
    wanted = bars_text(exam.changed, percent=True)
    by_case = defaultdict(list)
    for (case, _, _), told in _verdicts(straight).items():
        if len(told) > 1:
            by_case[case].append(float(len(set(told)) > 1))
    if not by_case:
        return untold(name, wanted, "")
    figure = mean_of_cases(by_case, unseen=one_criterion(straight))
    return decided(
        name,
        share_text(figure),
        wanted,
        near_zero(figure, exam.changed),
        f"Asked again, the judge changes {figure.value:.0%} of its verdicts.",
        likely=figure.value <= exam.changed[0],
    )


def position(found: Sequence[Judgement], exam: Exam) -> Check:
    """The same answer with the criteria in reversed order: usual verdict against usual verdict."""
    name = "criteria reversed"
    wanted = f"same {bars_text(exam.order_swap, percent=True)}"
    straight = _verdicts([j for j in found if not j.question.reversed])
    turned = _verdicts([j for j in found if j.question.reversed])
    by_case = defaultdict(list)
    for key in straight.keys() & turned.keys():
        by_case[key[0]].append(float(_usual(straight[key]) == _usual(turned[key])))
    if not by_case:
        return untold(name, wanted, "No verdict could be read both ways.", MT_BENCH)
    figure = mean_of_cases(dict(sorted(by_case.items())))
    return decided(
        name,
        share_text(figure),
        wanted,
        enough(figure, exam.order_swap),
        f"With the criteria in reversed order {1 - figure.value:.0%} of the verdicts differ: ask "
        "for fewer criteria at once, or take a stronger model.",
        MT_BENCH,
        likely=figure.value >= exam.order_swap[0],
    )


def _padding(straight: Sequence[Judgement], exam: Exam) -> Check:
    name = "padded answers"
    wanted = f"+-{bars_text(exam.padding)[3:]}"
    by_case = defaultdict(list)
    for case, more, base in _made("padded", straight):
        by_case[case].append(more - base)
    if not by_case:
        return untold(name, wanted, _absent("padded", straight), MT_BENCH)
    figure = mean_of_cases(by_case, signed=True, unseen=one_criterion(straight))
    way = "raise" if figure.value > 0 else "lower"
    return decided(
        name,
        signed(figure),
        wanted,
        near_zero(figure, exam.padding),
        f"Words that say nothing {way} the score by {abs(figure.value):.2f}: the model would "
        f"learn to {'ramble' if figure.value > 0 else 'be curt'}. Say in the prompt that length "
        "is worth nothing.",
        MT_BENCH,
        likely=abs(figure.value) <= exam.padding[0],
    )


def _injection(straight: Sequence[Judgement], exam: Exam) -> Check:
    name, wanted = "injected orders", "none gains, no-go if any"
    made = list(_made("injection", straight))
    if not made:
        return untold(name, wanted, _absent("injection", straight))
    worked = sum(more > base + exam.injection_gain for _, more, base in made)
    share = share_interval(worked, len(made))
    best = max(more - base for _, more, base in made)
    return decided(
        name,
        f"{worked} of {len(made)} [{share.low:.0%}, {share.high:.0%}]",
        wanted,
        "no-go" if worked else "go",
        f"{worked} of {len(made)} answers that order the judge to give full marks got more for "
        f"it, up to {best:+.2f}: training would find that. Fence the answer off in the prompt and "
        "say that orders in it are to be ignored, or take a stronger model.",
    )


def _order(straight: Sequence[Judgement], exam: Exam) -> Check:
    name = "known order"
    wanted = bars_text(exam.known_order, percent=True)
    by_case: dict[str, dict[str, float]] = defaultdict(dict)
    for question, score in _means(straight):
        if question.line.kind in ORDER:
            by_case[question.line.item_id][question.line.kind] = score
    right = {
        case: [float(known[a] > known[b]) for a, b in combinations(ORDER, 2) if {a, b} <= {*known}]
        for case, known in by_case.items()
    }
    if not any(right.values()):
        return untold(name, wanted, "No two of excellent, fair and poor of a row have scores.")
    figure = mean_of_cases(right)
    return decided(
        name,
        share_text(figure),
        wanted,
        enough(figure, exam.known_order),
        f"Of two answers to the same row the better one scores higher only {figure.value:.0%} of "
        "the time (excellent over fair over poor): the reward would point nowhere.",
        likely=figure.value >= exam.known_order[0],
    )


def _empty(straight: Sequence[Judgement]) -> Check:
    name, wanted = "empty answers", f"worst <= {FLOOR:.2f}, no-go > {HIGH:.2f}"
    told = [score for question, score in _means(straight) if question.line.kind == "empty"]
    if not told:
        return untold(name, wanted, _absent("empty", straight))
    verdict: Verdict = "go" if max(told) <= FLOOR else "no-go" if max(told) > HIGH else "warn"
    return decided(
        name,
        f"{max(told):.2f}",
        wanted,
        verdict,
        f"An empty answer scores {max(told):.2f}: training would find that.",
    )


def _absent(kind: str, straight: Sequence[Judgement]) -> str:
    """What to do when answers of a kind cannot be compared."""
    if any(j.question.line.kind == kind for j in straight):
        return f"No {kind} answer could be compared, for want of scores that can be read."
    return f"Add {kind} answers to the calibration."


def _means(straight: Sequence[Judgement]) -> list[tuple[Question, float]]:
    """Each answer with its mean score."""
    asked = {j.question.key: j.question for j in straight}
    return [(asked[key], fmean(told)) for key, told in scores(straight).items()]


def _made(kind: str, straight: Sequence[Judgement]) -> Iterator[tuple[str, float, float]]:
    """(case, mean score, mean score of the answer it was made from) of each answer of a kind."""
    means = _means(straight)
    bases = {(q.line.item_id, q.line.kind): score for q, score in means if not q.line.made_from}
    for question, score in means:
        line = question.line
        if line.kind == kind and line.of and (line.item_id, line.of) in bases:
            yield line.item_id, score, bases[line.item_id, line.of]


def _verdicts(found: Sequence[Judgement]) -> dict[tuple[str, str, str], list[bool]]:
    """(case, answer, criterion) -> the verdicts of all calls."""
    told: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for j in found:
        key = j.question.key.removesuffix("/reversed")
        for name, met in j.met.items():
            told[j.question.line.item_id, key, name].append(met)
    return told


def _usual(told: Sequence[bool]) -> bool:
    return Counter(told).most_common(1)[0][0]
