"""What is known of the grader: is it repeatable, does it reward references and refuse junk?

A bad grader voids every other figure, so these checks stand first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats as scipy_stats

from rft import display
from rft.readiness.answers import Answers
from rft.readiness.evidence import GraderEvidence
from rft.stats import Estimate, mean_interval, paired_difference
from rft.thresholds import Ready
from rft.verdicts import (
    DRAW,
    HOUSE,
    ROWS,
    SETTING,
    Check,
    Verdict,
    counted,
    exactly,
    measured,
    not_applicable,
    rows_to_settle,
)

AZURE = "azure-skills: any bad answer above 5/10 is a redesign"
UNKNOWN = Estimate(float("nan"), 0.0, 1.0)
MOST_ITEMS = 500
"""Items for the rank correlation with the real metric: a seeded choice of so many is enough."""


def repeatable(evidence: GraderEvidence) -> Check:
    """The same answer must get the same reward; one difference is proof of the contrary."""
    name, source = "grader repeats itself", "a program must repeat itself exactly"
    if evidence.asks_model:
        return not_applicable(name, "see 'judge examined'")
    if evidence.regraded is None:
        return not_applicable(name, "not checked")
    if not evidence.regraded:
        return not_applicable(name, "no answer to regrade")
    if broken := sum(r is None for rewards in evidence.regraded for r in rewards):
        advice = f"{broken} gradings failed for reasons outside the answer; try again."
        return Check(name, "unknown", "all", "warn", advice, source, effort=SETTING)
    answers = [[r for r in rewards if r is not None] for rewards in evidence.regraded]
    same = sum(max(rewards) - min(rewards) <= 1e-9 for rewards in answers)
    worst = max(answers, key=lambda rewards: max(rewards) - min(rewards))
    advice = (
        f"The grader is not repeatable: the same answer got {min(worst):.2f} and {max(worst):.2f}. "
        "Remove what depends on time, chance or order."
    )
    verdict: Verdict = "pass" if same == len(answers) else "fail"
    return counted(name, f"{same} of {len(answers)} answers", "all", verdict, advice, source)


def ceiling(evidence: GraderEvidence, ready: Ready) -> Check:
    """Reference answers must score the top. All rows graded: counted; a choice: estimated."""
    name, source = "reference answers", "verifiers' vf-validate requires the same"
    if not (rewards := evidence.gold):
        return not_applicable(name, "not graded")
    worst = min(rewards, key=lambda k: rewards[k])
    advice = (
        f"Your own reference answer to {worst} scores {rewards[worst]:.2f}: fix the row or the "
        "grader (rft check lists all)."
    )
    values = list(rewards.values())
    # Every row was graded: nothing is estimated.
    whole = len(values) >= evidence.train_rows + evidence.held_out
    mean = exactly(float(np.mean(values))) if whole else mean_interval(values)
    check = measured(name, mean, ready.gold, advice, source, items=len(values), effort=SETTING)
    return replace(check, figure=f"{mean.value:.2f}, all {len(values)}") if whole else check


def bottom(evidence: GraderEvidence, ready: Ready) -> Check:
    """Junk must score the bottom; every probe must score what it says."""
    name = "junk and cheats"
    if not evidence.junk and not evidence.probes:
        return not_applicable(name, "not graded")
    means = {n: mean_interval(list(rewards.values())) for n, rewards in evidence.junk.items()}
    best = max(means, key=lambda n: means[n].value, default="")
    mean = means.get(best, UNKNOWN)
    items = max(map(len, evidence.junk.values()), default=0)
    advice = (
        f"A worthless answer ('{best}') earns {mean.value:.2f}, and training will exploit that. "
        "Let the grader give it nothing."
    )
    check = measured(name, mean, ready.junk, advice, AZURE, items=items)
    if not (failed := evidence.failed_probes):
        return check
    first = failed[0]
    advice = (
        f"{len(failed)} of {evidence.probes} probes score outside their limits, such as "
        f"'{first.name}' ({first.place}: {first.reward}): fix the grader."
    )
    figure = f"{len(failed)} probes wrong"
    return counted(name, figure, check.threshold, "fail", advice, check.source)


def chance(answers: Answers, evidence: GraderEvidence, ready: Ready) -> Check:
    """The model against right answers of other rows: what guessing earns on the same rows."""
    name = "better than guessing"
    source = f"{HOUSE}; paired permutation test, p < .01"
    if not evidence.guesses:
        return not_applicable(name, "not graded")
    compared = {
        n: paired_difference({k: [r] for k, r in rewards.items()}, answers.rewards)
        for n, rewards in evidence.guesses.items()
    }
    guess = min(compared, key=lambda n: compared[n].difference.value)
    paired = compared[guess]
    gain = paired.difference
    verdict: Verdict = "warn"
    if gain.low > 0 and paired.p_value < 0.01:
        verdict = "pass"
    elif gain.high < ready.margin:
        verdict = "fail"
    advice = f"Guessing ('{guess}') scores {paired.mean_a:.2f} and the model {paired.mean_b:.2f}"
    rows = None
    if verdict == "fail":
        advice += ": the base cannot do the task yet, or the grader hardly rewards skill."
    elif verdict == "warn":
        rows = rows_to_settle(gain, 0.0, paired.items, above=True)
        enough = f"about {rows:,} would be enough" if rows else "add rows"
        advice += f": too close to tell on {paired.items:,} rows; {enough}."
    bars = f"> 0; fail if all < {ready.margin:.2f}"
    check = counted(name, display.signed(gain), bars, verdict, advice, source, ROWS)
    return replace(check, estimate=gain, rows=rows)


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
    return measured(name, rho, ready.metric_rank, advice, source, items=len(pairs))


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
    """The result of `rft judge` for this very grader (checks 2, 6 and 15 for judges)."""
    name = "judge examined"
    source = "HealthBench meta-evaluation, arXiv 2505.08775; biases: 2306.05685"
    if not evidence.asks_model:
        return not_applicable(name, "no judge is asked")
    if not evidence.has_judge:
        advice = "The reward is without the judge's part: add [judge] to rft.toml, then rft judge."
        return Check(name, "no judge", "GO", "warn", advice, source, effort=SETTING)
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
    advice = f"People ({display.names(sorted(evidence.human))}) earn {mean.value:.2f} against your "
    advice += "reference answers: the task is ambiguous"
    advice += (
        f"; they disagree most on {display.names(split)}." if split else ". Settle the guideline."
    )
    return measured(name, mean, ready.people, advice, source, items=len(by_item))
