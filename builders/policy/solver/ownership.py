"""Who bears an item of a year in which owners change: shareholders and partners.

A lot is a number of shares, or of points of a percentage, held by one owner over some days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from solver.rounding import days, round_to_total


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


def per_share_per_day(item: int, lots: Sequence[Lot], first: date, last: date) -> list[int]:
    """Each lot's part of an item of the period `first` to `last`, in cents, in the order of `lots`.

    IRC 1377(a)(1), Reg. 1.1377-1(a)(1): an equal portion of the item to each day, divided among
    the shares outstanding on that day. Raises ValueError when a day has no share outstanding.
    """
    parts = [Fraction(0)] * len(lots)
    per_day = Fraction(item, days(first, last))
    for start, stop in _spans(lots, first, last):
        held = [lot.shares if lot.first <= start and stop <= lot.last else 0 for lot in lots]
        if not (outstanding := sum(held)):
            raise ValueError(f"no share is outstanding on {start}")
        per_share = per_day * days(start, stop) / outstanding
        parts = [part + per_share * shares for part, shares in zip(parts, held, strict=True)]
    return round_to_total(parts, item)


def _spans(lots: Sequence[Lot], first: date, last: date) -> list[tuple[date, date]]:
    """The period cut where somebody's holding begins or ends; within a span nothing changes."""
    begins = {lot.first for lot in lots} | {lot.last + timedelta(1) for lot in lots}
    starts = sorted({first} | {when for when in begins if first < when <= last})
    return list(zip(starts, [s - timedelta(1) for s in starts[1:]] + [last], strict=True))


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


def extraordinary(item: int, lots: Sequence[Lot], when: date) -> list[int]:
    """Each lot's part of a partnership's extraordinary item, which goes to that day's partners.

    Reg. 1.706-4(e)(1): such an item, a gain on a capital asset sold outside the ordinary course for
    instance, is never prorated. A seller is still a partner on the day of the sale (calendar day
    convention, Reg. 1.706-4(c)(1)(i)).
    """
    return per_share_per_day(item, lots, when, when)
