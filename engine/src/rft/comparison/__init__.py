"""Runs compared on the same items: what one gained over another, where, and at what price."""

from rft.comparison.drift import Drift, signed
from rft.comparison.pairs import Change, Comparison, Pair, Slice, compare, typical
from rft.comparison.sides import Side, differences, other_sampling
from rft.human import NAME as HUMAN

__all__ = [
    "HUMAN",
    "Change",
    "Comparison",
    "Drift",
    "Pair",
    "Side",
    "Slice",
    "compare",
    "differences",
    "other_sampling",
    "signed",
    "typical",
]
