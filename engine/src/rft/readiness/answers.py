"""What the answers of a run say: can a trainer learn from them, and could anyone see it?"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rft import display
from rft.dataset.partition import digest
from rft.records import Record, parse_answer
from rft.stats import (
    FEWEST_ITEMS,
    Estimate,
    best_of,
    has_spread,
    headroom,
    item_means,
    items_needed,
    learnable_share,
    mean_interval,
    minimum_detectable_effect,
    planned_mde,
    rank_correlation,
    rewards_by_item,
    share_interval,
)
from rft.stats.estimates import ByItem
from rft.thresholds import AtMostBars, Ready
from rft.verdicts import (
    DRAW,
    HOUSE,
    REWORK,
    ROWS,
    SETTING,
    Bars,
    Check,
    Verdict,
    bars_text,
    counted,
    measured,
    not_applicable,
    rows_to_settle,
)

MOST_ITEMS = 500
"""Rows whose answers are compared with their references: a choice that is always the same."""
MORE_SAMPLES = (8, 16, 32)
"""Answers per row that are worth trying before rows are added."""


@dataclass(frozen=True)
class Answers:
    """The records of a run, with what several checks need of them worked out once."""

    records: Sequence[Record]
    command: str = "rft eval"
    """Draws answers to the same rows from the same model."""

    @cached_property
    def graded(self) -> list[Record]:
        """Answers with a reward."""
        return [r for r in self.records if r.reward is not None]

    @cached_property
    def rewards(self) -> ByItem:
        """Item id -> its rewards."""
        return rewards_by_item(self.records)

    @cached_property
    def means(self) -> list[float]:
        """Mean reward of each item."""
        return item_means(self.rewards)

    @cached_property
    def fewest(self) -> int:
        """Answers of the item that has fewest."""
        return min(map(len, self.rewards.values()), default=0)

    def share(self, hit: Callable[[Record], bool]) -> Estimate:
        """Share of the graded answers that `hit`, with items as clusters."""
        hits: dict[str, list[bool]] = defaultdict(list)
        for record in self.graded:
            hits[record.item_id].append(hit(record))
        return mean_interval([float(np.mean(of_item)) for of_item in hits.values()])

    def share_check(
        self,
        name: str,
        estimate: Estimate,
        bars: Bars,
        advice: str,
        source: str = HOUSE,
        effort: int = REWORK,
        *,
        lenient: bool = False,
    ) -> Check:
        """A check of a share of this run's answers or rows."""
        return measured(
            name,
            estimate,
            bars,
            advice,
            source,
            items=len(self.rewards),
            percent=True,
            lenient=lenient,
            effort=effort,
        )


_MARGIN = "house rule (ready.margin); the floor is measured"


def obtained(answers: Answers, ready: Ready, planned: int, resume: str) -> Check:
    """Answers that were lost or not drawn yet, counted; never a no-go: `resume` asks for them."""
    graded, total = len(answers.graded), max(planned, len(answers.records))
    advice = f"{total - graded:,} of {total:,} answers are missing: run {resume} again; it asks "
    advice += "only for these."
    if refused := sum(record.refused for record in answers.records):
        advice = f"The endpoint refused {refused:,} requests: {resume} says why."
    enough = 1 - ready.lost[0]
    verdict: Verdict = "pass" if total and graded >= enough * total else "warn"
    figure, source = f"{graded:,} of {total:,}", "every answer is counted"
    return counted("answers obtained", figure, f">= {enough:.0%}", verdict, advice, source, SETTING)


def _up_to_a_group(check: Check, answers: Answers, ready: Ready) -> Check:
    """A check that looks worse the fewer answers a row has: it fails only for whole groups."""
    group, drawn = ready.group_size, max(map(len, answers.rewards.values()))
    if check.verdict not in ("warn", "fail") or drawn >= group:
        return check
    advice = f"Groups of {group} answers are planned, but a row has {drawn}: run "
    advice += f"{answers.command} --samples {group}."
    return replace(check, verdict="warn", advice=advice, effort=DRAW, rows=None)


