"""How far experts agree, for the top of each page: figures of rft.stats, nothing of its own."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations

from rft.estimate import Estimate
from rft.stats import cohen_kappa, krippendorff_alpha, share_interval

Labels = Mapping[str, Mapping[tuple[str, ...], Hashable]]
"""Coder -> what was labelled, its row first -> the label."""
LEAST = 2
"""Labels that two coders must share before they are compared."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of all coders, and of each two of them."""

    units: int
    """What at least two coders labelled."""
    same: Estimate | None
    """Share of these on which all of them agree."""
    alpha: Estimate | None
    """Krippendorff's, labels as names; None: unknown."""
    pairs: list[tuple[str, str, int, Estimate | None]]
    """(coder, coder, units of both, Cohen's kappa)."""

    def lines(self, noun: str) -> list[str]:
        """The figures as people read them; `noun`: what was labelled, in the plural."""
        if not self.units or self.same is None:
            return [f"No {noun} of two experts to compare yet."]
        percent = [f"{100 * v:.0f}%" for v in (self.same.value, self.same.low, self.same.high)]
        first = f"{self.units:,} {noun} of two or more experts: all agree on {percent[0]}"
        lines = [
            f"{first} [{percent[1]}, {percent[2]}]",
            f"Krippendorff's alpha {_text(self.alpha)}",
        ]
        for a, b, units, kappa in self.pairs:
            lines.append(f"{a} and {b}: Cohen's kappa {_text(kappa)} on {units:,} {noun}")
        return lines


def agreement(labels: Labels) -> Agreement:
    """The agreement of coders; intervals are at 95 %, kappa's is clustered by row."""
    coders = [coder for coder in labels if labels[coder]]
    units = sorted({unit for coder in coders for unit in labels[coder]})
    shared = [u for u in units if sum(u in labels[coder] for coder in coders) >= LEAST]
    if not shared:
        return Agreement(0, None, None, [])
    unanimous = sum(
        len({labels[coder][u] for coder in coders if u in labels[coder]}) == 1 for u in shared
    )
    pairs = []
    for a, b in combinations(coders, 2):
        both = [u for u in shared if u in labels[a] and u in labels[b]]
        if len(both) >= LEAST:
            of_a, of_b = ([labels[coder][u] for u in both] for coder in (a, b))
            kappa = cohen_kappa(of_a, of_b, [u[0] for u in both])
            pairs.append((a, b, len(both), _known(kappa)))
    alpha = krippendorff_alpha(ratings(labels, coders, shared), level="nominal")
    return Agreement(len(shared), share_interval(unanimous, len(shared)), _known(alpha), pairs)


def ratings(labels: Labels, coders: list[str], units: list[tuple[str, ...]]) -> list[list[float]]:
    """Coders x units, each label as its number; nan where a coder gave none."""
    numbers = {
        label: float(n)
        for n, label in enumerate(dict.fromkeys(v for c in coders for v in labels[c].values()))
    }
    return [
        [numbers[labels[coder][u]] if u in labels[coder] else math.nan for u in units]
        for coder in coders
    ]


def _known(figure: Estimate) -> Estimate | None:
    return None if math.isnan(figure.value) else figure


def _text(figure: Estimate | None) -> str:
    if figure is None:
        return "unknown (everyone gave one and the same label)"
    return str(figure)
