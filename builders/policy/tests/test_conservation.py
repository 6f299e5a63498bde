"""In every drawn case nothing is lost or created, and no basis falls below zero."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest
import solver
from solver import Basis, Capital, Interest, Lot, PartnerYear, Shares

MOST = 10**9


@pytest.fixture(params=[500, pytest.param(10_000, marks=pytest.mark.slow)])
def draws(request: pytest.FixtureRequest) -> Iterator[Random]:
    """A source of randomness for each case, the same on every run."""
    rng = Random(20261125)
    return (rng for _ in range(request.param))


def sale(rng: Random) -> tuple[list[Lot], date, date, date]:
    """A year in which two owners sell to a third and a fourth, in whole or in part."""
    year = rng.randrange(1994, 2030)
    first, last = date(year, 1, 1), date(year, 12, 31)
    cut = first + timedelta(rng.randrange((last - first).days))
    other = first + timedelta(rng.randrange((last - first).days))
    lots = [Lot("A", rng.randrange(1, 500), first, last)]
    for when, buyer in ((cut, "C"), (other, "D")):
        size = rng.randrange(1, 500)
        lots += [Lot("B", size, first, when), Lot(buyer, size, when + timedelta(1), last)]
    return lots, first, cut, last


def test_allocations_add_up_to_the_item(draws: Iterator[Random]) -> None:
    for rng in draws:
        lots, first, cut, last = sale(rng)
        one, two = rng.randrange(-MOST, MOST), rng.randrange(-MOST, MOST)
        assert sum(solver.per_share_per_day(one, lots, first, last)) == one
        assert sum(solver.closing_of_the_books(one, two, lots, first, cut, last)) == one + two
        assert sum(solver.extraordinary(two, lots, cut)) == two


def test_a_shareholders_year_conserves_basis(draws: Iterator[Random]) -> None:
    """What comes in is kept, paid out free of tax, deducted, or spent without a deduction."""
    for rng in draws:
        face = rng.randrange(MOST)
        start = Basis(rng.randrange(MOST), rng.randrange(face + 1), face, rng.randrange(MOST))
        year = Shares(*(rng.randrange(MOST) for _ in range(5)))
        for ordering in ("current", "before 1997"):
            end = solver.roll(start, year, ordering)
            came = start.stock + start.debt + year.income + year.exempt
            left = end.closing.stock + end.closing.debt
            spent = came - left - end.tax_free - end.allowed
            assert 0 <= spent <= year.nondeductible
            assert end.tax_free + end.gain == year.distributions
            assert end.allowed + end.closing.suspended == year.losses + start.suspended
            assert min(end.closing.stock, end.closing.debt, end.closing.suspended) >= 0
            assert end.closing.debt <= face
            # IRC 1366(d)(1)(B): debt basis without the adjustments of the year limits losses.
            assert end.from_debt <= start.debt


def test_a_distribution_is_split_into_its_layers(draws: Iterator[Random]) -> None:
    for rng in draws:
        aaa, net = rng.randrange(-MOST, MOST), rng.randrange(-MOST, MOST)
        earnings, paid = rng.randrange(MOST), rng.randrange(MOST)
        done = solver.distribute(aaa, earnings, net, paid)
        assert done.from_aaa + done.dividend + done.remainder == paid
        assert done.earnings + done.dividend == earnings
        assert done.aaa + done.from_aaa == aaa + net
        assert min(done.from_aaa, done.dividend, done.remainder, done.earnings) >= 0


def test_a_partners_year_conserves_outside_basis(draws: Iterator[Random]) -> None:
    for rng in draws:
        start = Interest(rng.randrange(MOST), rng.randrange(MOST))
        given = [rng.randrange(MOST) for _ in range(6)]
        year = PartnerYear(given[0], rng.randrange(-MOST, MOST), *given[1:])
        end = solver.partner_year(start, year)
        came = start.basis + year.contributed + year.income + year.exempt + max(0, year.liabilities)
        money = year.money + max(0, -year.liabilities)
        spent = came + end.gain - money - end.allowed - end.closing.basis
        assert 0 <= spent <= year.nondeductible
        assert end.allowed + end.closing.suspended == year.losses + start.suspended
        assert min(end.gain, end.allowed, end.closing.basis, end.closing.suspended) >= 0


def test_notes_lose_and_regain_no_more_than_they_have(draws: Iterator[Random]) -> None:
    for rng in draws:
        notes = [rng.randrange(MOST) for _ in range(rng.randrange(1, 5))]
        lost = solver.reduce_notes(rng.randrange(2 * MOST), notes)
        left = [note - gone for note, gone in zip(notes, lost, strict=True)]
        net = rng.randrange(2 * MOST)
        back = solver.restore_notes(net, notes, left, [rng.random() < 0.3 for _ in notes])
        assert min(left) >= 0
        assert sum(back) == min(net, sum(lost))
        assert all(0 <= b <= gone for b, gone in zip(back, lost, strict=True))


def test_special_allocations_and_property_conserve(draws: Iterator[Random]) -> None:
    for rng in draws:
        deduction, basis, cash, inside = (rng.randrange(MOST) for _ in range(4))
        parts = solver.capped_deduction(deduction, Capital(rng.randrange(-MOST, MOST), MOST))
        land, left, gain = solver.in_kind(basis, cash, inside)
        assert sum(parts) == deduction
        assert land + left + cash == basis + gain
        assert min(*parts, land, left, gain) >= 0
