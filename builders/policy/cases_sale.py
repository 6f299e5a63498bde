"""Cases of a sale of shares in mid-year: who bears what, basis at the sale, gain.

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
    basis_on,
    day,
    fact,
    mid_year,
    money,
    register,
    shares_of,
    split,
    status,
    usd,
)
from narrative import Fact
from solver import Lot


def _sale(seller: str, buyer: str, shares: int, price: int, when: date, all_of: bool) -> Fact:
    what = f"all {shares:,} of the shares" if all_of else f"{shares:,} shares"
    return fact(
        "event",
        f"{day(when)}: {seller} sold {what} to {buyer} for {usd(price)} cash",
        f"On {day(when)} {seller} sold {what} to {buyer}, until then a stranger to the company, "
        f"for {usd(price)} in cash.",
        f"{buyer} came in on {day(when)}, paying {seller} {usd(price)} for {what}.",
    )


def _after_sale(
    a: str, b: str, c: str, price: int, parts: list[list[int]], opening: tuple[int, int]
) -> list[Asked]:
    """Basis and gain when `a` has sold everything to `c`; `parts` by item for a, b and c."""
    of_a, of_b, of_c = (sum(item[i] for item in parts) for i in range(3))
    sold = opening[0] + of_a
    gain = solver.gain_on_sale(price, sold)
    return [
        Asked(
            f"basis_at_sale_{a.lower()}", sold, "0.15", "basis", f"{a}'s stock basis at the sale"
        ),
        Asked(
            f"gain_{a.lower()}", gain, "0.15", "gain", f"{a}'s gain on the sale; a loss negative"
        ),
        Asked(
            f"basis_{c.lower()}", price + of_c, "0.10", "basis", f"{c}'s stock basis at year end"
        ),
        Asked(
            f"basis_{b.lower()}",
            opening[1] + of_b,
            "0.10",
            "basis",
            f"{b}'s stock basis at year end",
        ),
    ]


def daily(rng: Random, year: int, people: list[str]) -> Draft:
    """A shareholder sells everything in mid-year; no election (IRC 1377(a)(1))."""
    a, b, c = people
    held, other = split(rng)
    first, cut, last = date(year, 1, 1), mid_year(rng, year), date(year, 12, 31)
    lots = [Lot(a, held, first, cut), Lot(b, other, first, last)]
    lots.append(Lot(c, held, cut + timedelta(1), last))
    income, capital = money(rng, 200_000, 900_000), money(rng, 20_000, 90_000)
    opening = money(rng, 20_000, 90_000), money(rng, 50_000, 190_000)
    price = opening[0] + money(rng, 150_000, 400_000)
    parts = [solver.per_share_per_day(i, lots, first, last) for i in (income, capital)]
    sold_on = cut + timedelta(rng.choice((-30, 20)))
    facts = [
        register({a: held, b: other}, year),
        _sale(a, c, held, price, cut, True),
        fact(
            "event",
            "No election to close the books",
            "Nobody wants an election to close the books.",
            "The shareholders decided against an election to close the books.",
        ),
        amount(
            f"Ordinary business income {year}",
            income,
            "Ordinary business income for the year came to {}.",
            "The year's ordinary business income is {}.",
        ),
        amount(
            f"Long-term capital gain on land sold {day(sold_on)}",
            capital,
            f"Land sold on {day(sold_on)} brought a long-term capital gain of {{}}.",
        ),
        basis_on(a, opening[0], year),
        basis_on(b, opening[1], year),
    ]
    asked = [
        Asked(
            f"days_{a.lower()}",
            solver.days(first, cut),
            "0.05",
            "allocation",
            f"Days of the year on which {a} counts as shareholder",
            "days",
        ),
        *shares_of("ordinary income", income, people, parts[0], ["0.10"] * 3),
        *shares_of("capital gain", capital, people, parts[1], ["0.05"] * 3),
        *_after_sale(a, b, c, price, parts, opening),
    ]
    question = f"How are the items of {year} divided, and what follows for basis and {a}'s sale?"
    early = [Lot(a, held, first, cut - timedelta(1)), lots[1], Lot(c, held, cut, last)]
    trap = Trap(
        asked[1].name,
        solver.per_share_per_day(income, early, first, last)[0],
        "the day of the sale is counted to the buyer",
    )
    return Draft(
        "per-share-per-day", "S corporation", status(year) + facts, question, asked, people, trap
    )


def closing(rng: Random, year: int, people: list[str]) -> Draft:
    """A shareholder sells everything and the year is cut in two (IRC 1377(a)(2))."""
    a, b, c = people
    held, other = split(rng)
    first, cut, last = date(year, 1, 1), mid_year(rng, year), date(year, 12, 31)
    lots = [Lot(a, held, first, cut), Lot(b, other, first, last)]
    lots.append(Lot(c, held, cut + timedelta(1), last))
    one, two = money(rng, 60_000, 300_000), money(rng, 60_000, 300_000)
    capital, early = money(rng, 20_000, 90_000), rng.random() < 0.5
    period = "first" if early else "second"
    opening = money(rng, 20_000, 90_000), money(rng, 50_000, 190_000)
    price = opening[0] + money(rng, 150_000, 400_000)
    gains = (capital, 0) if early else (0, capital)
    parts = [
        solver.closing_of_the_books(*pair, lots, first, cut, last) for pair in ((one, two), gains)
    ]
    by_day = solver.per_share_per_day(one + two, lots, first, last)
    facts = [
        register({a: held, b: other}, year),
        _sale(a, c, held, price, cut, True),
        fact(
            "event",
            f"{a}, {b}, {c} and the company validly elect to close the books as of {day(cut)}",
            f"All three, {a}, {b} and {c}, agreed with the company to close the books as of the "
            f"end of {day(cut)}; the election is valid.",
            f"A valid election under section 1377(a)(2) closes the books at the end of {day(cut)}.",
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
            "The remaining period brought ordinary business income of {}.",
        ),
        amount(
            f"Long-term capital gain, {period} period",
            capital,
            f"A long-term capital gain of {{}} falls in the {period} period.",
        ),
        basis_on(a, opening[0], year),
        basis_on(b, opening[1], year),
    ]
    asked = [
        *shares_of("ordinary income", one + two, people, parts[0], ["0.10"] * 3),
        *shares_of("capital gain", capital, people, parts[1], ["0.05"] * 3),
        Asked(
            f"election_effect_{a.lower()}",
            parts[0][0] - by_day[0],
            "0.05",
            "allocation",
            f"{a}'s part of the ordinary income under the election less {a}'s part without it "
            "(negative if the election lowers it)",
        ),
        *_after_sale(a, b, c, price, parts, opening),
    ]
    question = f"What does each shareholder report for {year}, and what does {a} gain on the sale?"
    trap = Trap(asked[0].name, by_day[0], "the year is spread over days in spite of the election")
    return Draft(
        "closing of the books", "S corporation", status(year) + facts, question, asked, people, trap
    )


def refused(rng: Random, year: int, people: list[str]) -> Draft:
    """A small part of a holding is sold: the books cannot be closed, whatever was agreed."""
    a, b, c = people
    total = rng.choice((200, 400, 500, 1000))
    held = total * rng.choice((35, 45, 55)) // 100
    sold = total * rng.choice((8, 10, 12, 15)) // 100
    first, cut, last = date(year, 1, 1), mid_year(rng, year), date(year, 12, 31)
    after = cut + timedelta(1)
    lots = [Lot(a, sold, first, cut), Lot(a, held - sold, first, last)]
    lots += [Lot(b, total - held, first, last), Lot(c, sold, after, last)]
    one, two = money(rng, 60_000, 300_000), money(rng, 60_000, 300_000)
    parts = solver.per_share_per_day(one + two, lots, first, last)
    per_share = rng.randrange(50, 180) * 100
    opening_b, price = money(rng, 50_000, 190_000), sold * (per_share + money(rng, 500, 900))
    if solver.may_close_the_books(sold, held, total):
        raise ValueError("the sale drawn allows the election")
    facts = [
        register({a: held, b: total - held}, year),
        _sale(a, c, sold, price, cut, False),
        fact(
            "event",
            f"{a} keeps the other shares, no other sale; all parties signed a paper to close the "
            f"books on {day(cut)}",
            f"{a} keeps the other shares. The three of them and the company signed a statement "
            f"that the books be closed as of {day(cut)}.",
            f"Everybody signed that the books be closed on {day(cut)}; {a} stays on with the rest "
            "of the shares. There was no other sale.",
        ),
        amount(
            f"Ordinary business income Jan 1 to {day(cut)}",
            one,
            "The books to the day of the sale show ordinary business income of {}.",
        ),
        amount(
            "Ordinary business income, rest of the year",
            two,
            "From then to December 31 they show another {} of ordinary business income.",
        ),
        fact(
            "opening",
            f"Basis {a}, Jan 1, {year}: {usd(per_share)} per share, all shares alike",
            f"{a}'s basis on January 1, {year} was {usd(per_share)} in every share.",
        ),
        basis_on(b, opening_b, year),
    ]
    at_sale, kept = sold * per_share + parts[0], (held - sold) * per_share + parts[1]
    names, values = [a, b, c], [parts[0] + parts[1], parts[2], parts[3]]
    low = a.lower()
    asked = [
        *shares_of("ordinary income", one + two, names, values, ["0.10"] * 3),
        Asked(
            f"income_on_sold_{low}",
            parts[0],
            "0.10",
            "allocation",
            f"The part of {a}'s ordinary income that belongs to the shares sold",
        ),
        Asked(f"basis_sold_{low}", at_sale, "0.15", "basis", f"{a}'s basis in the shares sold"),
        Asked(
            f"gain_{low}",
            price - at_sale,
            "0.15",
            "gain",
            f"{a}'s gain on the sale; a loss negative",
        ),
        Asked(f"basis_kept_{low}", kept, "0.10", "basis", f"{a}'s basis at year end, kept shares"),
        Asked(
            f"basis_{b.lower()}", opening_b + parts[2], "0.10", "basis", f"{b}'s basis at year end"
        ),
        Asked(f"basis_{c.lower()}", price + parts[3], "0.10", "basis", f"{c}'s basis at year end"),
    ]
    question = f"How is the ordinary income of {year} divided, and what does {a} gain on the sale?"
    books = solver.closing_of_the_books(one, two, lots, first, cut, last)
    trap = Trap(asked[0].name, books[0] + books[1], "the books are closed as everybody signed")
    return Draft(
        "election not available",
        "S corporation",
        status(year) + facts,
        question,
        asked,
        people,
        trap,
    )
