"""A partner's basis in a partnership interest (outside basis), year by year.

Not covered: section 751 property, section 754 adjustments, nonrecourse liabilities, depletion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solver.rounding import pro_rata


@dataclass(frozen=True)
class Interest:
    """A partner's position at the start of a year."""

    basis: int
    """Outside basis, the share of the partnership's liabilities included (IRC 722, 742, 752)."""
    suspended: int = 0
    """Losses of earlier years without basis (IRC 704(d))."""


@dataclass(frozen=True)
class PartnerYear:
    """A partner's part of a year."""

    contributed: int = 0
    liabilities: int = 0
    """Change of the share of liabilities: an increase counts as money paid in, a decrease as money
    paid out (IRC 752(a) and (b))."""
    income: int = 0
    exempt: int = 0
    money: int = 0
    """Money distributed."""
    nondeductible: int = 0
    losses: int = 0


@dataclass(frozen=True)
class PartnerOutcome:
    """The result of a year for an interest."""

    before_losses: int
    gain: int
    """Money beyond basis (IRC 731(a)(1))."""
    allowed: int
    closing: Interest


def partner_year(opening: Interest, year: PartnerYear) -> PartnerOutcome:
    """One year of outside basis.

    Contributions, liabilities and income first, then distributions, then nondeductible expenses
    (IRC 705(a)); losses last, up to the basis that is left; the rest waits (IRC 704(d), Reg.
    1.704-1(d)(2), Rev. Rul. 66-94). Money drawn against the year's income counts as distributed on
    its last day (Reg. 1.731-1(a)(1)(ii)).
    """
    basis = opening.basis + year.contributed + year.income + year.exempt
    basis += max(0, year.liabilities)
    money = year.money + max(0, -year.liabilities)
    gain = max(0, money - basis)
    basis = max(0, basis - money)
    basis -= min(year.nondeductible, basis)
    losses = year.losses + opening.suspended
    allowed = min(losses, basis)
    return PartnerOutcome(basis, gain, allowed, Interest(basis - allowed, losses - allowed))


def spread_loss(allowed: int, losses: Sequence[int]) -> list[int]:
    """What is allowed of each of several losses when basis does not cover them all: the same share
    of each (Reg. 1.704-1(d)(2))."""
    return pro_rata(allowed, losses) if allowed else [0] * len(losses)


def in_kind(basis: int, money: int, inside: int) -> tuple[int, int, int]:
    """(basis of the property to the partner, outside basis left, gain) of a current distribution.

    `inside`: the partnership's basis in the property. The partner takes it over, up to the outside
    basis less the money of the same transaction (IRC 732(a), 733); money beyond basis is gain.
    """
    left = max(0, basis - money)
    taken = min(inside, left)
    return taken, left - taken, max(0, money - basis)


def contributed(basis: int, debt: int, percent: int) -> tuple[int, int]:
    """(outside basis, gain) of a partner who puts in property with a debt the partnership takes on.

    The others' part of the debt counts as money paid out to the contributor (Reg. 1.722-1, IRC
    752(b)); beyond basis it is gain. `percent`: the contributor's part of the debt afterwards.
    """
    relieved = pro_rata(debt, [100 - percent, percent])[0]
    return max(0, basis - relieved), max(0, relieved - basis)


def sale_of_interest(cash: int, liabilities: int, basis: int) -> tuple[int, int]:
    """(amount realized, gain; negative: loss) of a partner who sells the whole interest.

    The share of liabilities that the buyer takes over is part of what is realized (IRC 741, 752(d),
    Reg. 1.752-1(h)). `basis`: outside basis as of the sale (Reg. 1.705-1(a)(1)).
    """
    realized = cash + liabilities
    return realized, realized - basis