def readable(answers: Answers, ready: Ready) -> list[Check]:
    """Answers that are not valid JSON and earned nothing, and answers that ran into max_tokens."""
    cut = [r.sample for r in answers.graded if r.sample and r.cut_off]
    # An answer of fewer characters than tokens was cut off while the model was still reasoning.
    early = sum(len(s.output_text) < s.usage.get("completion_tokens", 0) for s in cut)
    if early > len(cut) / 2:
        stopped, effort = "Most cut-off answers had hardly begun; raise sampling.max_tokens.", 0
    else:
        stopped = (
            "The model often runs into the token limit; a supervised warm start usually fixes that."
        )
        effort = DRAW
    hits = sum(record.unreadable for record in answers.graded)
    advice = f"{hits:,} of {len(answers.graded):,} answers are not valid JSON. "
    advice += stopped if len(cut) > hits / 2 else "Show the format in the prompt, or warm-start."
    stopped = f"{len(cut):,} answers ran into sampling.max_tokens. {stopped}"
    unreadable = answers.share(lambda record: record.unreadable)
    cut_off = answers.share(lambda record: record.cut_off)
    source = "house rule; cut-off answers: DAPO, arXiv 2503.14476"
    return [
        answers.share_check(name, share, bars, text, source, cost, lenient=True)
        for name, share, bars, text, cost in (
            ("answers unreadable", unreadable, ready.unreadable, advice, REWORK),
            ("answers cut off", cut_off, ready.cut_off, stopped, effort),
        )
    ]


def between(answers: Answers, ready: Ready, worthless: tuple[str, float]) -> Check:
    """The mean must lie clear of what says nothing about the row, and of the top.

    `worthless`: the best of junk and guesses, by name, and its mean reward.
    """
    name, ground = worthless
    mean = mean_interval(answers.means)
    low, high = ground + ready.margin, ready.ceiling - ready.margin
    verdict: Verdict = "fail"
    advice, rows = "", None
    if mean.low > low and mean.high < high:
        verdict = "pass"
    elif mean.low > high:
        advice = "The base is at the ceiling, so training can gain little: add harder rows."
    elif mean.high < low:
        advice = (
            f"The base is at the floor ('{name}' earns {ground:.2f}): take a stronger base, or "
            "warm-start it with supervised training on the reference answers."
        )
    else:
        verdict = "warn"
        above = mean.value - low < high - mean.value
        items, bar = len(answers.rewards), low if above else high
        rows = rows_to_settle(mean, bar, items, above=above)
        what = f"the floor ('{name}', {ground:.2f})" if above else "the ceiling"
        enough = f"about {rows:,} would be enough" if rows else f"the mean is likely at {what}"
        advice = f"{items:,} rows are too few to tell the base from {what}; {enough}."
    bars = f"{low:.2f} to {high:.2f}"
    return Check("mean reward", str(mean), bars, verdict, advice, _MARGIN, mean, ROWS, rows)


def script(answers: Answers, ready: Ready, floor: tuple[str, float] | None) -> Check:
    """The best of a group must beat what a program without a model earns.

    RFT makes the best answers more frequent, so they decide whether it can pass the program, not
    the mean. `floor`: the best answer of task/floors.py, by name, and its mean reward.
    """
    check_name, k = "best beats a program", min(ready.group_size, answers.fewest)
    if floor is None or k < 2:
        return not_applicable(check_name, "one answer per row" if floor else "no floors")
    name, ground = floor
    bar = min(1.0, ground + ready.margin)
    advice = (
        f"Even the best of {k} answers hardly earns more than '{name}' without a model "
        f"({ground:.2f}): take a stronger base, warm-start it, or use the program."
    )
    best, items = best_of(answers.rewards, k), len(answers.rewards)
    check = measured(check_name, best, (bar, bar), advice, _MARGIN, items=items)
    return _up_to_a_group(check, answers, ready)


