"""Go or no-go: can reinforcement fine-tuning learn anything from this base on this task?

Each check says its figure, its threshold, a verdict taken on the interval and never on the point,
one sentence of advice and where the threshold comes from. Only answers with a reward count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rft.config import Ready
from rft.records import Record
from rft.stats import (
    Estimate,
    Spread,
    has_spread,
    mean_interval,
    rewards_by_item,
    share_interval,
    spread,
)

Verdict = Literal["go", "warn", "no-go"]
HOUSE = "house rule"
ENOUGH_ITEMS, ENOUGH_SAMPLES = 100, 8
"""Below these a "go" is luck (evals under a few hundred items: Bowyer et al., arXiv 2503.01747)."""


@dataclass(frozen=True)
class Check:
    """One row of the verdict's table."""

    name: str
    figure: str
    threshold: str
    verdict: Verdict
    advice: str
    source: str


@dataclass(frozen=True)
class Readiness:
    """What `rft ready` says of one run."""

    items: int
    answers: int
    failed: int
    """Answers without a reward because the infrastructure failed."""
    mean: Estimate
    spread: Spread
    solved_once: Estimate
    checks: list[Check]
    verdict: Literal["GO", "NOT YET", "NO-GO"]
    next_step: str


def assess(records: Sequence[Record], ready: Ready, floors: Mapping[str, float]) -> Readiness:
    """Judge a run.

    `floors` are mean rewards in [0, 1] of answers that need no model, on the same items.
    """
    by_item = rewards_by_item(records)
    means = [sum(r) / len(r) for r in by_item.values()]
    mean = mean_interval(means)
    solved = share_interval(
        sum(max(r) >= ready.solved - 1e-9 for r in by_item.values()), len(by_item)
    )
    graded = [r for r in records if r.reward is not None]
    checks = [
        _infrastructure(records, ready),
        _size(len(by_item), min((len(r) for r in by_item.values()), default=0)),
    ]
    if graded:
        checks[1:1] = [
            _between(mean, ready, floors),
            _readable(graded, ready),
            _learnable(by_item, ready),
            _headroom(by_item),
            _solved(solved, ready),
        ]
    worst = [c for c in checks if c.verdict == "no-go"]
    doubtful = [c for c in checks if c.verdict == "warn"]
    return Readiness(
        items=len(by_item),
        answers=len(graded),
        failed=len(records) - len(graded),
        mean=mean,
        spread=spread(by_item),
        solved_once=solved,
        checks=checks,
        verdict="NO-GO" if worst else "NOT YET" if doubtful else "GO",
        next_step=_next_step(worst or doubtful),
    )


def _decide(estimate: Estimate, go_above: float, no_go_below: float) -> Verdict:
    """Three states, on the interval: its bad end must clear the bar, or its good end fail it."""
    if estimate.low >= go_above:
        return "go"
    return "no-go" if estimate.high < no_go_below else "warn"


def _infrastructure(records: Sequence[Record], ready: Ready) -> Check:
    lost = share_interval(sum(r.reward is None for r in records), len(records))
    verdict: Verdict = "go" if lost.value <= ready.max_error_share else "no-go"
    return Check(
        "answers obtained",
        f"{1 - lost.value:.0%}" if records else "none",
        f">= {1 - ready.max_error_share:.0%}",
        verdict,
        "Run rft eval again: it draws only what is missing." if verdict != "go" else "",
        HOUSE,
    )


def _readable(graded: Sequence[Record], ready: Ready) -> Check:
    cut = [r.sample for r in graded if r.sample and r.sample.finish_reason == "length"]
    unread = sum(r.sample is not None and r.sample.output_json is None for r in graded)
    share = share_interval(unread, len(graded))
    verdict: Verdict = "no-go" if share.low > ready.max_unparsable_share else "warn"
    if share.value <= 0.05:
        verdict = "go"
    # An answer of fewer characters than tokens was cut off while the model was still reasoning.
    early = sum(len(s.output_text) < s.usage.get("completion_tokens", 0) for s in cut)
    if early > len(cut) / 2:
        advice = "Most cut-off answers had hardly begun: raise sampling.max_tokens."
    else:
        advice = "A base that does not know when to stop needs a supervised warm start."
    return Check(
        "answers not JSON",
        f"{share.value:.0%} [{share.low:.0%}, {share.high:.0%}]",
        f"<= 5% go, > {ready.max_unparsable_share:.0%} no-go",
        verdict,
        f"{unread} of {len(graded)} answers are no JSON, {len(cut)} ran into max_tokens. {advice}"
        if verdict != "go"
        else "",
        f"{HOUSE}; cut-off answers: DAPO, arXiv 2503.14476",
    )


