"""What the rows say: leakage between splits, golds so alike that guessing pays, doubtful golds."""

from __future__ import annotations

from collections import Counter, defaultdict

from rft.dataset.row_checks import canonical
from rft.readiness.answers import Answers
from rft.readiness.material import Material
from rft.readiness.verdict import (
    HOUSE,
    SETTING,
    Check,
    bars_text,
    decide,
    measured,
    named,
    not_applicable,
)
from rft.stats import Estimate, share_interval
from rft.thresholds import Ready

EXACT = {"split-overlap", "shared-group"}
"""Codes of findings that make a held-out figure worthless: the same prompt, the same group."""


def leakage(material: Material, ready: Ready) -> Check:
    """Held-out rows that stand in another split. All rows are compared, so nothing is estimated."""
    name, source = "leakage", "house rule; every row compared"
    if material.findings is None:
        return not_applicable(name, "not looked at")
    exact = [f for f in material.findings if f.code in EXACT]
    near = [f for f in material.findings if f.code == "near-copy"]
    share = len(near) / material.held_out if material.held_out else 0.0
    verdict = "no-go" if exact else decide(Estimate(share, share, share), ready.near_copies)
    advice = ""
    if exact:
        first = exact[0]
        advice = (
            f"{len(exact)} held-out rows or groups are in another split too, such as "
            f"{first.file}:{first.line}: the gain would be memory. Keep each in one split."
        )
    elif verdict != "go":
        advice = f"{len(near)} held-out rows are almost rows of another split (rft check)."
    return Check(
        name,
        f"{len(exact)} exact, {len(near)} near",
        f"none; near <= {ready.near_copies[0]:.0%}",
        verdict,
        advice,
        source,
        effort=SETTING,
    )


def skew(material: Material, ready: Ready) -> Check:
    """The commonest answer or label of the training rows, counted."""
    name = "commonest gold"
    if material.label_share is None:
        return not_applicable(name, "not looked at")
    label, share = material.label_share
    verdict = decide(Estimate(share, share, share), ready.same_gold)
    advice = f"'{label[:40]}' is right in {share:.0%} of the training rows: balance them, or pay "
    return Check(
        name,
        f"{share:.0%}",
        bars_text(ready.same_gold, percent=True),
        verdict,
        advice + "less for it; guessing must not pay." if verdict != "go" else "",
        "house rule; all training rows counted",
    )


def ambiguity(answers: Answers, material: Material, ready: Ready) -> Check:
    """Rows where all answers agree with one another, and not with the reference.

    A model that is sure of another answer is either wrong or right: such golds deserve a look.
    """
    name = "sure of another answer"
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for record in answers.graded:
        if record.sample and (found := record.sample.output_json) is not None:
            told[record.item_id][canonical(found)] += 1
    several = {k: c for k, c in told.items() if c.total() > 1}
    if not several:
        return not_applicable(name, "no two answers a row to compare")
    sure = [
        k
        for k, c in several.items()
        if len(c) == 1 and max(answers.rewards[k]) < ready.solved - 1e-9
    ]
    share = share_interval(len(sure), len(several))
    advice = f"On {len(sure)} rows every answer is the same and not the gold one: look at the gold "
    advice += f"of {named(sure)}."
    bars = ready.agreed_otherwise
    return measured(name, share, bars, len(several), advice, HOUSE, percent=True, effort=SETTING)
