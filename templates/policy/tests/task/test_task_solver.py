"""What the solver promises: the sections it cites, to the cent."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from task import solver
from task.solver import Basis, Lot, Outcome, Shares, roll

JAN, DEC = date(2021, 1, 1), date(2021, 12, 31)


def one_day_sale(when: date, shares: int = 50) -> list[Lot]:
    """A sells `shares` of 100 to B on `when`; A holds the others all year."""
    first, last = date(when.year, 1, 1), date(when.year, 12, 31)
    kept = Lot("A", 100 - shares, first, last) if shares < 100 else None
    lots = [Lot("A", shares, first, when), Lot("B", shares, when + timedelta(1), last)]
    return [kept, *lots] if kept else lots


@pytest.fixture
def regulation_example() -> Outcome:
    """The facts of 26 CFR 1.1368-3 Example 1: 10 shares, one shareholder, in whole dollars."""
    return roll(Basis(10), Shares(income=50, distributions=38, losses=26), "before 1997")


def test_regulation_1_1368_3_example_1(regulation_example: Outcome) -> None:
    """26 CFR 1.1368-3 Example 1 (1996, so losses come before distributions): basis 3.40 and
    distribution 3.80 per share, gain 4.00 in all, no basis left."""
    assert Fraction(regulation_example.before_distributions, 10) == Fraction("3.40")
    assert Fraction(38, 10) == Fraction("3.80")
    assert regulation_example.gain == 4
    assert regulation_example.closing.stock == 0


def test_the_same_facts_today_suspend_a_loss_in_place_of_a_gain() -> None:
    """Since 1997 distributions come first: 38 free of tax, 22 of loss allowed, 4 suspended."""
    today = roll(Basis(10), Shares(income=50, distributions=38, losses=26))
    assert (today.tax_free, today.gain, today.allowed) == (38, 0, 22)
    assert today.closing.suspended == 4


def test_the_published_facts_file_says_the_same(regulation_example: Outcome) -> None:
    folder = os.environ.get("RFT_SHARED_DATA", "")
    path = Path(folder) / "treas_reg_1.1368-3/example1.json"
    if not folder or not path.is_file():
        pytest.skip("RFT_SHARED_DATA is not set")
    said = json.loads(path.read_text(encoding="utf-8"))["official_results"]
    assert Fraction(said["gain_from_sale_or_exchange"]) == regulation_example.gain


def test_the_seller_bears_the_day_of_the_sale() -> None:
    """Reg. 1.1377-1(a)(2)(ii): a sale on January 1 leaves the seller one day of the year."""
    assert solver.per_share_per_day(36500, one_day_sale(JAN, 100), JAN, DEC) == [100, 36400]


def test_items_are_spread_over_the_days_shares_are_out() -> None:
    """50 % for 200 of 360 days and 25 % for the other 160, beside a holder of 50 % throughout."""
    first, cut, last = date(2021, 1, 6), date(2021, 7, 24), DEC
    lots = [Lot("A", 100, first, last), Lot("B", 50, first, last), Lot("B", 50, first, cut)]
    lots.append(Lot("C", 50, cut + timedelta(1), last))
    parts = solver.per_share_per_day(720_000_00, lots, first, last)
    assert parts[0] == 360_000_00
    assert parts[1] + parts[2] == 280_000_00
    assert parts[3] == 80_000_00


def test_a_leap_year_has_a_day_more() -> None:
    assert solver.days(date(2024, 1, 1), date(2024, 12, 31)) == 366
    parts = solver.per_share_per_day(
        366_00, one_day_sale(date(2024, 2, 29), 100), date(2024, 1, 1), date(2024, 12, 31)
    )
    assert parts == [60_00, 306_00]


def test_allocations_add_up_to_the_total() -> None:
    """Conservation on random ownership: nothing is lost or made, by day or by the books."""
    rng = Random(1)
    for _ in range(150):
        cut = JAN + timedelta(rng.randrange(364))
        lots = one_day_sale(cut, rng.randrange(1, 100))
        before, after = rng.randrange(-(10**9), 10**9), rng.randrange(10**9)
        whole = solver.per_share_per_day(before, lots, JAN, DEC)
        books = solver.closing_of_the_books(before, after, lots, JAN, cut, DEC)
        assert sum(whole) == before
        assert sum(books) == before + after


def test_closing_the_books_gives_each_period_to_its_holders() -> None:
    lots = one_day_sale(date(2021, 3, 14), 100)
    assert solver.closing_of_the_books(700, 30, lots, JAN, date(2021, 3, 14), DEC) == [700, 30]


def test_a_day_without_shares_is_refused() -> None:
    with pytest.raises(ValueError, match="2021-12-31"):
        solver.per_share_per_day(1, [Lot("A", 1, JAN, date(2021, 12, 30))], JAN, DEC)


@pytest.mark.parametrize(("sold", "held", "may"), [(10, 10, True), (20, 60, True), (19, 60, False)])
def test_the_books_close_only_for_an_end_or_a_fifth(sold: int, held: int, may: bool) -> None:
    assert solver.may_close_the_books(sold, held, 100) is may


def test_missing_cents_go_to_the_largest_remainders() -> None:
    thirds = [Fraction(100, 3)] * 3
    assert solver.round_to_total(thirds, 100) == [34, 33, 33]
    assert solver.pro_rata(101, [1, 2, 1]) == [25, 51, 25]
    assert solver.pro_rata(-100, [1, 1, 1]) == [-33, -33, -34]


def test_parts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to 2"):
        solver.round_to_total([Fraction(1), Fraction(1)], 3)


def test_income_is_added_before_a_distribution_is_measured() -> None:
    done = roll(Basis(100), Shares(income=50, exempt=25, distributions=160))
    assert (done.tax_free, done.gain, done.closing.stock) == (160, 0, 15)


def test_a_distribution_beyond_basis_is_gain() -> None:
    """IRC 1368(b)(2)."""
    assert roll(Basis(100), Shares(distributions=130)).gain == 30


def test_nondeductible_expenses_come_before_losses() -> None:
    """Reg. 1.1367-1(f)(4) and (5)."""
    done = roll(Basis(100), Shares(nondeductible=70, losses=50))
    assert (done.from_stock, done.closing.suspended) == (30, 20)


def test_losses_use_stock_then_debt_and_the_rest_waits() -> None:
    """IRC 1366(d)(1) and (2), 1367(b)(2)(A)."""
    done = roll(Basis(stock=30, debt=50, face=50), Shares(losses=100))
    assert (done.from_stock, done.from_debt, done.closing) == (30, 50, Basis(0, 0, 50, 20))


def test_a_suspended_loss_is_used_when_basis_is_back() -> None:
    done = roll(Basis(0, suspended=40), Shares(income=25))
    assert (done.allowed, done.closing.suspended) == (25, 15)


def test_income_restores_debt_before_stock() -> None:
    """IRC 1367(b)(2)(B)."""
    done = roll(Basis(stock=0, debt=10, face=50), Shares(income=60))
    assert (done.closing.debt, done.closing.stock) == (50, 20)


def test_only_the_net_increase_restores_debt() -> None:
    """Reg. 1.1367-2(c)(1): income that covers the year's distribution stays with the stock."""
    done = roll(Basis(stock=0, debt=10, face=50), Shares(income=60, distributions=45))
    assert (done.tax_free, done.gain) == (45, 0)
    assert (done.closing.debt, done.closing.stock) == (25, 0)