def _between(mean: Estimate, ready: Ready, floors: Mapping[str, float]) -> Check:
    name, floor = max(floors.items(), key=lambda pair: pair[1], default=("zero", 0.0))
    low, high = floor + ready.margin, ready.ceiling - ready.margin
    verdict: Verdict = "warn"
    if mean.low > low and mean.high < high:
        verdict = "go"
    elif mean.high < low or mean.low > high:
        verdict = "no-go"
    advice = ""
    if mean.low > high:
        advice = "The base is at the ceiling: bring harder rows, or save the money."
    elif mean.high < low:
        advice = (
            f"The base is at the floor ('{name}' without a model has {floor:.2f}): take a stronger "
            "base, or warm-start it with supervised fine-tuning on the gold answers."
        )
    elif verdict == "warn":
        advice = f"Too few items to tell it from the floor ('{name}') or the ceiling: add items."
    return Check(
        "mean reward",
        str(mean),
        f"{low:.2f} to {high:.2f}",
        verdict,
        advice,
        f"{HOUSE} (margin {ready.margin}); floors measured",
    )


def _learnable(by_item: Mapping[str, Sequence[float]], ready: Ready) -> Check:
    several = [float(has_spread(r)) for r in by_item.values() if len(r) > 1]
    share = mean_interval(several)
    verdict = _decide(share, ready.min_learnable_share, ready.no_go_learnable_share)
    if not several:
        return Check(
            "rows with spread",
            "unknown",
            f">= {ready.min_learnable_share:.0%}",
            "warn",
            "One answer a row shows no spread: set sampling.samples_per_item to 8.",
            HOUSE,
        )
    return Check(
        "rows with spread",
        f"{share.value:.0%} [{share.low:.0%}, {share.high:.0%}]",
        f">= {ready.min_learnable_share:.0%} go, < {ready.no_go_learnable_share:.0%} no-go",
        verdict,
        f"In {1 - share.value:.0%} of the rows all answers score the same: no gradient there. Mix "
        "in rows of middling difficulty or give partial credit."
        if verdict != "go"
        else "",
        f"{HOUSE}; GRPO's share of groups without spread",
    )


def _headroom(by_item: Mapping[str, Sequence[float]]) -> Check:
    several = [r for r in by_item.values() if len(r) > 1]
    gains = [max(r) - sum(r) / len(r) for r in several]
    gain = mean_interval(gains)
    verdict = _decide(gain, 0.10, 0.05) if gains else "warn"
    return Check(
        "best minus mean",
        f"+{gain.value:.2f} [{gain.low:.2f}, {gain.high:.2f}]" if gains else "unknown",
        ">= 0.10 go, < 0.05 no-go",
        verdict,
        "RFT mostly makes the model's best answers its usual ones, and they are hardly better yet."
        if verdict != "go" and gains
        else "",
        f"{HOUSE}; pass@k, arXiv 2107.03374",
    )


def _solved(solved: Estimate, ready: Ready) -> Check:
    bar = 1 - ready.max_never_solved_share
    verdict = _decide(solved, 0.5, bar)
    return Check(
        "rows ever solved",
        f"{solved.value:.0%} [{solved.low:.0%}, {solved.high:.0%}]",
        f">= 50% go, < {bar:.0%} no-go",
        verdict,
        "Most rows are never solved: start with easier rows or a supervised warm start."
        if verdict != "go"
        else "",
        f"{HOUSE}; difficulty pools of prime-rl",
    )


def _size(items: int, samples: int) -> Check:
    enough = items >= ENOUGH_ITEMS and samples >= ENOUGH_SAMPLES
    return Check(
        "rows x answers",
        f"{items} x {samples}",
        f">= {ENOUGH_ITEMS} x {ENOUGH_SAMPLES}",
        "go" if enough else "warn",
        "" if enough else "Enough for a first look; before you spend money, look at more.",
        "Bowyer et al., arXiv 2503.01747",
    )


def _next_step(open_checks: Sequence[Check]) -> str:
    """The advice of the first failing check: checks stand in the order they should be mended."""
    return next((c.advice for c in open_checks if c.advice), "Train: every gate is open.")
