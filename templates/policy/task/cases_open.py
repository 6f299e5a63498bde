"""Cases that lack a fact: the right answer gives what can be given and asks for the rest."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from task import solver
from task.cases_sale import closing, daily
from task.drafts import Asked, Draft, Trap, usd
from task.narrative import Fact

_PRICE = re.compile(r"\$[0-9,]+")


def open_amount(rng: Random, year: int, people: list[str]) -> Draft:
    """A sale of all shares; the seller's opening basis or the price was never told."""
    return _open(rng, year, people, rng.choice(("opening_basis", "sale_price")))


def open_period(rng: Random, year: int, people: list[str]) -> Draft:
    """A sale of all shares; the day, or the books at the cut, were never told."""
    return _open(rng, year, people, rng.choice(("sale_date", "books_at_sale")))


def _open(rng: Random, year: int, people: list[str], lost: str) -> Draft:
    a, _, c = people
    draft = closing(rng, year, people) if lost == "books_at_sale" else daily(rng, year, people)
    sold, gain, bought = f"basis_at_sale_{a.lower()}", f"gain_{a.lower()}", f"basis_{c.lower()}"
    parts = [f"ordinary_income_{n.lower()}" for n in (a, c)]
    gains = [f"capital_gain_{n.lower()}" for n in (a, c)]
    unknown = {
        "opening_basis": [sold, gain],
        "sale_price": [gain, bought],
        "sale_date": [*parts, *gains, sold, gain, bought, f"days_{a.lower()}"],
        "books_at_sale": [*parts, f"election_effect_{a.lower()}", sold, gain, bought],
    }[lost]
    asked = [_one(x, lost, x.name in unknown) for x in draft.asked]
    asked = [x for x in asked if float(x.weight) > 0]
    told = Asked("missing", None, "0.20", "question", f"Asks for what is missing: {lost}")
    return replace(
        draft,
        topic="missing fact",
        facts=[_without(f, lost, people, year, draft) for f in draft.facts if _kept(f, lost, a)],
        asked=[*_weighed(asked), told],
        trap=_assumed(draft, lost, sold, parts[0], bought),
        missing=[lost],
    )


def _one(asked: Asked, lost: str, unknown: bool) -> Asked:
    """The figure as it is, or unknown; days and the effect of the election are not asked for."""
    if asked.name.startswith(("days_", "election_effect_")):
        return replace(asked, weight="0")
    if not unknown:
        return replace(asked, part_of="", total=None)
    return replace(asked, value=None, part_of="", total=None)


def _weighed(asked: list[Asked]) -> list[Asked]:
    """Weights that give all unknown figures together 0.10 and the others 0.70."""
    known = [x for x in asked if x.value is not None]
    cents = {True: 10, False: 70}
    count = {True: len(asked) - len(known), False: len(known)}
    found = []
    seen = {True: 0, False: 0}
    for x in asked:
        unknown = x.value is None
        each, rest = divmod(cents[unknown], count[unknown])
        found.append(replace(x, weight=f"0.{each + (seen[unknown] < rest):02d}"))
        seen[unknown] += 1
    return found


def _kept(fact: Fact, lost: str, a: str) -> bool:
    if lost == "opening_basis":
        return not fact.terse.startswith(f"Stock basis {a},")
    return not (lost == "books_at_sale" and "rest of the year" in fact.terse)


def _without(fact: Fact, lost: str, people: list[str], year: int, draft: Draft) -> Fact:
    """The fact with the lost part taken out."""
    a, _, c = people
    if "sold all" in fact.terse and lost in ("sale_price", "sale_date"):
        return _sale(fact, lost, a, c, year)
    if lost == "books_at_sale" and "Jan 1 to" in fact.terse:
        total = _income(draft)
        return Fact(
            "result",
            (
                f"Ordinary business income for the whole of {year} came to {total}; the interim "
                "statement has not been drawn up yet.",
                f"For all of {year} the ordinary business income is {total}; we have no figures "
                "by period.",
            ),
            f"Ordinary business income {year}, whole year (no interim statement yet): {total}",
        )
    return fact


def _income(draft: Draft) -> str:
    parts = [x.value for x in draft.asked if x.name.startswith("ordinary_income_")]
    return usd(sum(v for v in parts if v is not None))


def _sale(fact: Fact, lost: str, a: str, c: str, year: int) -> Fact:
    price = _PRICE.findall(fact.terse)
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
            f"company, for {price[0]} in cash.",
            f"{c} bought all of {a}'s shares during {year}, for {price[0]} in cash.",
        ),
        f"{year}: {a} sold all shares to {c} for {price[0]} cash",
    )


def _assumed(draft: Draft, lost: str, sold: str, part: str, bought: str) -> Trap:
    """The value that comes of filling the gap with a guess."""
    values = {x.name: x.value or 0 for x in draft.asked}
    if lost == "opening_basis":
        shares = [
            v
            for n, v in values.items()
            if n in (part, part.replace("ordinary_income", "capital_gain"))
        ]
        return Trap(sold, sum(shares), "the opening basis is taken to be zero")
    if lost == "sale_price":
        return Trap(bought, sum(_of_buyer(draft)), "the price is taken to be zero")
    if lost == "sale_date":
        total = next(x.total or 0 for x in draft.asked if x.name == part)
        return Trap(
            part, solver.pro_rata(total, [1, 1])[0], "the sale is put in the middle of the year"
        )
    effect = next(x.value or 0 for x in draft.asked if x.name.startswith("election_effect"))
    return Trap(part, values[part] - effect, "the year is spread over days for want of books")


def _of_buyer(draft: Draft) -> list[int]:
    c = draft.people[2].lower()
    return [
        x.value or 0 for x in draft.asked if x.name in (f"ordinary_income_{c}", f"capital_gain_{c}")
    ]
