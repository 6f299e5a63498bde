"""What the kinds of case are made of: figures with their answers, and the usual facts.

Money is drawn in whole dollars and kept in cents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from narrative import Fact


@dataclass(frozen=True)
class Asked:
    """A figure with its answer and its place in the rubric."""

    name: str
    value: int | None
    """None: the facts do not give it, and the answer must state that."""
    weight: str
    """Share of the points that code gives; all of a case sum to 1."""
    group: str
    description: str
    unit: str = "cents"
    part_of: str = ""
    """The item that this and other figures divide among them."""
    total: int | None = None


@dataclass(frozen=True)
class Trap:
    """The value that a figure takes if one usual mistake is made; it costs points."""

    figure: str
    value: int
    mistake: str


@dataclass(frozen=True)
class Draft:
    """A case before it is narrated. `people`: the names in its claims, in the order a, b, c."""

    topic: str
    entity: str
    facts: list[Fact]
    question: str
    asked: list[Asked]
    people: list[str]
    trap: Trap | None = None
    missing: list[str] = field(default_factory=list)
    """Codes of MISSING (task/tools/criteria.py): the facts to ask for."""


def usd(cents: int) -> str:
    """Cents as a dollar amount: 1234500 -> '$12,345'."""
    whole, rest = divmod(cents, 100)
    return f"${whole:,}.{rest:02d}" if rest else f"${whole:,}"


def money(rng: Random, low: int, high: int) -> int:
    """A drawn amount in cents, low to high in dollars."""
    return rng.randrange(low, high) * 100


def day(when: date) -> str:
    """'June 9, 2021'."""
    return f"{when:%B} {when.day}, {when.year}"


def fact(topic: str, terse: str, *prose: str) -> Fact:
    """A fact; the clipped form must hold the whole content of the sentences."""
    return Fact(topic, prose, terse)


def status(year: int, earnings: int = 0) -> list[Fact]:
    facts = [
        fact(
            "company",
            f"S corporation since its first day, calendar {year} is the year to be worked out",
            f"We have been an S corporation from the start, and this is about the year {year}.",
            f"The corporation elected S status when it was formed; the taxable year is {year}.",
        )
    ]
    if earnings:
        facts = [
            fact(
                "company",
                f"C corporation until 2014, S corporation since; year {year}; accumulated earnings "
                f"and profits left from the C years: {usd(earnings)}",
                f"The S election took effect in 2015; {usd(earnings)} of accumulated earnings and "
                f"profits from the C years is still there at the start of {year}, the year in "
                "question.",
                f"For {year}: the corporation was a C corporation until 2014 and still carries "
                f"{usd(earnings)} of accumulated earnings and profits from that time.",
            )
        ]
    return facts


def register(held: dict[str, int], year: int) -> Fact:
    """Who holds the shares on January 1: counts, percentages or a list."""
    total = sum(held.values())
    listed = ", ".join(f"{name} {n:,}" for name, n in held.items())
    percents = " and ".join(f"{name} held {100 * n // total} percent" for name, n in held.items())
    return fact(
        "owners",
        f"Shares Jan 1, {year}: {listed} (of {total:,}, one class)",
        f"On January 1, {year} the {total:,} shares, all of one class, were held so: {listed}.",
        f"The share register opened {year} with {listed}, {total:,} shares in all, one class.",
        f"There is one class of {total:,} shares; on January 1, {year} {percents} of them.",
        f"Of the {total:,} shares of one class, {percents} as the year {year} began.",
    )


def partners(held: dict[str, int], year: int) -> Fact:
    """Who holds how many percent of a partnership's capital, profits and losses."""
    listed = " and ".join(f"{name} {n} %" for name, n in held.items())
    words = " and ".join(f"{name} {n} percent" for name, n in held.items())
    return fact(
        "owners",
        f"Partners Jan 1, {year}: {listed} of capital, profits and losses",
        f"The partners at the start of {year} are {words}, of capital, profits and losses alike.",
        f"As of January 1, {year} the agreement gives {words} of capital, profits and losses.",
        f"Profits, losses and capital go {listed} from the first day of {year}.",
    )


def partnership(year: int) -> list[Fact]:
    return [
        fact(
            "company",
            f"General partnership, calendar year {year}; no section 754 election, no section 751 "
            "property",
            f"We are a general partnership; this is about {year}. There is no section 754 election "
            "and no section 751 property.",
            f"The firm files as a partnership for calendar {year}, holds no section 751 property "
            "and has made no section 754 election.",
        )
    ]


def outside_on(name: str, cents: int, year: int, debt: bool = True) -> Fact:
    liabilities = "share of liabilities included" if debt else "there are no liabilities"
    return fact(
        "opening",
        f"Outside basis {name}, Jan 1, {year} ({liabilities}): {usd(cents)}",
        f"{name}'s basis in the interest on January 1, {year} was {usd(cents)}; {liabilities}.",
        f"{name} began {year} with an outside basis of {usd(cents)} ({liabilities}).",
    )


def basis_on(name: str, cents: int, year: int) -> Fact:
    return fact(
        "opening",
        f"Stock basis {name}, Jan 1, {year}: {usd(cents)}",
        f"{name}'s stock basis on January 1, {year} was {usd(cents)}.",
        f"{name} began {year} with a basis of {usd(cents)} in the stock.",
    )


def amount(label: str, cents: int, *prose: str) -> Fact:
    return fact("result", f"{label}: {usd(cents)}", *(p.format(usd(cents)) for p in prose))


def split(rng: Random) -> tuple[int, int]:
    total = rng.choice((100, 200, 400, 500, 1000))
    seller = total * rng.choice((15, 24, 30, 35, 40, 45)) // 100
    return seller, total - seller


def mid_year(rng: Random, year: int) -> date:
    return date(year, rng.randrange(2, 12), rng.randrange(3, 27))


def shares_of(
    item: str, total: int, names: list[str], values: list[int], weights: list[str]
) -> list[Asked]:
    """One figure per owner for an item that they divide among them."""
    slug = item.replace(" ", "_").replace("-", "_")
    return [
        Asked(
            f"{slug}_{n.lower()}",
            v,
            w,
            "allocation",
            f"{n}'s part of the year's {item}",
            part_of=item,
            total=total,
        )
        for n, v, w in zip(names, values, weights, strict=True)
    ]


def each(
    name: str, people: tuple[str, str], values: list[int], weight: str, group: str, text: str
) -> list[Asked]:
    """One figure per person, all of the same weight."""
    return [
        Asked(f"{name}_{n.lower()}", v, weight, group, text.format(n))
        for n, v in zip(people, values, strict=True)
    ]
