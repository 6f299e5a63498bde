"""What the kinds of case are made of: figures with their answers, and the usual facts.

Money is drawn in whole dollars and kept in cents.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from task.narrative import Fact


@dataclass(frozen=True)
class Asked:
    """A figure with its answer and its place in the rubric."""

    name: str
    value: int
    weight: str
    group: str
    description: str
    unit: str = "cents"


@dataclass(frozen=True)
class Draft:
    """A case before it is told."""

    topic: str
    facts: list[Fact]
    question: str
    asked: list[Asked]


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
    """A fact; the clipped form must hold everything the sentences say."""
    return Fact(topic, prose, terse)


def status(year: int, earnings: int = 0) -> list[Fact]:
    told = [
        fact(
            "company",
            f"S corporation since its first day, calendar {year} is the year to be worked out",
            f"We have been an S corporation from the start, and this is about the year {year}.",
            f"The corporation elected S status when it was formed; the taxable year is {year}.",
        )
    ]
    if earnings:
        told = [
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
    return told


def register(held: dict[str, int], year: int) -> Fact:
    total = sum(held.values())
    listed = ", ".join(f"{name} {n:,}" for name, n in held.items())
    return fact(
        "owners",
        f"Shares Jan 1, {year}: {listed} (of {total:,}, one class)",
        f"On January 1, {year} the {total:,} shares, all of one class, were held so: {listed}.",
        f"The share register opened {year} with {listed}, {total:,} shares in all, one class.",
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


def shares_of(item: str, names: list[str], values: list[int], weights: list[str]) -> list[Asked]:
    slug = item.replace(" ", "_").replace("-", "_")
    return [
        Asked(f"{slug}_{n.lower()}", v, w, "allocation", f"{n}'s part of the year's {item}")
        for n, v, w in zip(names, values, weights, strict=True)
    ]


def each(
    name: str, people: tuple[str, str], values: list[int], weight: str, group: str, text: str
) -> list[Asked]:
    return [
        Asked(f"{name}_{n.lower()}", v, weight, group, text.format(n))
        for n, v in zip(people, values, strict=True)
    ]


def usable(draft: Draft) -> bool:
    """Whether no single number is worth more than 0.20 of the rubric (also rounded to dollars)."""
    worth: dict[int, int] = {}
    for a in draft.asked:
        key = a.value // 100 if a.unit == "cents" else -a.value
        worth[key] = worth.get(key, 0) + round(float(a.weight) * 100)
    return max(worth.values()) <= 20
