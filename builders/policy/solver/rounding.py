"""Fractions of a cent: parts that add up to their total."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction


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
