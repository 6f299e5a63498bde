"""A figure with its interval; apart from rft.stats, which takes a second to load."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; value is nan when nothing could be measured."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "unknown"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"
