"""What the answers of a run say: can a trainer learn from them, and could anyone see it?"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rft import display
from rft.records import Record
from rft.stats import (
    Estimate,
    has_spread,
    headroom,
    item_means,
    items_needed,
    learnable_share,
    mean_interval,
    planned_deviation,
    planned_mde,
    rank_correlation,
    rewards_by_item,
    share_interval,
    spread,
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
    decide,
    exactly,
    measured,
    not_applicable,
)


@dataclass(frozen=True)
class Answers:
    """The records of a run, with what several checks need of them worked out once."""

    records: Sequence[Record]

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
    ) -> Check:
        """A check of a share of this run's answers or rows."""
        items = len(self.rewards)
        return measured(
            name, estimate, bars, advice, source, items=items, percent=True, effort=effort
        )


def obtained(answers: Answers, ready: Ready, planned: int) -> Check:
    """Answers lost to the infrastructure or not drawn yet: counted, so nothing is estimated."""
    drawn, graded = len(answers.records), len(answers.graded)
    total = max(planned, drawn)
    lost = (drawn - graded) / drawn if drawn else 1.0
    go, no_go = ready.lost
    advice = "Run rft eval again; it only asks for what is missing."
    if refused := sum(record.refused for record in answers.records):
        advice = f"The endpoint refuses {refused:,} of them; rft eval says why."
    enough = graded >= (1 - go) * total
    verdict: Verdict = "fail" if lost > no_go else "pass" if enough else "warn"
    figure, bars = f"{graded:,} of {total:,}", f">= {1 - go:.0%}, fail if lost > {no_go:.0%}"
    source = "every answer is counted"
    return counted("answers obtained", figure, bars, verdict, advice, source, SETTING)


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
        answers.share_check("answers unreadable", unreadable, ready.unreadable, advice, source),
        answers.share_check("answers cut off", cut_off, ready.cut_off, stopped, source, effort),
    ]


def between(answers: Answers, ready: Ready, floor: tuple[str, float]) -> Check:
    """The mean must lie clear of the floor and of the top.

    `floor`: the best answer that needs no model, by name, and its mean reward.
    """
    name, ground = floor
    mean = mean_interval(answers.means)
    low, high = ground + ready.margin, ready.ceiling - ready.margin
    verdict: Verdict = "fail"
    advice = ""
    if mean.low > low and mean.high < high:
        verdict = "pass"
    elif mean.low > high:
        advice = "The base is at the ceiling, so training can gain little: add harder rows."
    elif mean.high < low:
        advice = (
            f"The base is at the floor ('{name}' without a model earns {ground:.2f}): take a "
            "stronger base, or warm-start it with supervised training on the reference answers."
        )
    else:
        verdict = "warn"
        advice = (
            f"Too few rows to tell the base from the floor ('{name}', {ground:.2f}) or from the "
            "ceiling: add rows."
        )
    source = f"house rule (margin {ready.margin}); the floor is measured"
    bars = f"{low:.2f} to {high:.2f}"
    return Check("mean reward", str(mean), bars, verdict, advice, source, mean, ROWS)