def learnable(answers: Answers, ready: Ready) -> Check:
    """Rows whose group of answers differ: only these move a trainer that compares a group."""
    name, source = "rows with spread", f"{HOUSE}; TRL's frac_reward_zero_std"
    group = ready.group_size
    by_item = {k: r for k, r in answers.rewards.items() if len(r) > 1}
    share = learnable_share(by_item, group)
    if not by_item:
        advice = f"One answer per row shows no spread: run {answers.command} --samples {group}."
        bars = bars_text(ready.learnable, percent=True)
        return Check(name, "unknown", bars, "warn", advice, source, effort=DRAW)
    flat = [k for k, r in by_item.items() if not has_spread(r)]
    advice = (
        f"In {1 - share.value:.0%} of the rows all answers score the same, so training learns "
        f"nothing there. Give partial credit, or swap rows such as {display.names(flat)}."
    )
    check = measured(name, share, ready.learnable, advice, source, items=len(by_item), percent=True)
    # Its interval covers groups of the planned size, so that a fail stands.
    return check if check.verdict == "fail" else _up_to_a_group(check, answers, ready)


def room(answers: Answers, ready: Ready) -> Check:
    """What the best of a group is above its mean."""
    k = min(ready.group_size, answers.fewest)
    name, source = "best minus mean", f"{HOUSE}; pass@k, arXiv 2107.03374"
    if k < 2:
        return not_applicable(name, "one answer per row")
    gain = headroom(answers.rewards, k)
    better = f"only {gain.value:.2f} better" if gain.value >= 0.005 else "no better"
    advice = (
        f"The best of {k} answers is {better} than the average one: RFT mainly makes the model's "
        "best answers more frequent. Take a stronger base or easier rows."
    )
    check = measured(name, gain, ready.headroom, advice, source, items=len(answers.rewards))
    return _up_to_a_group(check, answers, ready)


def one_sided(answers: Answers, ready: Ready) -> list[Check]:
    """Rows out of reach, and rows that every answer solves.

    Out of reach: no answer solves the row and all earn the same, so that not even partial credit
    leads anywhere.
    """
    bar = ready.solved - 1e-9
    never = [k for k, r in answers.rewards.items() if max(r) < bar and not has_spread(r)]
    always = [k for k, r in answers.rewards.items() if min(r) >= bar]
    items = len(answers.rewards)
    source = "house rule; difficulty pools of prime-rl"
    out_of_reach = (
        f"On {len(never)} of {items} rows no answer is right or better than another: add easier "
        "rows, partial credit or a supervised warm start (right: a reward of "
        f"{ready.solved:g}, ready.solved)."
    )
    solved = (
        f"{len(always)} of {items} rows are always solved, such as {display.names(always)}: swap "
        "them for harder ones."
    )
    checks = [
        answers.share_check(name, share_interval(len(rows), items), ready.one_sided, advice, source)
        for name, rows, advice in (
            ("rows out of reach", never, out_of_reach),
            ("rows always solved", always, solved),
        )
    ]
    return [_up_to_a_group(check, answers, ready) for check in checks]


def resolution(answers: Answers, ready: Ready) -> Check:
    """A reward that is nearly always the same tells a trainer nothing."""
    rounded = Counter(round(r.reward or 0.0, 6) for r in answers.graded)
    most_common, _ = rounded.most_common(1)[0]
    share = answers.share(lambda r: abs((r.reward or 0.0) - most_common) <= 1e-6)
    advice = f"Nearly all answers get {most_common:g}: let the grader give partial credit."
    return answers.share_check("same reward", share, ready.same_reward, advice)


def signal(answers: Answers, ready: Ready, noise: float | None) -> Check:
    """The judge's own noise against the differences that a trainer is to learn from.

    `noise`: variance of the judge's repeated scores, 0 for a grader that repeats itself, None if
    unknown.
    """
    name = "judge noise"
    if noise is None:
        return not_applicable(name, "not examined")
    if not noise:
        return not_applicable(name, "no judge is asked")
    variances = [float(np.var(r, ddof=1)) for r in answers.rewards.values() if len(r) > 1]
    if not any(variances):
        return not_applicable(name, "no spread in a row")
    within = mean_interval(variances)
    most = noise / within.low if within.low > 0 else math.inf
    ratio = Estimate(noise / within.value, noise / within.high, most)
    advice = (
        f"{ratio.value:.0%} of the reward's spread within a row is the judge's noise: average 3 "
        "judgements, or split the rubric into yes-no questions."
    )
    check = measured(name, ratio, ready.noise, advice, items=len(variances), percent=True)
    return replace(check, figure=f"{ratio.value:.0%} of the spread")


