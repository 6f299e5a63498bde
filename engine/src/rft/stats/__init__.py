"""Figures with intervals. Items are the clusters: the k answers of one item are never pooled.

Every number comes from scipy, statsmodels or krippendorff where they have it; the formulas' sources
are in the docstrings, and tests hold each against an independent implementation. Everything random
is seeded. What is unknown is nan with the widest interval, never a figure without width.
"""

from rft.estimate import Estimate
from rft.stats.agreement import cohen_kappa, krippendorff_alpha, macro_f1
from rft.stats.draws import (
    FEWEST_ITEMS,
    best_of,
    headroom,
    learnable_share,
    pass_at_k,
    rank_correlation,
)
from rft.stats.estimates import (
    LEVEL,
    SAME,
    ByItem,
    Spread,
    has_spread,
    item_means,
    mean_interval,
    rewards_by_item,
    share_interval,
    spread,
)
from rft.stats.paired import (
    Paired,
    adjust,
    holm_levels,
    items_needed,
    minimum_detectable_effect,
    paired_difference,
    paired_ratio,
    planned_deviation,
    planned_mde,
)

__all__ = [
    "FEWEST_ITEMS",
    "LEVEL",
    "SAME",
    "ByItem",
    "Estimate",
    "Paired",
    "Spread",
    "adjust",
    "best_of",
    "cohen_kappa",
    "has_spread",
    "headroom",
    "holm_levels",
    "item_means",
    "items_needed",
    "krippendorff_alpha",
    "learnable_share",
    "macro_f1",
    "mean_interval",
    "minimum_detectable_effect",
    "paired_difference",
    "paired_ratio",
    "pass_at_k",
    "planned_deviation",
    "planned_mde",
    "rank_correlation",
    "rewards_by_item",
    "share_interval",
    "spread",
]
