"""The solver for partnerships: the examples it cites, and the rules around them.

READ, PARTLY READ and NOT READ are defined in test_solver.py.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import solver
from solver import Capital, Interest, Lot, PartnerYear, partner_year


def test_regulation_1_704_1_d_example_1() -> None:
    """PARTLY READ: 26 CFR 1.704-1(d)(4) Example 1: of a loss of 10,000 a basis of 6,000 allows
    6,000 (read); the next year's 3,000 and 1,000 allow as much (not read)."""
    one = partner_year(Interest(6000), PartnerYear(losses=10_000))
    two = partner_year(one.closing, PartnerYear(income=3000))
    three = partner_year(two.closing, PartnerYear(income=1000))
    assert [y.allowed for y in (one, two, three)] == [6000, 3000, 1000]
    assert three.closing == Interest(0, 0)


def test_regulation_1_704_1_d_example_2() -> None:
    """NOT READ: 26 CFR 1.704-1(d)(4) Example 2: a share of 4,000 of a bank loan frees the 4,000
    that were disallowed the year before."""
    one = partner_year(Interest(6000), PartnerYear(losses=10_000))
    two = partner_year(one.closing, PartnerYear(liabilities=4000))
    assert (one.closing.suspended, two.allowed) == (4000, 4000)


def test_regulation_1_704_1_d_example_3() -> None:
    """NOT READ: 26 CFR 1.704-1(d)(4) Example 3: basis 1,000 and income 4,000 against losses of
    4,000 and 2,000: allowed are 3,333 and 1,667, carried forward 667 and 333."""
    year = partner_year(Interest(1000_00), PartnerYear(income=4000_00, losses=6000_00))
    parts = solver.spread_loss(year.allowed, [4000_00, 2000_00])
    assert [round(p / 100) for p in parts] == [3333, 1667]
    assert [round((x - p) / 100) for x, p in zip((4000_00, 2000_00), parts, strict=True)] == [
        667,
        333,
    ]


@pytest.mark.parametrize(("cash", "gain"), [(8000, 0), (11_000, 1000)])
def test_regulation_1_731_1_a_1(cash: int, gain: int) -> None:
    """READ: 26 CFR 1.731-1(a)(1)(i): with a basis of 10,000, cash of 8,000 is free and 11,000 gives
    a gain of 1,000."""
    assert partner_year(Interest(10_000), PartnerYear(money=cash)).gain == gain


def test_regulation_1_732_1_a_examples() -> None:
    """READ: 26 CFR 1.732-1(a) Examples 1 and 2: a basis of 15,000 less 2,000 cash takes property
    over at 10,000 and leaves 3,000; a basis of 10,000 less 4,000 cash limits property of 8,000 to
    6,000."""
    assert solver.in_kind(15_000, 2000, 10_000) == (10_000, 3000, 0)
    assert solver.in_kind(10_000, 4000, 8000) == (6000, 0, 0)


def test_regulation_1_722_1_example_1() -> None:
    """READ: 26 CFR 1.722-1 Example 1: property with a basis of 4,000 and a mortgage of 2,000, for
    20 percent, gives an outside basis of 2,400."""
    assert solver.contributed(4000, 2000, 20) == (2400, 0)


def test_regulation_1_722_1_example_2() -> None:
    """PARTLY READ: 26 CFR 1.722-1 Example 2: with a mortgage of 6,000 the basis is zero and 800 are
    gain. Rev. Rul. 84-15 has the same facts (read, a hundredth of each); its gain was not read."""
    assert solver.contributed(4000, 6000, 20) == (0, 800)


def test_regulation_1_705_1_a_1() -> None:
    """READ: 26 CFR 1.705-1(a)(1): property with a basis of 400, worth 1,000, gives an outside basis
    of 400, whatever the capital account says."""
    assert solver.contributed(400, 0, 50) == (400, 0)


def test_regulation_1_752_6() -> None:
    """READ: 26 CFR 1.752-6(c) Example, its first step: a basis of 200 with a debt of 50, half of it
    the contributor's afterwards, gives 175."""
    assert solver.contributed(200, 50, 50) == (175, 0)


def test_a_published_example_of_losses_limited_in_proportion() -> None:
    """READ: Tax Facts Q 7750 (no regulation): basis 2,000 and 4,000 of income and gain against
    losses of 5,000 and 3,000: allowed are 3,750 and 2,250."""
    year = partner_year(Interest(2000), PartnerYear(income=4000, losses=8000))
    assert solver.spread_loss(year.allowed, [5000, 3000]) == [3750, 2250]


def test_regulation_1_752_1_h() -> None:
    """NOT READ: 26 CFR 1.752-1(h): 750 cash and 250 of liabilities taken over make 1,000 realized.
    The basis of 400 is ours."""
    assert solver.sale_of_interest(750, 250, 400) == (1000, 600)


def test_regulation_1_752_1_g_example_1() -> None:
    """READ: 26 CFR 1.752-1(g) Example 1: who stays liable for the whole debt of 150 keeps the basis
    of 1,000 of the property."""
    assert solver.contributed(1000, 150, 100) == (1000, 0)


def test_regulation_1_704_1_b_5_example_1() -> None:
    """NOT READ: 26 CFR 1.704-1(b)(5) Example 1, alternate test: of 25,000 allocated to a partner
    with 20,000 in the capital account, 20,000 are respected and 5,000 go to the other."""
    assert solver.capped_deduction(25_000, Capital(20_000, 40_000)) == (20_000, 5000)


def test_a_duty_to_restore_makes_room_for_more() -> None:
    """Reg. 1.704-1(b)(2)(ii)(b) and (f)."""
    assert solver.capped_deduction(25_000, Capital(20_000, 40_000, restore=3000)) == (23_000, 2000)


def test_debt_relief_beyond_basis_is_gain() -> None:
    """IRC 731(a)(1), 752(b)."""
    assert partner_year(Interest(100), PartnerYear(liabilities=-130)).gain == 30


def test_distributions_come_before_losses() -> None:
    """Rev. Rul. 66-94."""
    year = partner_year(Interest(100), PartnerYear(money=60, losses=70))
    assert (year.gain, year.allowed, year.closing.suspended) == (0, 40, 30)


def test_income_of_the_year_covers_draws() -> None:
    """Reg. 1.731-1(a)(1)(ii)."""
    assert partner_year(Interest(10), PartnerYear(income=50, money=60)).gain == 0


def test_an_extraordinary_item_goes_to_the_partners_of_its_day() -> None:
    """Reg. 1.706-4(e); the seller is still a partner on the day of the sale."""
    first, cut, last = date(2021, 1, 1), date(2021, 5, 3), date(2021, 12, 31)
    after = cut + timedelta(1)
    lots = [
        Lot("A", 30, first, cut),
        Lot("B", 70, first, last),
        Lot("C", 30, after, last),
    ]
    assert solver.extraordinary(1000, lots, cut) == [300, 700, 0]
    assert solver.extraordinary(1000, lots, after) == [0, 700, 300]
