"""What is known of the grader: is it repeatable, does it reward references and refuse junk?

A bad grader voids every other figure, so these checks stand first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats as scipy_stats

from rft import display
from rft.readiness.answers import Answers
from rft.readiness.evidence import FailedProbe, GraderEvidence, Scored
from rft.stats import Estimate, mean_interval, paired_difference
from rft.thresholds import Ready
from rft.verdicts import (
    DRAW,
    HOUSE,
    ROWS,
    SETTING,
    Check,
    Verdict,
    measured,
    not_applicable,
)

AZURE = "azure-skills: any bad answer above 5/10 is a redesign"
MOST_ITEMS = 500
"""Items for the rank correlation with the real metric: a seeded choice of so many is enough."""


def repeatable(evidence: GraderEvidence) -> Check:
    """The same answer must get the same reward; one difference is proof of the contrary."""
    name, source = "grader repeats itself", "a program must repeat itself exactly"
    if evidence.asks_model:
        return not_applicable(name, "see 'judge examined'")
    if evidence.regraded is None:
        return not_applicable(name, "not looked at")
    if not evidence.regraded:
        return not_applicable(name, "no answer to regrade")
    if broken := sum(r is None for rewards in evidence.regraded for r in rewards):
        advice = f"{broken} gradings failed for reasons outside the answer; try again."
        return Check(name, "unknown", "all", "warn", advice, source, effort=SETTING)
    ranges = [(min(rewards), max(rewards)) for rewards in _without_none(evidence.regraded)]
    same = [high - low <= 1e-9 for low, high in ranges]
    low, high = max(ranges, key=lambda pair: pair[1] - pair[0])
    advice = (
        f"The grader is not repeatable: the same answer got {low:.2f} and {high:.2f}. Remove "
        "what depends on time, chance or order."
    )
    return Check(
        name,
        f"{sum(same)} of {len(same)} answers",
        "all",
        "pass" if all(same) else "fail",
        "" if all(same) else advice,
        source,
    )


def _without_none(rewards: Sequence[Sequence[float | None]]) -> list[list[float]]:
    return [[r for r in several if r is not None] for several in rewards]


def ceiling(evidence: GraderEvidence, ready: Ready) -> Check:
    """Reference answers must score the top. All rows graded: counted; a choice: estimated."""
    name, source = "reference answers", "verifiers' vf-validate asks the same of gold"
    if not evidence.gold or not evidence.gold.rewards:
        return not_applicable(name, "not graded")
    rewards = evidence.gold.rewards
    worst = min(rewards, key=lambda k: rewards[k])
    advice = (
        f"Your own reference answer to {worst} scores {rewards[worst]:.2f}: fix the row or the "
        "grader (rft check lists all)."
    )
    values = list(rewards.values())
    if len(values) == evidence.gold.of:  # every row was graded: nothing is estimated
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


def bottom(evidence: GraderEvidence, ready: Ready) -> Check:
    """Junk must score the bottom; every probe must score what it says."""
    name = "junk and cheats"
    if not evidence.junk and not evidence.probes:
        return not_applicable(name, "not graded")
    trick, mean = worst_junk(evidence.junk)
    items = max((len(s.rewards) for s in evidence.junk.values()), default=0)
    advice = (
        f"An answer that only is '{trick}' earns {mean.value:.2f}, and training will find that. "
        "Let the grader give it nothing."
    )
    check = measured(name, mean, ready.junk, items, advice, AZURE)
    if evidence.failed_probes:
        return _probe_failed(check, evidence.failed_probes, evidence.probes or 0)
    return check


def _probe_failed(check: Check, failed: Sequence[FailedProbe], of: int) -> Check:
    first = failed[0]
    advice = (
        f"{len(failed)} of {of} probes score outside their limits, such as '{first.name}' "
        f"({first.place}: {first.reward}): fix the grader."
    )
    return Check(
        check.name, f"{len(failed)} probes wrong", check.threshold, "fail", advice, check.source
    )


def chance(answers: Answers, evidence: GraderEvidence, ready: Ready) -> Check:
    """The model against right answers of other rows: what guessing earns on the same rows."""
    name = "better than guessing"
    source = f"{HOUSE}; paired permutation test, p < .01"
    guesses = {n: s for n, s in evidence.guesses.items() if s.rewards}
    if not guesses:
        return not_applicable(name, "not graded")
    compared = {
        n: paired_difference({k: [r] for k, r in s.rewards.items()}, answers.rewards)
        for n, s in guesses.items()
    }
    guess = min(compared, key=lambda n: compared[n].difference.value)
    paired = compared[guess]
    gain = paired.difference
    verdict: Verdict = "warn"
    if gain.low > 0 and paired.p_value < 0.01:
        verdict = "pass"
    elif gain.high < ready.margin:
        verdict = "fail"
    advice = ""
    if verdict != "pass":
        advice = (
            f"Guessing ('{guess}') scores {paired.mean_a:.2f} and the model {paired.mean_b:.2f}"
        )
        advice += (
            ": the base cannot do the task yet, or the grader hardly rewards skill."
            if verdict == "fail"
            else f": too close to tell on {paired.items} rows. Add rows."
        )
    return Check(
        name,
        display.signed(gain),
        f"> 0; fail if all < {ready.margin:.2f}",
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
        "training would improve the reward, not what you want."
        if pairs
        else f"No answer has a part '{ready.real_metric}': correct ready.real_metric."
    )
    return measured(name, rho, ready.metric_rank, len(pairs), advice, source)


def _cluster_rho(groups: Sequence[Sequence[tuple[float, float]]], seed: int = 0) -> Estimate:
    rng = np.random.default_rng(seed)
    if len(groups) > MOST_ITEMS:
        groups = [groups[i] for i in rng.choice(len(groups), MOST_ITEMS, replace=False)]

    def rho(chosen: Sequence[Sequence[tuple[float, float]]]) -> float:
        pairs = np.array([pair for group in chosen for pair in group])
        if len(pairs) < 3 or (np.ptp(pairs, axis=0) <= 1e-9).any():
            return float("nan")
        return float(scipy_stats.spearmanr(pairs[:, 0], pairs[:, 1]).statistic)

    value = rho(groups)
    if np.isnan(value) or len(groups) < 3:
        return Estimate(float("nan"), -1.0, 1.0)
    drawn = [
        rho([groups[i] for i in rng.integers(0, len(groups), len(groups))]) for _ in range(499)
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def judged(evidence: GraderEvidence) -> Check:
    """What `rft judge` found of this very grader (checks 2, 6 and 15 for judges)."""
    name = "judge examined"
    source = "HealthBench meta-evaluation, arXiv 2505.08775; biases: 2306.05685"
    if not evidence.asks_model:
        return not_applicable(name, "no judge is asked")
    examination = evidence.examination
    if examination is None or examination.grader != evidence.grader:
        figure = "not examined" if examination is None else "another judge was"
        advice = "This judge has not been examined: run rft judge before you pay for its scores."
        return Check(name, figure, "GO", "warn", advice, source, effort=DRAW)
    failed = "This judge failed its examination; do not train on it (rft judge says why)."
    unsure = "The examination of the judge is not conclusive; rft judge says what is missing."
    verdicts: dict[str, tuple[Verdict, str]] = {"GO": ("pass", ""), "NO-GO": ("fail", failed)}
    verdict, advice = verdicts.get(examination.verdict, ("warn", unsure))
    return Check(name, examination.verdict, "GO", verdict, advice, source, effort=ROWS)


def people(evidence: GraderEvidence, ready: Ready) -> Check:
    """What people earn with the same grader: a mark to reach, and how clear the task is."""
    name = "people's answers"
    source = f"{HOUSE}; human baseline, task/human.jsonl"
    if not evidence.human:
        return not_applicable(name, "no task/human.jsonl")
    by_item: dict[str, list[float]] = {}
    for rewards in evidence.human.values():
        for item, reward in rewards.items():
            by_item.setdefault(item, []).append(reward)
    mean = mean_interval([float(np.mean(r)) for r in by_item.values()])
    split = [k for k, r in by_item.items() if max(r) - min(r) > 0.5]
    advice = f"People earn {mean.value:.2f} against your reference answers: the task is ambiguous"
    advice += (
        f"; they disagree most on {display.names(split)}." if split else ". Settle the guideline."
    )
    return measured(name, mean, ready.people, len(by_item), advice, source)
