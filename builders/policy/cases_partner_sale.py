"""Cases of a partner who sells the whole interest in mid-year (IRC 706(d), 741, 752(d)).

Each kind is a function (random source, year, three surnames) -> Draft.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import solver
from drafts import (
    Asked,
    Draft,
    Trap,
    amount,
    day,
    fact,
    mid_year,
    money,
    outside_on,
    partners,
    partnership,
    shares_of,
    usd,
)
from narrative import Fact
from solver import Lot


def proration(rng: Random, year: int, people: list[str]) -> Draft:
    """The partners agreed to prorate; a gain outside the ordinary course stays with its day."""
    a, b, c = people
    lots, cut = _lots(rng, year, people)
    first, last = date(year, 1, 1), date(year, 12, 31)
    income = money(rng, 200_000, 600_000)
    capital = money(rng, 60_000, 150_000)
    before = rng.random() < 0.5
    when = cut + timedelta(rng.randrange(-25, -5) if before else rng.randrange(5, 25))
    parts = [
        solver.per_share_per_day(income, lots, first, last),
        solver.extraordinary(capital, lots, when),
    ]
    debt = money(rng, 40_000, 200_000)
    share = solver.pro_rata(debt, [lots[0].shares, lots[1].shares])[0]
    opening = share + money(rng, 30_000, 90_000)
    cash = opening + money(rng, 60_000, 200_000)
    facts = [
        partners({a: lots[0].shares, b: lots[1].shares}, year),
        _sale(a, c, cash, cut),
        fact(
            "event",
            "By agreement of the partners the year is prorated (calendar day convention)",
            "The partners have agreed in writing to use the proration method and the calendar day "
            "convention.",
            "Proration by calendar days was agreed on by all partners.",
        ),
        amount(
            f"Ordinary business income {year}",
            income,
            "Ordinary business income for the year came to {}.",
            "The year's ordinary business income is {}.",
        ),
        amount(
            f"Capital gain, building sold {day(when)} (no ordinary sale)",
            capital,
            f"The old building was sold on {day(when)}, outside the ordinary course of business, "
            "with a capital gain of {}.",
        ),
        outside_on(a, opening, year),
        _debt(debt, a, share),
    ]
    trap = Trap(
        f"capital_gain_{a.lower()}",
        solver.per_share_per_day(capital, lots, first, last)[0],
        "the gain on the building is prorated as well",
    )
    asked = [
        *shares_of("ordinary income", income, people, parts[0], ["0.10"] * 3),
        *shares_of("capital gain", capital, people, parts[1], ["0.10", "0.05", "0.05"]),
        *_after(a, c, opening, cash, share, parts),
    ]
    question = f"What does each partner report for {year}, and what does {a} gain on the sale?"
    all_facts = partnership(year) + facts
    return Draft("proration", "partnership", all_facts, question, asked, people, trap)


def interim(rng: Random, year: int, people: list[str]) -> Draft:
    """Nothing was agreed, so the books are closed as of the sale (Reg. 1.706-4(a)(3)(iii))."""
    a, b, c = people
    lots, cut = _lots(rng, year, people)
    first, last = date(year, 1, 1), date(year, 12, 31)
    one, two = money(rng, 60_000, 300_000), money(rng, 60_000, 300_000)
    interest = money(rng, 4_000, 20_000), money(rng, 4_000, 20_000)
    parts = [
        solver.closing_of_the_books(*pair, lots, first, cut, last)
        for pair in ((one, two), interest)
    ]
    debt = money(rng, 40_000, 200_000)
    share = solver.pro_rata(debt, [lots[0].shares, lots[1].shares])[0]
    opening = share + money(rng, 30_000, 90_000)
    cash = opening + money(rng, 60_000, 200_000)
    facts = [
        partners({a: lots[0].shares, b: lots[1].shares}, year),
        _sale(a, c, cash, cut),
        fact(
            "event",
            "No agreement of the partners on a method for the year of the sale",
            "The partners have agreed on nothing about how the year of the sale is divided.",
            "Neither the agreement nor a later paper says how such a year is to be divided.",
        ),
        amount(
            f"Ordinary business income Jan 1 to {day(cut)}",
            one,
            "Up to and including the day of the sale the books show {} of ordinary income.",
        ),
        amount(
            "Ordinary business income, rest of the year",
            two,
            "For the rest of the year they show ordinary business income of {}.",
        ),
        amount(
            f"Taxable interest Jan 1 to {day(cut)}",
            interest[0],
            "Taxable interest up to that day was {}.",
        ),
        amount("Taxable interest, rest of the year", interest[1], "After it, interest was {}."),
        outside_on(a, opening, year),
        _debt(debt, a, share),
    ]
    trap = Trap(
        f"ordinary_income_{a.lower()}",
        solver.per_share_per_day(one + two, lots, first, last)[0],
        "the year is prorated although nobody agreed to it",
    )
    asked = [
        *shares_of("ordinary income", one + two, people, parts[0], ["0.10"] * 3),
        *shares_of("interest", sum(interest), people, parts[1], ["0.10", "0.05", "0.05"]),
        *_after(a, c, opening, cash, share, parts),
    ]
    question = f"How is the year {year} divided among the partners, and what does {a} gain?"
    all_facts = partnership(year) + facts
    return Draft("interim closing", "partnership", all_facts, question, asked, people, trap)


def _lots(rng: Random, year: int, people: list[str]) -> tuple[list[Lot], date]:
    a, b, c = people
    percent = rng.choice((15, 20, 25, 30, 35, 40, 45))
    cut = mid_year(rng, year)
    first, last = date(year, 1, 1), date(year, 12, 31)
    lots = [Lot(a, percent, first, cut), Lot(b, 100 - percent, first, last)]
    return [*lots, Lot(c, percent, cut + timedelta(1), last)], cut


def _sale(a: str, c: str, cash: int, cut: date) -> Fact:
    return fact(
        "event",
        f"{day(cut)}: {a} sold the whole interest to {c} for {usd(cash)} cash; {c} takes over the "
        "share of the liabilities",
        f"On {day(cut)} {a} sold the whole interest to {c}, until then a stranger to the firm, for "
        f"{usd(cash)} in cash; {c} also took over the share of the liabilities.",
        f"{c} paid {a} {usd(cash)} in cash for the whole interest on {day(cut)} and stepped into "
        "the share of the liabilities.",
    )


def _debt(debt: int, a: str, share: int) -> Fact:
    return fact(
        "opening",
        f"Recourse bank debt all year: {usd(debt)}, borne in proportion to the interests; share of "
        f"{a}: {usd(share)}",
        f"All year the firm owed a bank {usd(debt)}, recourse and borne in proportion to the "
        f"interests; {a}'s share was {usd(share)}.",
    )


def _after(
    a: str, c: str, opening: int, cash: int, share: int, parts: list[list[int]]
) -> list[Asked]:
    """Basis and gain when `a` has sold the whole interest to `c`."""
    basis = opening + sum(item[0] for item in parts)
    realized, gain = solver.sale_of_interest(cash, share, basis)
    bought = cash + share + sum(item[2] for item in parts)
    return [
        Asked(f"basis_at_sale_{a.lower()}", basis, "0.15", "basis", f"{a}'s basis at the sale"),
        Asked("amount_realized", realized, "0.10", "gain", f"What {a} realizes on the sale"),
        Asked(
            f"gain_{a.lower()}",
            gain,
            "0.15",
            "gain",
            f"{a}'s gain on the sale; a loss negative",
        ),
        Asked(f"basis_{c.lower()}", bought, "0.10", "basis", f"{c}'s outside basis at year end"),
    ]
