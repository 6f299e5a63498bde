"""Simulated projects whose truth is known, and what `rft ready` says of them.

    python -m tests.simulated --projects 1000

prints, for each check, false verdicts, rightly decided clear cases and the cover of its interval;
then the paired comparison's false alarms and its power at the stated detectable effect.

An item's chance of success is drawn from a mixture of Beta distributions, an answer's reward from
a binomial over `steps` levels; the truth is worked out from these distributions, not from draws.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats as scipy_stats

from rft.dataset import Finding
from rft.readiness import GraderEvidence, Readiness, assess
from rft.readiness.evidence import Examination
from rft.records import Grade, Record, Sample
from rft.stats import (
    LEVEL,
    cohen_kappa,
    minimum_detectable_effect,
    rank_correlation,
)
from rft.stats.paired import swap_test
from rft.thresholds import Ready

TEST_ROWS = [100, 150, 200, 300, 400, 600, 900, 1_500]
GRID = 4_000
"""Points over which the truth is integrated."""
READY = Ready()


@dataclass(frozen=True)
class Project:
    """What is true of one simulated project."""

    kind: str
    items: int
    samples: int
    mixture: tuple[tuple[float, float, float], ...]
    """(weight, a, b): with this weight an item's chance of success is Beta(a, b)."""
    steps: int = 1
    """Rewards are 0, 1/steps, ... 1."""
    test_rows: int = 300
    unreadable: float = 0.0
    cut: float = 0.0
    lost: float = 0.0
    slope: float = 0.0
    """Reward's pull on an answer's length, in standard deviations of the length."""
    gold: float = 1.0
    junk: float = 0.02
    guess: float = 0.05
    flaky: bool = False
    copies: int = 0
    judge: float | None = None
    """Accuracy of the judge against people; None: no judge is asked."""
    yes: bool = False
    """The judge says yes to everything."""
    truth: dict[str, float] = field(default_factory=dict, compare=False)


KINDS = [
    *("healthy", "healthy", "healthy", "partial", "too-easy", "too-hard", "bimodal", "few-items"),
    *("length-hacked", "judge-yes", "judge-good", "noisy-grader", "leakage", "paid-junk"),
    *("bad-gold", "unreadable", "cut-off", "lost", "guessing", "flat"),
]


def draw_project(rng: np.random.Generator, kind: str) -> Project:
    """A project of this kind, with the size and shape of its fault drawn at random."""
    mean, weight = rng.uniform(0.3, 0.7), rng.uniform(2.0, 8.0)
    shape = ((1.0, mean * weight, (1 - mean) * weight),)
    size = {"items": int(rng.integers(60, 260)), "samples": int(rng.choice([8, 8, 8, 12]))}
    base: dict[str, object] = {"mixture": shape, "test_rows": int(rng.choice(TEST_ROWS)), **size}
    base["junk"] = rng.uniform(0.005, 0.1)
    if kind == "partial":
        base["steps"] = int(rng.choice([2, 4, 10]))
    elif kind == "too-easy":
        base["mixture"] = ((1.0, rng.uniform(8, 60), rng.uniform(0.2, 1.0)),)
    elif kind == "too-hard":
        base["mixture"] = ((1.0, rng.uniform(0.2, 1.0), rng.uniform(8, 60)),)
    elif kind == "bimodal":
        share, sharp = rng.uniform(0.3, 0.7), rng.uniform(20, 200)
        base["mixture"] = ((share, sharp, 1.0), (1 - share, 1.0, sharp))
    elif kind == "few-items":
        base |= {"items": int(rng.integers(8, 30)), "test_rows": int(rng.integers(8, 30))}
    elif kind == "length-hacked":
        base["slope"] = rng.uniform(-3, 3)
    elif kind == "judge-yes":
        base |= {"judge": 0.5, "yes": True}
    elif kind == "judge-good":
        base["judge"] = rng.uniform(0.85, 0.97)
    elif kind == "noisy-grader":
        base["flaky"] = True
    elif kind == "leakage":
        base["copies"] = int(rng.integers(1, 20))
    elif kind == "paid-junk":
        base["junk"] = rng.uniform(0.1, 0.9)
    elif kind == "bad-gold":
        base["gold"] = rng.uniform(0.8, 1.0)
    elif kind == "unreadable":
        base["unreadable"] = rng.uniform(0.0, 0.5)
    elif kind == "cut-off":
        base["cut"] = rng.uniform(0.0, 0.3)
    elif kind == "lost":
        base["lost"] = rng.uniform(0.0, 0.1)
    elif kind == "guessing":
        base["guess"] = rng.uniform(0.1, 0.7)
    elif kind == "flat":
        base["mixture"] = ((1.0, rng.uniform(0.3, 2), rng.uniform(5, 60)),)
    project = Project(kind=kind, **base)  # type: ignore[arg-type]
    project.truth.update(truth_of(project, rng))
    return project


