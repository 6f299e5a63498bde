"""Cases that lack a fact: the right answer gives what can be given and asks for the rest."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

import solver
from cases_sale import closing, daily
from drafts import Asked, Draft, Trap, usd
from narrative import Fact

_PRICE = re.compile(r"\$[0-9,]+")


def open_amount(rng: Random, year: int, people: list[str]) -> Draft:
    """A sale of all shares; the seller's opening basis or the price is not stated."""
    return _open(rng, year, people, rng.choice(("opening_basis", "sale_price")))


def open_period(rng: Random, year: int, people: list[str]) -> Draft:
    """A sale of all shares; the day, or the books at the cut, are not stated."""
    return _open(rng, year, people, rng.choice(("sale_date", "books_at_sale")))


def _open(rng: Random, year: int, people: list[str], lost: str) -> Draft:
    a, _, c = people
    draft = closing(rng, year, people) if lost == "books_at_sale" else daily(rng, year, people)
    sold, gain, bought = f"basis_at_sale_{a.lower()}", f"gain_{a.lower()}", f"basis_{c.lower()}"
    income = [f"ordinary_income_{n.lower()}" for n in (a, c)]
    capital = [f"capital_gain_{n.lower()}" for n in (a, c)]
    unknown = {
        "opening_basis": [sold, gain],
        "sale_price": [gain, bought],
        "sale_date": [*income, *capital, sold, gain, bought],
        "books_at_sale": [*income, sold, gain, bought],
    }[lost]
    question_asked = Asked("missing", None, "0.20", "question", f"Asks for what is missing: {lost}")
    return replace(
        draft,
        topic="missing fact",
        facts=[_without(f, lost, draft, year) for f in draft.facts if _kept(f, lost, a)],
        asked=[*_asked(draft, unknown), question_asked],
        trap=_assumed(draft, lost, income[0], sold, bought),
        missing=[lost],
    )


def _asked(draft: Draft, unknown: list[str]) -> list[Asked]:
    """The figures, some of them unknown; days and the effect of an election are not asked for.

    All unknown ones together weigh 0.10, so that null everywhere earns little; the others 0.70.
    """
    left = [x for x in draft.asked if not x.name.startswith(("days_", "election_effect_"))]
    known = [x for x in left if x.name not in unknown]
    weights = dict(zip([x.name for x in known], _even(70, len(known)), strict=True))
    weights |= dict(zip(unknown, _even(10, len(unknown)), strict=True))
    return [
        replace(
            x,
            value=None if x.name in unknown else x.value,
            weight=weights[x.name],
            part_of="",
            total=None,
        )
        for x in left
    ]


def _even(hundredths: int, parts: int) -> list[str]:
    """Weights in hundredths, as even as possible, that add up to the total."""
    return [f"0.{w:02d}" for w in solver.pro_rata(hundredths, [1] * parts)]


def _kept(fact: Fact, lost: str, a: str) -> bool:
    if lost == "opening_basis":
        return not fact.terse.startswith(f"Stock basis {a},")
    return not (lost == "books_at_sale" and "rest of the year" in fact.terse)


def _without(fact: Fact, lost: str, draft: Draft, year: int) -> Fact:
    """The fact with the missing part removed."""
    if "sold all" in fact.terse and lost in ("sale_price", "sale_date"):
        return _sale(fact, lost, draft.people, year)
    if lost != "books_at_sale" or "Jan 1 to" not in fact.terse:
        return fact
    total = usd(_sum(draft, "ordinary_income_"))
    return Fact(
        "result",
        (
            f"Ordinary business income for the whole of {year} came to {total}; the interim "
            "statement has not been drawn up yet.",
            f"For all of {year} the ordinary business income is {total}; we have no figures by "
            "period.",
        ),
        f"Ordinary business income {year}, whole year (no interim statement yet): {total}",
    )


def _sum(draft: Draft, start: str, end: str = "") -> int:
    """The sum of the figures whose names have this start and end."""
    named = [x for x in draft.asked if x.name.startswith(start) and x.name.endswith(end)]
    return sum(x.value or 0 for x in named)


def _sale(fact: Fact, lost: str, people: list[str], year: int) -> Fact:
    a, _, c = people
    (price,) = _PRICE.findall(fact.terse)
    if lost == "sale_price":
        when = fact.terse.split(":")[0]
        return Fact(
            "event",
            (
                f"On {when} {a} sold all shares to {c}, until then a stranger to the company; the "
                "two have not told us the price.",
                f"{c} took over all of {a}'s shares on {when}. What was paid we do not know yet.",
            ),
            f"{when}: {a} sold all shares to {c}; price not known to us",
        )
    return Fact(
        "event",
        (
            f"Some time in {year} {a} sold all shares to {c}, until then a stranger to the "
            f"company, for {price} in cash.",
            f"{c} bought all of {a}'s shares during {year}, for {price} in cash.",
        ),
        f"{year}: {a} sold all shares to {c} for {price} cash",
    )


def _assumed(draft: Draft, lost: str, income: str, sold: str, bought: str) -> Trap:
    """The value that results from filling the gap with a guess."""
    seller, buyer = (f"_{draft.people[i].lower()}" for i in (0, 2))
    items = ("ordinary_income", "capital_gain")
    if lost == "opening_basis":
        value = sum(_sum(draft, item, seller) for item in items)
        return Trap(sold, value, "the opening basis is taken to be zero")
    if lost == "sale_price":
        value = sum(_sum(draft, item, buyer) for item in items)
        return Trap(bought, value, "the price is taken to be zero")
    if lost == "sale_date":
        half = (_sum(draft, items[0], seller) + _sum(draft, items[0], buyer)) // 2
        return Trap(income, half, "the sale is put in the middle of the year")
    spread = _sum(draft, income) - _sum(draft, "election_effect_")
    return Trap(income, spread, "the year is spread over days for want of books")
