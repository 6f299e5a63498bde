"""What the rows say: leakage between splits, reference answers that are alike or doubtful."""

from __future__ import annotations

from collections import Counter, defaultdict

from rft import display
from rft.dataset.row_checks import canonical
from rft.readiness.answers import Answers
from rft.readiness.evidence import GraderEvidence
from rft.records import parse_answer
from rft.stats import share_interval
from rft.thresholds import Ready
from rft.verdicts import (
    SETTING,
    Check,
    bars_text,
    counted,
    decide,
    exactly,
    measured,
    not_applicable,
)

EXACT = {"split-overlap", "shared-group"}
"""Codes of findings that make a held-out figure worthless: the same prompt, the same group."""


def leakage(evidence: GraderEvidence, ready: Ready) -> Check:
    """Held-out rows that stand in another split. All rows are compared, so nothing is estimated."""
    name, source = "leakage", "house rule; every row is compared"
    if evidence.findings is None:
        return not_applicable(name, "not checked")
    exact = [f for f in evidence.findings if f.code in EXACT]
    near = [f for f in evidence.findings if f.code == "near-copy"]
    share = len(near) / evidence.held_out if evidence.held_out else 0.0
    verdict = "fail" if exact else decide(exactly(share), ready.near_copies)
    advice = f"{len(near)} held-out rows nearly copy a row of another split; see rft check."
    if exact:
        first = exact[0]
        advice = (
            f"{len(exact)} held-out rows or groups are in another split too, such as "
            f"{first.file}:{first.line}: the gain would be memory. Keep each in one split."
        )
    figure, bars = (
        f"{len(exact)} exact, {len(near)} near",
        f"none; near <= {ready.near_copies[0]:.0%}",
    )
    return counted(name, figure, bars, verdict, advice, source, SETTING)


def skew(evidence: GraderEvidence, ready: Ready) -> Check:
    """The most common answer or label of the training rows, counted."""
    name = "most common answer"
    if evidence.label_share is None:
        return not_applicable(name, "not checked")
    label, share = evidence.label_share
    verdict = decide(exactly(share), ready.same_gold)
    advice = f"'{label[:40]}' is right in {share:.0%} of the training rows: balance them, or pay "
    advice += "less for it; guessing must not pay."
    bars, source = (
        bars_text(ready.same_gold, percent=True),
        "house rule; every training row is counted",
    )
    return counted(name, f"{share:.0%}", bars, verdict, advice, source)


def ambiguity(answers: Answers, evidence: GraderEvidence, ready: Ready) -> Check:
    """Rows where all answers agree with one another, and not with the reference.

    A model that is sure of another answer is either wrong or right: such references deserve a
    look. Only answers are compared, not rewards: a noisy judge may score a right answer below 1.
    """
    name = "sure of another answer"
    by_item: dict[str, Counter[str]] = defaultdict(Counter)
    for record in answers.graded:
        if record.sample and (value := parse_answer(record.sample.output_text)) is not None:
            by_item[record.item_id][canonical(value)] += 1
    compared = {
        item: texts
        for item, texts in by_item.items()
        if texts.total() > 1 and item in evidence.golds
    }
    if not compared:
        return not_applicable(name, "no two answers per row to compare")
    sure = [
        item
        for item, texts in compared.items()
        if len(texts) == 1
        and evidence.golds[item] not in texts
        and max(answers.rewards[item]) < ready.solved - 1e-9
    ]
    advice = (
        f"On {len(sure)} rows all answers are the same and differ from the reference; check the "
        f"reference answers of {display.names(sure)}."
    )
    share, items = share_interval(len(sure), len(compared)), len(compared)
    bars = ready.agreed_otherwise
    return measured(name, share, bars, advice, items=items, percent=True, effort=SETTING)