def chances(project: Project) -> tuple[np.ndarray, np.ndarray]:
    """(weights, chance of each reward level) over a fine grid of items."""
    weights, points = [], []
    for weight, a, b in project.mixture:
        quantiles = (np.arange(GRID) + 0.5) / GRID
        points.append(scipy_stats.beta.ppf(quantiles, a, b))
        weights.append(np.full(GRID, weight / GRID))
    p = np.concatenate(points)
    levels = np.arange(project.steps + 1)
    chance = scipy_stats.binom.pmf(levels, project.steps, p[:, None])
    chance *= 1 - project.unreadable
    chance[:, 0] += project.unreadable
    return np.concatenate(weights), chance


def truth_of(project: Project, rng: np.random.Generator) -> dict[str, float]:
    """The true value behind the figure of each check that estimates one."""
    weights, chance = chances(project)
    levels = np.arange(project.steps + 1) / project.steps
    k = READY.group_size
    means = chance @ levels
    mean = float(weights @ means)
    cdf = np.cumsum(chance, axis=1)
    best = (np.diff(cdf**k, axis=1, prepend=0.0)) @ levels
    within = float(weights @ (chance @ levels**2 - means**2))
    between = float(weights @ (means - mean) ** 2)
    sd = math.sqrt(2 * between * 0.3 + 2 * within / project.samples)
    return {
        "mean reward": mean,
        "rows with spread": 1 - float(weights @ (chance**k).sum(axis=1)),
        "best minus mean": float(weights @ best) - mean,
        "rows out of reach": float(weights @ (chance[:, :-1] ** project.samples).sum(axis=1)),
        "rows always solved": float(weights @ chance[:, -1] ** project.samples),
        "same reward": float((weights @ chance).max()),
        "answers unreadable": project.unreadable,
        "answers cut off": project.cut,
        "junk and cheats": project.junk,
        "better than guessing": mean - project.guess,
        "smallest visible gain": minimum_detectable_effect(sd, project.test_rows),
        "reward by length": _true_rho(project, rng),
    }


def _true_rho(project: Project, rng: np.random.Generator) -> float:
    many = Project(project.kind, 3_000, project.samples, project.mixture, project.steps)
    rewards, _ = _rewards(many, rng)
    sizes = _lengths(rewards, project.slope, rng)
    by_item = {str(n): row.tolist() for n, row in enumerate(rewards)}
    return rank_correlation({str(n): row.tolist() for n, row in enumerate(sizes)}, by_item)[0].value