def learnable(answers: Answers, ready: Ready) -> Check:
    """Rows whose group of answers differ: only these move a trainer that compares a group."""
    name, source = "rows with spread", f"{HOUSE}; TRL's frac_reward_zero_std"
    group = ready.group_size
    by_item = {k: r for k, r in answers.rewards.items() if len(r) > 1}
    share = learnable_share(by_item, group)
    if not by_item:
        advice = f"One answer per row shows no spread: run rft eval --samples {group}."
        bars = bars_text(ready.learnable, percent=True)
        return Check(name, "unknown", bars, "warn", advice, source, effort=DRAW)
    flat = [k for k, r in by_item.items() if not has_spread(r)]
    advice = (
        f"In {1 - share.value:.0%} of the rows all answers score the same, so training learns "
        f"nothing there. Give partial credit, or swap rows such as {display.names(flat)}."
    )
    check = measured(name, share, ready.learnable, advice, source, items=len(by_item), percent=True)
    if check.verdict == "warn" and answers.fewest < group:
        advice = f"Groups of {group} are planned, but a row has as few as {answers.fewest}: "
        advice += f"run rft eval --samples {group}."
        return replace(check, advice=advice, effort=DRAW, rows=None)
    return check


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
    return measured(name, gain, ready.headroom, advice, source, items=len(answers.rewards))


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
    return [
        answers.share_check(name, share_interval(len(rows), items), ready.one_sided, advice, source)
        for name, rows, advice in (
            ("rows out of reach", never, out_of_reach),
            ("rows always solved", always, solved),
        )
    ]


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
    within = spread(answers.rewards).within_item ** 2
    if noise is None:
        return not_applicable(name, "not examined")
    if not noise:
        return not_applicable(name, "no judge is asked")
    if not within > 0:
        return not_applicable(name, "no spread in a row")
    ratio = noise / within
    figure, bars = f"{ratio:.0%} of the spread", bars_text(ready.noise, percent=True)
    advice = (
        f"{ratio:.0%} of the reward's spread within a row is the judge's noise: average 3 "
        "judgements, or split the rubric into yes-no questions."
    )
    return counted(name, figure, bars, decide(exactly(ratio), ready.noise), advice)


def length(answers: Answers, ready: Ready) -> Check:
    """Whether longer answers earn more within the same row.

    Cut-off and unreadable answers are left out: their length says nothing about the grader.
    """
    name, source = "reward by length", f"{HOUSE}; verbosity bias: arXiv 2306.05685"
    sizes: dict[str, list[float]] = defaultdict(list)
    rewards: dict[str, list[float]] = defaultdict(list)
    for r in answers.graded:
        if r.sample and not r.cut_off and not r.unreadable:
            sizes[r.item_id].append(len(r.sample.output_text))
            rewards[r.item_id].append(r.reward or 0.0)
    rho, items = rank_correlation(sizes, rewards)
    if not items:
        return not_applicable(name, "no row shows it")
    if rho.value > 0:
        advice = f"Longer answers win inside the same row (rho {rho.value:.2f}): training will "
        advice += "make answers longer. Let the grader ignore length."
    else:
        advice = f"Shorter answers win inside the same row (rho {rho.value:.2f}): check whether "
        advice += "the grader punishes completeness."
    check = measured(name, rho, ready.length, advice, source, items=len(answers.rewards))
    # Shorter answers that win need a look, but rarely spoil a model: never a no-go.
    return replace(check, verdict="warn") if check.verdict == "fail" and rho.value < 0 else check


def precision(answers: Answers, ready: Ready, test_rows: int, samples: int) -> Check:
    """Whether the test split could show the gain that is hoped for."""
    name = "smallest visible gain"
    mde = planned_mde(answers.rewards, samples, test_rows)
    source = f"Miller, arXiv 2411.00640; bars: {HOUSE}"
    bars = AtMostBars((ready.planned_gain, min(1.0, 2 * ready.planned_gain)))
    if not math.isfinite(mde.value):
        advice = f"{test_rows} test rows show nothing: add rows."
        return Check(name, "unknown", bars_text(bars), "warn", advice, source, effort=ROWS)
    gain = ready.planned_gain
    least = math.sqrt(gain * (1 - gain))  # of a gain that comes as whole rows
    needed = items_needed(max(planned_deviation(answers.rewards, samples), least), gain)
    advice = (
        f"{test_rows} test rows with {samples} answers each may miss a gain below {mde.high:.2f}: "
        f"add {max(1, needed - test_rows):,} test rows to see +{gain:g}, or plan for a larger gain "
        "(ready.planned_gain)."
    )
    check = measured(name, mde, bars, advice, source, effort=ROWS)
    return replace(check, figure=f"+{mde}")
