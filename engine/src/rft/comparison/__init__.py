"""Runs compared on the same items: what one gained over another, where, and at what price."""

from rft.comparison.pairs import Change, Comparison, Pair, SliceGain, clearest, compare_runs
from rft.comparison.runs import ComparedRun, differences, label, other_sampling
from rft.comparison.side_effects import SideEffect
from rft.human import NAME as HUMAN

__all__ = [
    "HUMAN",
    "Change",
    "ComparedRun",
    "Comparison",
    "Pair",
    "SideEffect",
    "SliceGain",
    "clearest",
    "compare_runs",
    "differences",
    "label",
    "other_sampling",
]
