"""A shareholder's basis in the stock and debt of an S corporation, year by year.

Sections are those of the Internal Revenue Code (IRC) and of the Treasury Regulations (26 CFR part
1), years beginning after 1996 unless said otherwise. Not covered: depletion, redemptions, the
election of Reg. 1.1367-1(g).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from solver.rounding import pro_rata


@dataclass(frozen=True)
class Basis:
    """A shareholder's position at the start of a year."""

    stock: int
    debt: int = 0
    """Basis in money lent to the corporation, not in guarantees (Reg. 1.1366-2(a)(2)(ii))."""
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
    """The result of a year for a shareholder's basis."""

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

    A loss carried forward counts as incurred in this year (IRC 1366(d)(2)(A)), so it lowers the net
    increase. Basis restored this year thus bears no loss of this year, as IRC 1366(d)(1)(B) asks:
    the limit takes debt basis without the year's own adjustments.
    """
    increases = year.income + year.exempt
    losses = year.losses + opening.suspended
    net = increases - year.distributions - year.nondeductible - losses
    restored = min(opening.face - opening.debt, max(0, net))
    stock, debt = opening.stock + increases - restored, opening.debt + restored
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


def gain_on_sale(price: int, basis: int) -> int:
    """Gain (negative: loss) on a sale of stock, IRC 1001.

    `basis` holds the items of the year up to and including the day of the sale: adjustments take
    effect just before the stock is disposed of (Reg. 1.1367-1(d)(1)).
    """
    return price - basis


def reduce_notes(excess: int, notes: Sequence[int]) -> list[int]:
    """What each of several notes loses to an `excess` of losses over stock basis.

    In proportion to the basis of the notes before the reduction, none below zero (Reg.
    1.1367-2(b)(3)). `notes`: their bases at the end of the year.
    """
    taken = min(excess, sum(notes))
    return pro_rata(taken, notes) if taken else [0] * len(notes)


def restore_notes(
    net: int, faces: Sequence[int], notes: Sequence[int], repaid: Sequence[bool]
) -> list[int]:
    """What a net increase gives back to each of several notes.

    A note that was repaid in the year, in full, comes first; the rest is shared in proportion to
    what each outstanding note has lost and not got back (Reg. 1.1367-2(c)(2)). `faces`: what the
    bases were before losses reduced them.
    """
    lost = [face - note for face, note in zip(faces, notes, strict=True)]
    back = [0] * len(notes)
    for turn in (True, False):
        due = [gap if paid is turn else 0 for gap, paid in zip(lost, repaid, strict=True)]
        given = min(net, sum(due))
        if given:
            back = [b + g for b, g in zip(back, pro_rata(given, due), strict=True)]
        net -= given
    return back