def test_basis_is_conserved_and_never_below_zero() -> None:
    """What comes in is what is left, paid out free of tax, or deducted, on random years."""
    rng = Random(2)
    for _ in range(500):
        face = rng.randrange(200)
        start = Basis(rng.randrange(200), rng.randrange(face + 1), face, rng.randrange(99))
        income, exempt, paid, losses = (rng.randrange(200) for _ in range(4))
        year = Shares(income, exempt, paid, 0, losses)
        end = roll(start, year)
        came = start.stock + start.debt + year.income + year.exempt
        assert came == end.closing.stock + end.closing.debt + end.tax_free + end.allowed
        assert min(end.closing.stock, end.closing.debt, end.closing.suspended) >= 0
        assert end.closing.debt <= face


def test_aaa_comes_first_then_earnings_then_the_rest() -> None:
    """IRC 1368(c)."""
    done = solver.distribute(aaa=40, earnings=30, net=10, distribution=95)
    assert (done.from_aaa, done.dividend, done.remainder) == (50, 30, 15)
    assert (done.aaa, done.earnings) == (0, 0)


def test_a_bad_year_does_not_shrink_the_aaa_for_its_distributions() -> None:
    """IRC 1368(e)(1)(C): the negative net comes after, and may leave the account below zero."""
    done = solver.distribute(aaa=40, earnings=30, net=-25, distribution=50)
    assert (done.from_aaa, done.dividend, done.aaa) == (40, 10, -25)


def test_a_negative_aaa_pays_nothing() -> None:
    done = solver.distribute(aaa=-20, earnings=30, net=5, distribution=10)
    assert (done.from_aaa, done.dividend, done.aaa) == (0, 10, -15)


def test_gain_is_price_less_basis() -> None:
    assert solver.gain_on_sale(250, 300) == -50
