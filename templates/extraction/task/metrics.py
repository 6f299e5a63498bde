"""Figures over a whole run, which `rft eval` prints at the end.

Micro and macro F1 come from scikit-learn, agreement from krippendorff.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean as mean
from typing import Any

from task.grader import answer_codes, canonical, explain
from task.tools.chapters import NAMES, chapter

Answers = list[tuple[dict[str, Any], dict[str, Any]]]
"""(row, sample) as graders get them."""
Figures = dict[str, dict[str, float]]


def metrics(answers: Answers, train: list[dict[str, Any]]) -> Figures:
    """Return the figures of a run, by heading; `train` shows which codes could be learned."""
    if not answers:
        return {}
    gold = [_gold(row) for row, _ in answers]
    said = [predicted(row, sample) for row, sample in answers]
    parts = [explain(sample, row) for row, sample in answers]
    known = {code for row in train for code in _gold(row)}
    figures = {
        "F1": f1(gold, said)
        | {name: mean(part[name] for part in parts) for name in ("precision", "recall")}
        | {"exact match": mean(part["exact"] for part in parts)},
        "F1 by chapter (micro)": _by_chapter(gold, said),
        "F1 by trap (mean)": _by_trap([row for row, _ in answers], parts),
        "over-coding": _over_coding([row for row, _ in answers], parts),
        "codes not in train": _unseen(gold, said, known),
        "candidates": _reach([row for row, _ in answers]),
    }
    return {heading: named for heading, named in figures.items() if named}


def agreement(by_coder: dict[str, Answers]) -> Figures:
    """Return Krippendorff's alpha between reference codes and each coder, and between all of them.

    One decision (nominal, coded or not) for each row and each code that anyone, reference included,
    gave on any of the rows; a coder who did not see a row casts no vote on it. 1 is perfect
    agreement, 0 what chance would give.
    """
    votes: dict[str, dict[str, set[str]]] = {"gold": {}}
    for coder, answers in by_coder.items():
        votes[coder] = {row["id"]: predicted(row, sample) for row, sample in answers}
        votes["gold"] |= {row["id"]: _gold(row) for row, _ in answers}
    alphas = {f"gold and {coder}": alpha(votes["gold"], votes[coder]) for coder in by_coder}
    if len(by_coder) > 1:
        alphas["all"] = alpha(*votes.values())
    return {"agreement (alpha)": alphas}


def alpha(*votes: dict[str, set[str]]) -> float:
    """Return Krippendorff's alpha of raters, each a dict of row id -> codes.

    nan where all votes are the same.
    """
    import krippendorff

    codes = sorted({code for rater in votes for given in rater.values() for code in given})
    rows = sorted({row for rater in votes for row in rater})
    nan = float("nan")
    table = [
        [float(c in rater[r]) if r in rater else nan for r in rows for c in codes]
        for rater in votes
    ]
    if len({value for line in table for value in line if value == value}) < 2:
        return nan
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement="nominal"))


def predicted(row: dict[str, Any], sample: dict[str, Any]) -> set[str]:
    """The codes of an answer as the reward counts them: canonical, without optional ones; each
    entry that is not written like a code counts as a wrong code of its own."""
    codes = answer_codes(sample) or []
    named = {canonical(code) or f"?{n}" for n, code in enumerate(codes)}
    return named - ({canonical(c) for c in row.get("optional") or []} - _gold(row))


def f1(gold: list[set[str]], said: list[set[str]]) -> dict[str, float]:
    """F1 averaged over answers (samples), pooled (micro), and averaged over all codes of any
    reference or answer (macro)."""
    from sklearn.metrics import f1_score
    from sklearn.preprocessing import MultiLabelBinarizer

    codes = sorted(set().union(*gold, *said))
    if not codes:
        return dict.fromkeys(("samples", "micro", "macro"), 1.0)
    # Two empty columns: scikit-learn treats a single column as another kind of task.
    binarizer = MultiLabelBinarizer(classes=[*codes, "", " "], sparse_output=True)
    true, given = binarizer.fit_transform(gold), binarizer.fit_transform(said)
    real = list(range(len(codes)))
    # An empty answer to a row without codes is right: F1(empty, empty) = 1, as in the reward.
    return {
        average: float(f1_score(true, given, labels=real, average=average, zero_division=1.0))
        for average in ("samples", "micro", "macro")
    }


def _by_chapter(gold: list[set[str]], said: list[set[str]]) -> dict[str, float]:
    """Micro F1 within each chapter that has a reference code, in the order of the chapters."""

    def within(sets: list[set[str]], name: str) -> list[set[str]]:
        return [{code for code in codes if chapter(code) == name} for codes in sets]

    present = {chapter(code) for codes in gold for code in codes}
    return {
        name: f1(within(gold, name), within(said, name))["micro"]
        for name in NAMES
        if name in present
    }


def _by_trap(rows: Iterable[dict[str, Any]], parts: list[dict[str, float]]) -> dict[str, float]:
    scores: dict[str, list[float]] = defaultdict(list)
    for row, part in zip(rows, parts, strict=True):
        for trap in row.get("traps") or []:
            scores[trap].append(part["f1"])
    return {trap: mean(scores[trap]) for trap in sorted(scores)}


def _over_coding(rows: Iterable[dict[str, Any]], parts: list[dict[str, float]]) -> dict[str, float]:
    """Figures over the answers to rows that forbid codes."""
    shares = [
        part["over_coding"]
        for row, part in zip(rows, parts, strict=True)
        if row.get("must_not_code")
    ]
    if not shares:
        return {}
    return {"entries coded": mean(shares), "answers with any": mean(map(bool, shares))}


def _unseen(gold: list[set[str]], said: list[set[str]], known: set[str]) -> dict[str, float]:
    """The share of reference codes that no training row has, and recall on them and the rest."""
    pairs = [
        (code, code in answer) for codes, answer in zip(gold, said, strict=True) for code in codes
    ]
    new = [hit for code, hit in pairs if code not in known]
    old = [hit for code, hit in pairs if code in known]
    if not pairs:
        return {}
    figures = {"share": len(new) / len(pairs)}
    figures |= {"recall on them": mean(new)} if new else {}
    return figures | ({"recall on the others": mean(old)} if old else {})


def _reach(rows: Iterable[dict[str, Any]]) -> dict[str, float]:
    """The share of reference codes among the candidates shown, over rows that show some; `best F1`:
    the mean reward of choosing exactly the reference codes among them."""
    shown = {row["id"]: row for row in rows if "Candidate codes:" in json.dumps(row["messages"])}
    hits, full, best = [], [], []
    for row in shown.values():
        gold = _gold(row)
        shown_gold = gold & {canonical(c["code"]) for c in row["candidates"]}
        hits += [code in shown_gold for code in gold]
        full.append(shown_gold == gold)
        best.append(2 * len(shown_gold) / (len(shown_gold) + len(gold)) if gold else 1.0)
    if not hits:
        return {}
    return {
        "reference codes among them": mean(hits),
        "rows with all": mean(full),
        "best F1": mean(best),
    }


def _gold(row: dict[str, Any]) -> set[str]:
    return {canonical(code) for code in row["reference_answer"]["codes"]}