def _rewards(project: Project, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(rewards, whether readable), items x samples."""
    weights = np.array([w for w, _, _ in project.mixture])
    part = rng.choice(len(weights), project.items, p=weights / weights.sum())
    a, b = (np.array([m[n] for m in project.mixture])[part] for n in (1, 2))
    p = rng.beta(a, b)
    shape = (project.items, project.samples)
    rewards = rng.binomial(project.steps, p[:, None], shape) / project.steps
    readable = rng.random(shape) >= project.unreadable
    return np.where(readable, rewards, 0.0), readable


def _lengths(rewards: np.ndarray, slope: float, rng: np.random.Generator) -> np.ndarray:
    return np.maximum(20, 400 + 60 * (slope * rewards + rng.normal(size=rewards.shape))).round()


def draw_run(project: Project, rng: np.random.Generator) -> tuple[list[Record], GraderEvidence]:
    """What an evaluation of the project would have found."""
    rewards, readable = _rewards(project, rng)
    sizes = _lengths(rewards, project.slope, rng).astype(int)
    lost = rng.random(rewards.shape) < project.lost
    cut = rng.random(rewards.shape) < project.cut
    records = []
    for i, k in np.ndindex(rewards.shape):
        text = '"' + "x" * int(sizes[i, k]) + '"' if readable[i, k] else "x" * int(sizes[i, k])
        sample = Sample(output_text=text, finish_reason="length" if cut[i, k] else "stop", usage={})
        reward = None if lost[i, k] else float(rewards[i, k])
        grade = Grade(reward=reward, judge_tokens={})
        records.append(Record(item_id=str(i), k=int(k), sample=sample, grade=grade))
    gold = np.where(rng.random(project.items) < project.gold, 1.0, 0.0)
    junk = rng.binomial(1, project.junk, 50).astype(float)
    guess = rng.binomial(1, project.guess, project.items).astype(float)
    again = rewards.ravel()[:50].tolist()
    copy = Finding("error", "split-overlap", "test.jsonl", 1, "messages", "the same", "keep one")
    return records, GraderEvidence(
        grader="hash",
        asks_model=project.judge is not None,
        gold=_scored(gold),
        junk={"praise": _scored(junk)},
        guesses={"another row's gold": _scored(guess)},
        probes=10,
        regraded=[[r, r, 1 - r if project.flaky and rng.random() < 0.2 else r] for r in again],
        examination=_examine(project, rng),
        findings=[copy] * project.copies,
        held_out=project.items,
        test_rows=project.test_rows,
        label_share=("yes", 0.3),
    )


def _scored(rewards: np.ndarray) -> dict[str, float]:
    return {str(n): float(r) for n, r in enumerate(rewards)}


def _examine(project: Project, rng: np.random.Generator, labels: int = 150) -> Examination | None:
    """The judge against 150 labels of people, 40 % of them yes; kappa decides as in `rft judge`."""
    if project.judge is None:
        return None
    people = (rng.random(labels) < 0.4).astype(int)
    right = rng.random(labels) < project.judge
    judge = np.ones(labels, int) if project.yes else np.where(right, people, 1 - people)
    kappa = cohen_kappa(people.tolist(), judge.tolist())
    verdict = "GO" if kappa.low >= 0.4 else "NO-GO" if kappa.high < 0.4 else "NOT YET"
    return Examination(grader="hash", verdict=verdict, repeat_variance=0.01)


def bars_of(name: str) -> tuple[float, float]:
    """(go, no-go) of a check that estimates its figure."""
    gain = READY.planned_gain
    return {
        "rows with spread": READY.learnable,
        "best minus mean": READY.headroom,
        "rows out of reach": READY.one_sided,
        "rows always solved": READY.one_sided,
        "same reward": READY.same_reward,
        "answers unreadable": READY.unreadable,
        "answers cut off": READY.cut_off,
        "junk and cheats": READY.junk,
        "better than guessing": (0.0, READY.margin),
        "smallest visible gain": (gain, 1.0),
        "reward by length": READY.length,
    }[name]


def sides(project: Project, name: str, floor: float) -> tuple[float, float]:
    """How far the truth lies on the right side of the go bar and of the no-go bar.

    Below 0 on the first a go is false; above 0 on the second a no-go is false.
    """
    value = project.truth[name]
    if name == "mean reward":
        inside = min(value - floor - READY.margin, READY.ceiling - READY.margin - value)
        return inside, inside
    if name == "reward by length":
        go, no_go = bars_of(name)
        return go - abs(value), (no_go - value if value > 0 else math.inf)
    go, no_go = bars_of(name)
    if go >= no_go or name == "better than guessing":
        return value - go, value - no_go
    return go - value, (no_go - value if no_go < 1 else math.inf)


@dataclass
class Tally:
    """What happened to one check over all projects."""

    seen: int = 0
    false_go: int = 0
    false_no_go: int = 0
    clear: int = 0
    right: int = 0
    intervals: int = 0
    covered: int = 0


GUARDS = ("answers unreadable", "answers cut off", "reward by length")
"""Decided leniently: between the two bars pass and fail are no mistakes."""


def count(project: Project, said: Readiness, tallies: dict[str, Tally], floor: float) -> None:
    """Hold each verdict and each interval against the truth."""
    for check in said.checks:
        estimate, tally = check.estimate, tallies[check.name]
        if check.name not in project.truth or check.verdict == "not applicable" or not estimate:
            continue
        value = project.truth[check.name]
        above_go, above_no_go = sides(project, check.name, floor)
        tally.seen += 1
        guard = check.name in GUARDS
        tally.false_go += check.verdict == "pass" and (above_no_go if guard else above_go) < 0
        tally.false_no_go += check.verdict == "fail" and (above_go if guard else above_no_go) >= 0
        far = 2 * (estimate.high - estimate.low)
        if above_go >= far or -above_no_go >= far:
            tally.clear += 1
            tally.right += check.verdict == ("pass" if above_go >= far else "fail")
        if 0.001 < abs(value) < 0.999:
            tally.intervals += 1
            tally.covered += estimate.low <= value <= estimate.high


CERTAIN = ("noisy-grader", "leakage", "judge-yes")
"""Kinds whose fault is no matter of degree: anything but NO-GO would be false."""


def truly(project: Project, floor: float) -> str:
    """ "bad" when a gate's truth is beyond its no-go bar, "good" when all clear their go bars."""
    if project.kind in CERTAIN:
        return "bad"
    if project.kind in ("lost", "bad-gold", "judge-good"):
        return "either"  # decided by what was counted in this very run
    found = [sides(project, name, floor) for name in project.truth]
    if any(no_go < 0 for _, no_go in found):
        return "bad"
    return "good" if all(go >= 0 for go, _ in found) else "either"


def simulate(
    projects: int, seed: int = 0, kinds: Sequence[str] = tuple(KINDS)
) -> tuple[dict[str, Tally], dict[str, int]]:
    """Judge so many projects; tallies by check, and counts of overall verdicts by truth."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    verdicts: dict[str, int] = defaultdict(int)
    for n in range(projects):
        rng = np.random.default_rng([seed, n])
        project = draw_project(rng, kinds[n % len(kinds)])
        records, evidence = draw_run(project, rng)
        said = assess(records, READY, {"empty": 0.0}, evidence)
        without_model = {**evidence.guesses, **evidence.junk}
        floor = max(float(np.mean(list(s.values()))) for s in without_model.values())
        count(project, said, tallies, floor)
        verdicts[f"{truly(project, floor)}: {said.verdict}"] += 1
        verdicts[f"kind {project.kind}: {said.verdict}"] += 1
    return dict(tallies), dict(verdicts)


def compare_runs(trials: int, power: bool, seed: int = 0) -> float:
    """Share of pairs of runs told apart: with no true gain, or with the stated detectable one."""
    told_apart = 0
    for trial in range(trials):
        rng = np.random.default_rng([seed, trial, int(power)])
        items, samples = int(rng.choice([30, 60, 120, 200])), 4
        p = rng.beta(2, 2, items)
        gain = np.zeros(items)
        if power:
            # The gain of an item varies, as it does in training; sd of an item's difference:
            spread = 0.1
            within = 2 * (0.5 * 0.5 - 0.05) / samples  # 2 E[p (1 - p)] / k, Beta(2, 2)
            gain = rng.normal(0, spread, items)
            gain += minimum_detectable_effect(math.sqrt(spread**2 + within), items)
        a = rng.binomial(samples, p) / samples
        b = rng.binomial(samples, p) / samples + gain
        told_apart += swap_test(b - a) < LEVEL  # decides the verdict; the interval follows it
    return told_apart / trials


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=1_000)
    parser.add_argument("--trials", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    begun = time.monotonic()
    tallies, verdicts = simulate(args.projects, args.seed)
    print(f"{'check':24} seen false-go false-no-go   clear   right   cover")
    total = Tally()
    for name, t in [*tallies.items(), ("all", total)]:
        right = f"{t.right / t.clear:7.1%}" if t.clear else "      -"
        cover = f"{t.covered / t.intervals:7.1%}" if t.intervals else "      -"
        wrong = f"{t.false_go / t.seen:8.2%} {t.false_no_go / t.seen:11.2%}" if t.seen else ""
        print(f"{name:24} {t.seen:4} {wrong} {t.clear:7} {right} {cover}")
        for key, value in vars(t).items():
            setattr(total, key, getattr(total, key) + value)
    for name, number in sorted(verdicts.items()):
        print(f"{name:28} {number}")
    print(f"false alarms of compare at 5 %: {compare_runs(args.trials, False, args.seed):.2%}")
    print(f"power at the stated effect (80 %): {compare_runs(args.trials, True, args.seed):.1%}")
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