def length(answers: Answers, golds: Mapping[str, str], ready: Ready) -> Check:
    """Whether longer answers of the same quality earn more within the same row.

    Empty, cut-off and unreadable answers are left out. Right answers may well be longer than wrong
    ones, so the correlation is taken at equal likeness to the reference answer; `golds`: item id ->
    its canonical JSON, without which it is taken as it is.
    """
    name, source = "reward by length", f"{HOUSE}; verbosity bias: arXiv 2306.05685"
    sizes: dict[str, list[float]] = defaultdict(list)
    rewards: dict[str, list[float]] = defaultdict(list)
    likeness: dict[str, list[float]] = defaultdict(list)
    ids = sorted(answers.rewards, key=digest)[:MOST_ITEMS] if golds else answers.rewards
    chosen = set(ids)
    references = {item: _words(json.loads(golds[item])) for item in chosen if item in golds}
    for r in answers.graded:
        if not r.sample or r.item_id not in chosen or r.cut_off or r.unreadable:
            continue
        value = parse_answer(r.sample.output_text)
        if words := _words(r.sample.output_text if value is None else value):
            sizes[r.item_id].append(len(r.sample.output_text))
            rewards[r.item_id].append(r.reward or 0.0)
            if r.item_id in references:
                likeness[r.item_id].append(_likeness(words, references[r.item_id]))
    rho, items = rank_correlation(sizes, rewards, likeness)
    if items < FEWEST_ITEMS:
        return not_applicable(name, f"only {items} rows show it" if items else "no row shows it")
    equal = " that are no closer to the reference" if likeness else ""
    if rho.value > 0:
        advice = f"Longer answers{equal} win inside the same row (rho {rho.value:.2f}): training "
        advice += "will make answers longer. Let the grader ignore length."
    else:
        advice = f"Shorter answers{equal} win inside the same row (rho {rho.value:.2f}): check "
        advice += "whether the grader punishes completeness."
    check = measured(name, rho, ready.length, advice, source, items=items, lenient=True)
    # Shorter answers that win need a look, but rarely spoil a model: never a no-go.
    return replace(check, verdict="warn") if check.verdict == "fail" and rho.value < 0 else check


def _words(value: object) -> Counter[str]:
    """The words of all values in JSON data, without its keys; none where it says nothing."""
    words: Counter[str] = Counter()
    waiting = [value]
    while waiting:  # no recursion: models nest brackets without end
        inner = waiting.pop()
        if isinstance(inner, dict | list):
            waiting += inner.values() if isinstance(inner, dict) else inner
        elif inner is not None:
            words.update(str(inner).split())
    return words


def _likeness(words: Counter[str], others: Counter[str]) -> float:
    """F1 of two bags of words."""
    return 2 * (words & others).total() / max(1, words.total() + others.total())


def precision(answers: Answers, ready: Ready, test_rows: int, samples: int) -> Check:
    """Whether the test split could show the gain that is hoped for; never a no-go."""
    name, gain = "smallest visible gain", ready.planned_gain
    mde = planned_mde(answers.rewards, samples, test_rows)
    source, bars = f"Miller, arXiv 2411.00640; bar: {HOUSE}", AtMostBars((gain, 1.0))
    if not math.isfinite(mde.value):
        advice = f"{test_rows} test rows show nothing: add rows."
        return Check(name, "unknown", bars_text(bars), "warn", advice, source, effort=ROWS)
    check = measured(name, mde, bars, "", source, effort=ROWS)
    check = replace(check, figure=f"+{mde}")
    if check.verdict == "pass":
        return check
    advice = f"{test_rows:,} test rows with {samples} answers each may miss a gain below "
    advice += f"{mde.high:.2f}: "
    for more in MORE_SAMPLES:
        if more > samples and planned_mde(answers.rewards, more, test_rows).high <= gain:
            advice += f"run {answers.command} --samples {more} to see +{gain:g}."
            return replace(check, advice=advice, effort=DRAW)
    least = math.sqrt(gain * (1 - gain))  # of a gain that comes as whole rows
    deviation = max(mde.high / minimum_detectable_effect(1.0, test_rows), least)
    needed = items_needed(deviation, gain) - test_rows
    advice += f"add {max(1, needed):,} test rows to see +{gain:g}, or plan for a larger gain "
    return replace(check, advice=advice + "(ready.planned_gain).")
