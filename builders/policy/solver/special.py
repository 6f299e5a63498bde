"""Special allocations of a partnership agreement (IRC 704(b))."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capital:
    """The capital accounts of two partners, and what the special one has promised."""

    special: int
    other: int
    restore: int = 0
    """How far below zero the special partner must make good on liquidation."""


def capped_deduction(deduction: int, accounts: Capital) -> tuple[int, int]:
    """(special partner's part, other partner's part) of a deduction given wholly to the former.

    Under the alternate test for economic effect it is respected as far as it drives the account
    no lower than zero, or than the amount to be restored; the rest goes to the partner who bears
    it (Reg. 1.704-1(b)(2)(ii)(d), (b)(3)). `accounts`: after the year's other items.
    """
    kept = min(deduction, max(0, accounts.special + accounts.restore))
    return kept, deduction - kept
