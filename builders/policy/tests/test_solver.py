"""The solver follows the sections it cites, to the cent.

Examples of 26 CFR are marked: READ (facts and figures compared with the text), PARTLY READ, or NOT
READ (from memory; only their own arithmetic agrees). The page
task/data/DATASHEET.md of the use case lists them all.
"""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
import solver
from solver import Basis, Lot, Outcome, Shares, roll

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
    """READ: 26 CFR 1.1368-3 Example 1 (1996, so losses come before distributions): basis 3.40 and
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


def test_regulation_1_1377_1_example_1() -> None:
    """NOT READ: 26 CFR 1.1377-1(c) Example 1: 360 days from January 6, 1997; B sells half to C on
    July 24; of 720,000 A has 360,000, B 280,000 and C 80,000."""
    first, cut, last = date(1997, 1, 6), date(1997, 7, 24), date(1997, 12, 31)
    lots = [Lot("A", 100, first, last), Lot("B", 50, first, last), Lot("B", 50, first, cut)]
    lots.append(Lot("C", 50, cut + timedelta(1), last))
    parts = solver.per_share_per_day(720_000_00, lots, first, last)
    assert (parts[0], parts[1] + parts[2], parts[3]) == (360_000_00, 280_000_00, 80_000_00)


def test_a_leap_year_has_a_day_more() -> None:
    assert solver.days(date(2024, 1, 1), date(2024, 12, 31)) == 366
    parts = solver.per_share_per_day(
        366_00, one_day_sale(date(2024, 2, 29), 100), date(2024, 1, 1), date(2024, 12, 31)
    )
    assert parts == [60_00, 306_00]


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


def test_regulation_1_1367_2_example_1() -> None:
    """READ: 26 CFR 1.1367-2(e) Example 1: no basis in stock, 6,000 of income, 10,000 of losses; the
    excess of 4,000 takes 0, 800 and 3,200 of notes with bases 0, 1,000 and 4,000."""
    year = roll(Basis(0, 5000, face=10_000), Shares(income=6000, losses=10_000))
    assert (year.from_stock, year.from_debt) == (6000, 4000)
    assert solver.reduce_notes(year.from_debt, [0, 1000, 4000]) == [0, 800, 3200]


def test_regulation_1_1367_2_example_2() -> None:
    """NOT READ: 26 CFR 1.1367-2(e) Example 2, which goes on from Example 1: the third note is
    repaid; of a net increase of 4,500 it gets 3,200, the other two share 1,300 as 224 to 1,076."""
    faces, notes = [1000_00, 5000_00, 4000_00], [0, 200_00, 800_00]
    back = solver.restore_notes(4500_00, faces, notes, [False, False, True])
    assert [round(b / 100) for b in back] == [224, 1076, 3200]


def test_notes_together_lose_no_more_than_they_have() -> None:
    assert solver.reduce_notes(9000, [1000, 4000]) == [1000, 4000]
    assert solver.reduce_notes(0, [0, 0]) == [0, 0]


def test_a_repaid_note_is_restored_first_then_the_others_in_proportion() -> None:
    """Reg. 1.1367-2(c)(2)."""
    back = solver.restore_notes(50, [10, 30, 20], [0, 0, 0], [False, False, True])
    assert back == [solver.pro_rata(30, [10, 30])[0], solver.pro_rata(30, [10, 30])[1], 20]
    assert solver.restore_notes(15, [10, 30, 20], [0, 0, 0], [False, False, True]) == [0, 0, 15]


def test_income_restores_debt_before_stock() -> None:
    """IRC 1367(b)(2)(B)."""
    done = roll(Basis(stock=0, debt=10, face=50), Shares(income=60))
    assert (done.closing.debt, done.closing.stock) == (50, 20)


def test_only_the_net_increase_restores_debt() -> None:
    """Reg. 1.1367-2(c)(1): income that covers the year's distribution stays with the stock."""
    done = roll(Basis(stock=0, debt=10, face=50), Shares(income=60, distributions=45))
    assert (done.tax_free, done.gain) == (45, 0)
    assert (done.closing.debt, done.closing.stock) == (25, 0)


def test_a_loss_carried_forward_lowers_the_net_increase() -> None:
    """IRC 1366(d)(2)(A): it counts as incurred this year. Of 60 of income, 40 meet it, 20 restore
    the note; the 30 put into stock this year stay there."""
    done = roll(Basis(stock=30, debt=0, face=50, suspended=40), Shares(income=60))
    assert (done.from_stock, done.from_debt) == (40, 0)
    assert done.closing == Basis(stock=30, debt=20, face=50, suspended=0)


def test_without_a_net_increase_no_note_is_restored() -> None:
    """Reg. 1.1366-2(a)(3), 1.1367-2(c)(1): all income goes to stock, where the old loss meets
    it."""
    done = roll(Basis(stock=0, debt=0, face=50, suspended=40), Shares(income=25))
    assert (done.from_stock, done.from_debt) == (25, 0)
    assert done.closing == Basis(stock=0, debt=0, face=50, suspended=15)


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
