"""What is known of the grader: does it repeat itself, reward gold, refuse junk, agree with people?

A bad grader voids every other figure, so these checks stand first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats as scipy_stats

from rft.readiness.answers import Answers
from rft.readiness.material import FailedProbe, Material, Scored
from rft.readiness.verdict import (
    DRAW,
    HOUSE,
    ROWS,
    SETTING,
    Check,
    Verdict,
    measured,
    named,
    not_applicable,
)
from rft.stats import Estimate, mean_interval, paired_difference
from rft.thresholds import Ready

AZURE = "azure-skills: any bad answer above 5/10 is a redesign"
MOST_ITEMS = 500
"""Items for the rank correlation with the real metric: a seeded choice of so many is enough."""


def repeatable(material: Material) -> Check:
    """The same answer must get the same reward; one difference is proof of the contrary."""
    name, source = "grader repeats itself", "a program has no excuse; Krippendorff for judges"
    if material.asks_model:
        return not_applicable(name, "see 'judge examined'")
    if material.regraded is None:
        return not_applicable(name, "not looked at")
    if not material.regraded:
        return not_applicable(name, "no answer to regrade")
    if broken := sum(r is None for rewards in material.regraded for r in rewards):
        advice = f"{broken} gradings broke down outside the answer: run rft check, then again."
        return Check(name, "unknown", "all", "warn", advice, source, effort=SETTING)
    ranges = [(min(told), max(told)) for told in _without_none(material.regraded)]
    same = [high - low <= 1e-9 for low, high in ranges]
    low, high = max(ranges, key=lambda pair: pair[1] - pair[0])
    advice = (
        f"The grader changes its mind: the same answer got {low:.2f} and {high:.2f}. Take time, "
        "chance and order out of it."
    )
    return Check(
        name,
        f"{sum(same)} of {len(same)} answers",
        "all",
        "go" if all(same) else "no-go",
        "" if all(same) else advice,
        source,
    )


def _without_none(rewards: Sequence[Sequence[float | None]]) -> list[list[float]]:
    return [[r for r in several if r is not None] for several in rewards]


def ceiling(material: Material, ready: Ready) -> Check:
    """Reference answers must score the top. All rows graded: counted; a choice: estimated."""
    name, source = "gold answers", "verifiers' vf-validate asks the same of gold"
    if not material.gold or not material.gold.rewards:
        return not_applicable(name, "not graded")
    rewards = material.gold.rewards
    worst = min(rewards, key=lambda k: rewards[k])
    advice = (
        f"Your own reference answer to {worst} scores {rewards[worst]:.2f}: mend the row or the "
        "grader (rft check lists all)."
    )
    values = list(rewards.values())
    if len(values) == material.gold.of:  # every row was graded: nothing is estimated
        mean = float(np.mean(values))
        check = measured(name, Estimate(mean, mean, mean), ready.gold, len(values), advice, source)
        return replace(check, figure=f"{mean:.2f}, all {len(values)}", effort=SETTING)
    estimate = mean_interval(values)
    return measured(name, estimate, ready.gold, len(values), advice, source, effort=SETTING)


def worst_junk(junk: Mapping[str, Scored]) -> tuple[str, Estimate]:
    """The best paid of the answers that deserve nothing, and its mean reward."""
    means = {name: mean_interval(list(s.rewards.values())) for name, s in junk.items() if s.rewards}
    if not means:
        return "nothing", Estimate(float("nan"), 0.0, 1.0)
    name = max(means, key=lambda n: means[n].value)
    return name, means[name]


def bottom(material: Material, ready: Ready) -> Check:
    """Junk must score the bottom; every probe must score what it says."""
    name = "junk and cheats"
    if not material.junk and not material.probes:
        return not_applicable(name, "not graded")
    trick, mean = worst_junk(material.junk)
    items = max((len(s.rewards) for s in material.junk.values()), default=0)
    advice = (
        f"An answer that only is '{trick}' earns {mean.value:.2f}: RFT will find it. Let the "
        "grader give it nothing."
    )
    check = measured(name, mean, ready.junk, items, advice, AZURE)
    if material.failed_probes:
        return _probe_failed(check, material.failed_probes, material.probes or 0)
    return check


def _probe_failed(check: Check, failed: Sequence[FailedProbe], of: int) -> Check:
    first = failed[0]
    advice = (
        f"{len(failed)} of {of} probes score what they must not, such as '{first.name}' "
        f"({first.place}: {first.reward}): mend the grader."
    )
    return Check(
        check.name, f"{len(failed)} probes wrong", check.threshold, "no-go", advice, check.source
    )


def chance(answers: Answers, material: Material, ready: Ready) -> Check:
    """The model against right answers of other rows: what guessing earns on the same rows."""
    name = "better than guessing"
    source = f"{HOUSE}; paired permutation test, p < .01"
    told = {n: s for n, s in material.guesses.items() if s.rewards}
    if not told:
        return not_applicable(name, "not graded")
    compared = {
        n: paired_difference({k: [r] for k, r in s.rewards.items()}, answers.rewards)
        for n, s in told.items()
    }
    guess = min(compared, key=lambda n: compared[n].difference.value)
    found = compared[guess]
    gain = found.difference
    verdict: Verdict = "warn"
    if gain.low > 0 and found.p_value < 0.01:
        verdict = "go"
    elif gain.high < ready.margin:
        verdict = "no-go"
    advice = ""
    if verdict != "go":
        advice = f"Guessing ('{guess}') scores {found.mean_a:.2f} and the model {found.mean_b:.2f}"
        advice += (
            ": the base knows nothing of the task yet, or the grader barely sees skill."
            if verdict == "no-go"
            else f": too close to tell on {found.items} rows. Add rows."
        )
    return Check(
        name,
        f"{gain.value:+.2f} [{gain.low:.2f}, {gain.high:.2f}]",
        f"> 0, no-go < {ready.margin:.2f}",
        verdict,
        advice,
        source,
        gain,
        ROWS,
    )


def metric(answers: Answers, ready: Ready) -> Check:
    """Does the reward rank answers as the real test does? Items are resampled as wholes."""
    name, source = "reward and real test", "azure-skills: Spearman .8, redesign below .6"
    if ready.real_metric is None:
        return not_applicable(name, "no real_metric named")
    pairs: dict[str, list[tuple[float, float]]] = {}
    for record in answers.graded:
        value = record.grade.parts.get(ready.real_metric) if record.grade else None
        if value is not None and record.reward is not None:
            pairs.setdefault(record.item_id, []).append((record.reward, value))
    rho = _cluster_rho(list(pairs.values()))
    advice = (
        f"The reward ranks answers differently from '{ready.real_metric}' (rho {rho.value:.2f}): "
        "a tuned model would please the grader, not you."
        if pairs
        else f"No answer has a part '{ready.real_metric}': correct ready.real_metric."
    )
    return measured(name, rho, ready.metric_rank, len(pairs), advice, source)


def _cluster_rho(groups: Sequence[Sequence[tuple[float, float]]], seed: int = 0) -> Estimate:
    rng = np.random.default_rng(seed)
    if len(groups) > MOST_ITEMS:
        groups = [groups[i] for i in rng.choice(len(groups), MOST_ITEMS, replace=False)]

    def rho(chosen: Sequence[Sequence[tuple[float, float]]]) -> float:
        told = np.array([pair for group in chosen for pair in group])
        if len(told) < 3 or (np.ptp(told, axis=0) <= 1e-9).any():
            return float("nan")
        return float(scipy_stats.spearmanr(told[:, 0], told[:, 1]).statistic)

    value = rho(groups)
    if np.isnan(value) or len(groups) < 3:
        return Estimate(float("nan"), -1.0, 1.0)
    drawn = [
        rho([groups[i] for i in rng.integers(0, len(groups), len(groups))]) for _ in range(499)
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def judged(material: Material) -> Check:
    """What `rft judge` found of this very grader (checks 2, 6 and 15 for judges)."""
    name = "judge examined"
    source = "HealthBench meta-evaluation, arXiv 2505.08775; biases: 2306.05685"
    if not material.asks_model:
        return not_applicable(name, "no judge is asked")
    found = material.examination
    if found is None or found.grader != material.grader:
        told = "not examined" if found is None else "another judge was"
        advice = "Nobody has examined this judge: run rft judge before its word is paid for."
        return Check(name, told, "pass", "warn", advice, source, effort=DRAW)
    verdicts: dict[str, tuple[Verdict, str]] = {
        "pass": ("go", ""),
        "fail": ("no-go", "This judge failed its examination: do not train on it (see rft judge)."),
    }
    open_ = "The examination of the judge leaves it open: see rft judge for what it lacks."
    verdict, advice = verdicts.get(found.verdict, ("warn", open_))
    return Check(name, found.verdict, "pass", verdict, advice, source, effort=ROWS)


def people(material: Material, ready: Ready) -> Check:
    """What people earn with the same grader: the mark to reach, and how clear the task is."""
    name = "people's answers"
    source = f"{HOUSE}; human baseline, task/human.jsonl"
    if not material.human:
        return not_applicable(name, "no task/human.jsonl")
    by_item: dict[str, list[float]] = {}
    for told in material.human.values():
        for item, reward in told.items():
            by_item.setdefault(item, []).append(reward)
    mean = mean_interval([float(np.mean(r)) for r in by_item.values()])
    split = [k for k, r in by_item.items() if max(r) - min(r) > 0.5]
    advice = f"People earn {mean.value:.2f} against your gold answers: the task is ambiguous"
    advice += f"; they disagree most on {named(split)}." if split else ". Settle the guideline."
    return measured(name, mean, ready.people, len(by_item), advice, source)
