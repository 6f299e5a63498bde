"""The accounts of an S corporation that has earnings and profits from years as a C corporation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layers:
    """Where a corporation's distributions of a year come from."""

    before: int
    """The accumulated adjustments account (AAA) available for the distributions."""
    from_aaa: int
    dividend: int
    remainder: int
    """Beyond AAA and earnings and profits: treated like the AAA part."""
    aaa: int
    earnings: int


def distribute(aaa: int, earnings: int, net: int, distribution: int) -> Layers:
    """Layers of a distribution by an S corporation with accumulated earnings and profits.

    IRC 1368(c): AAA first, then a dividend out of earnings and profits, then the rest. `net` is
    the year's income less losses and nondeductible expenses, without tax-exempt income (IRC
    1368(e)(1)(A)); a negative net does not reduce the AAA for the year's distributions (IRC
    1368(e)(1)(C)) and may leave it below zero afterwards.
    """
    before = aaa + max(0, net)
    from_aaa = min(distribution, max(0, before))
    dividend = min(distribution - from_aaa, earnings)
    return Layers(
        before=before,
        from_aaa=from_aaa,
        dividend=dividend,
        remainder=distribution - from_aaa - dividend,
        aaa=before - from_aaa + min(0, net),
        earnings=earnings - dividend,
    )
