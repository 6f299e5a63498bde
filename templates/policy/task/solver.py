"""Exact S-corporation arithmetic: who bears which item, what basis is left, what is taxed.

Money goes in and comes out as integer cents; fractions in between, so nothing is lost to rounding.
Losses, deductions and distributions are positive numbers. Sections are those of the Internal
Revenue Code (IRC) and of the Treasury Regulations (26 CFR part 1), years beginning after 1996
unless said otherwise. Not covered: more than one debt to a shareholder, depletion, redemptions,
the elections of Reg. 1.1367-1(g) and 1.1368-1(f).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True)
class Lot:
    """Shares held by one owner from `first` to `last`, both days included.

    A seller is the shareholder on the day of the sale (Reg. 1.1377-1(a)(2)(ii)): the seller's lot
    ends on that day and the buyer's begins on the next.
    """

    owner: str
    shares: int
    first: date
    last: date


def round_to_total(parts: Sequence[Fraction], total: int) -> list[int]:
    """`parts`, which add up to `total`, in whole cents that still add up to it.

    Largest remainder: all are rounded down, and the cents that are missing go to the largest
    remainders, to the earlier part where two are equal. Raises ValueError when the parts do not
    add up to the total.
    """
    if sum(parts) != total:
        raise ValueError(f"the parts add up to {sum(parts)}, not to {total}")
    down = [part.numerator // part.denominator for part in parts]
    order = sorted(range(len(parts)), key=lambda i: (down[i] - parts[i], i))
    for i in order[: total - sum(down)]:
        down[i] += 1
    return down


def pro_rata(item: int, shares: Sequence[int]) -> list[int]:
    """`item` divided by shares held, in cents that add up to it."""
    return round_to_total([Fraction(item * s, sum(shares)) for s in shares], item)


def days(first: date, last: date) -> int:
    """Days from `first` to `last`, both included."""
    return (last - first).days + 1


def per_share_per_day(item: int, lots: Sequence[Lot], first: date, last: date) -> list[int]:
    """Each lot's part of an item of the period `first` to `last`, in cents, in the order of `lots`.

    IRC 1377(a)(1), Reg. 1.1377-1(a)(1): an equal portion of the item to each day, divided among
    the shares outstanding on that day. Raises ValueError when a day has no share outstanding.
    """
    outstanding = [0] * days(first, last)
    held = [_held(lot, first, last) for lot in lots]
    for lot, span in zip(lots, held, strict=True):
        for i in span:
            outstanding[i] += lot.shares
    if not all(outstanding):
        day = first + timedelta(days=outstanding.index(0))
        raise ValueError(f"no share is outstanding on {day}")
    per_day = Fraction(item, len(outstanding))
    per_share = [per_day / n for n in outstanding]
    parts = [
        sum((per_share[i] * lot.shares for i in span), Fraction(0))
        for lot, span in zip(lots, held, strict=True)
    ]
    return round_to_total(parts, item)


def _held(lot: Lot, first: date, last: date) -> range:
    start, stop = max(lot.first, first), min(lot.last, last)
    return range((start - first).days, (stop - first).days + 1)


def closing_of_the_books(
    before: int, after: int, lots: Sequence[Lot], first: date, cut: date, last: date
) -> list[int]:
    """Each lot's part when the year is cut in two after the day `cut`.

    IRC 1377(a)(2), Reg. 1.1377-1(b): `before` and `after` are the item's amounts by the books of
    the two periods. Available when a shareholder's entire interest ends and all affected
    shareholders agree.
    """
    one = per_share_per_day(before, lots, first, cut)
    two = per_share_per_day(after, lots, cut + timedelta(days=1), last)
    return [x + y for x, y in zip(one, two, strict=True)]


def may_close_the_books(sold: int, held: int, outstanding: int) -> bool:
    """Whether an election to cut the year is open after a sale of `sold` of `held` shares.

    The seller's entire interest ends (IRC 1377(a)(2)), or at least 20 % of the outstanding stock
    is disposed of within 30 days (Reg. 1.1368-1(g)(2)(i)(A)).
    """
    return sold == held or 5 * sold >= outstanding


@dataclass(frozen=True)
class Basis:
    """What a shareholder starts a year with."""

    stock: int
    debt: int = 0
    """Basis in money lent to the corporation; a guarantee gives none (Reg. 1.1366-2(a)(2)(ii))."""
    face: int = 0
    """What `debt` was before losses reduced it."""
    suspended: int = 0
    """Losses of earlier years without basis (IRC 1366(d)(2))."""


@dataclass(frozen=True)
class Shares:
    """A shareholder's part of a year's items."""

    income: int = 0
    """Ordinary and separately stated income."""
    exempt: int = 0
    """Tax-exempt income."""
    distributions: int = 0
    """Distributions other than dividends."""
    nondeductible: int = 0
    losses: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a year makes of a shareholder's basis."""

    before_distributions: int
    """Stock basis against which distributions are measured."""
    tax_free: int
    gain: int
    """Distributions beyond stock basis, gain from a sale (IRC 1368(b)(2))."""
    from_stock: int
    """Losses allowed against stock basis."""
    from_debt: int
    closing: Basis

    @property
    def allowed(self) -> int:
        """Losses allowed this year."""
        return self.from_stock + self.from_debt


Ordering = Literal["current", "before 1997"]


def roll(opening: Basis, year: Shares, ordering: Ordering = "current") -> Outcome:
    """One year of a shareholder's basis in stock and debt.

    Increases first, of which the year's net increase restores reduced debt basis before it adds
    to stock (IRC 1367(b)(2)(B), Reg. 1.1367-2(c)). Then distributions, then nondeductible
    expenses, then losses (Reg. 1.1367-1(f)), first against stock, then against debt
    (IRC 1366(d)(1), 1367(b)(2)(A)); the rest is suspended (IRC 1366(d)(2)). For years beginning
    before 1997 losses came before distributions.
    """
    increases = year.income + year.exempt
    net = increases - year.distributions - year.nondeductible - year.losses
    restored = min(opening.face - opening.debt, max(0, net))
    stock, debt = opening.stock + increases - restored, opening.debt + restored
    losses = year.losses + opening.suspended
    tax_free = from_stock = 0
    if ordering == "current":
        before = stock
        tax_free = min(year.distributions, stock)
        stock -= tax_free
    expense = min(year.nondeductible, stock)
    stock -= expense
    debt -= min(year.nondeductible - expense, debt)
    from_stock = min(losses, stock)
    stock -= from_stock
    from_debt = min(losses - from_stock, debt)
    debt -= from_debt
    if ordering == "before 1997":
        before = stock
        tax_free = min(year.distributions, stock)
        stock -= tax_free
    return Outcome(
        before_distributions=before,
        tax_free=tax_free,
        gain=year.distributions - tax_free,
        from_stock=from_stock,
        from_debt=from_debt,
        closing=Basis(stock, debt, opening.face, losses - from_stock - from_debt),
    )


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


def gain_on_sale(price: int, basis: int) -> int:
    """Gain (negative: loss) on a sale of stock, IRC 1001.

    `basis` holds the items of the year up to and including the day of the sale: adjustments take
    effect just before the stock is disposed of (Reg. 1.1367-1(d)(1)).
    """
    return price - basis
