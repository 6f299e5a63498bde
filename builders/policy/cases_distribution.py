"""Cases of distributions: beyond basis, and beyond the AAA of a corporation with earnings.

Each kind is a function (random source, year, three surnames) -> Draft.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import solver
from drafts import (
    Asked,
    Draft,
    Trap,
    amount,
    basis_on,
    day,
    each,
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
from solver import Basis, Outcome, Shares
from solver.shareholder import Ordering


def excess(rng: Random, year: int, people: list[str]) -> Draft:
    """Distributions beyond basis come before losses (IRC 1368(b), Reg. 1.1367-1(f))."""
    return _excess(rng, year, people, "current")


def old_order(rng: Random, _: int, people: list[str]) -> Draft:
    """The same before 1997, when losses came before distributions (Reg. 1.1367-1(e))."""
    return _excess(rng, rng.choice((1994, 1995, 1996)), people, "before 1997")


def _excess(rng: Random, year: int, people: list[str], ordering: Ordering) -> Draft:
    a, b, _ = people
    held = dict(zip((a, b), split(rng), strict=True))
    own = list(held.values())
    income, exempt = money(rng, 60_000, 160_000), money(rng, 4_000, 19_000)
    loss = money(rng, 30_000, 70_000)
    paid = solver.pro_rata(income + exempt + money(rng, 90_000, 200_000), own)
    parts = [solver.pro_rata(i, own) for i in (income, exempt, loss)]
    up = [parts[0][i] + parts[1][i] for i in range(2)]
    low_basis = (paid[0] - up[0]) * rng.randrange(20, 80) // 10000 * 100
    opening = [low_basis, paid[1] - up[1] + parts[2][1] + money(rng, 20_000, 60_000)]
    opening[1] = opening[1] // 100 * 100
    years = [Shares(parts[0][i], parts[1][i], paid[i], 0, parts[2][i]) for i in range(2)]
    done = [solver.roll(Basis(opening[i]), years[i], ordering) for i in range(2)]
    now = ordering == "current"
    other = solver.roll(Basis(opening[0]), years[0], "before 1997" if now else "current")
    when = mid_year(rng, year)
    facts = [
        register(held, year),
        fact(
            "event",
            f"{day(when)}: cash distribution of {usd(sum(paid))}, pro rata, same shareholders all "
            "year",
            f"On {day(when)} the corporation distributed {usd(sum(paid))} in cash, pro rata; the "
            "shareholders did not change.",
            f"A cash distribution of {usd(sum(paid))} went out pro rata on {day(when)}. Nobody "
            "bought or sold shares.",
        ),
        amount(
            "Ordinary business income",
            income,
            "Ordinary business income was {}.",
            "The business earned {} of ordinary income.",
        ),
        amount("Tax-exempt bond interest", exempt, "Tax-exempt bonds paid {} of interest."),
        amount(
            "Loss on sale of a crane (section 1231)",
            loss,
            "Selling a crane produced a section 1231 loss of {}.",
        ),
        *(basis_on(n, o, year) for n, o in zip((a, b), opening, strict=True)),
        fact("company", "No C years, no earnings and profits", "There are no C corporation years."),
    ]
    x, y = a.lower(), b.lower()
    asked = [
        *shares_of("ordinary income", income, [a, b], parts[0], ["0.05"] * 2),
        *shares_of("tax-exempt interest", exempt, [a, b], parts[1], ["0.05"] * 2),
        Asked(
            f"tax_free_{x}",
            done[0].tax_free,
            "0.15",
            "distribution",
            f"The part of {a}'s distribution that is not taxed",
        ),
        Asked(
            f"gain_{x}", done[0].gain, "0.15", "gain", f"{a}'s gain from the distribution, if any"
        ),
        _lost(a, done[0], now),
        Asked(
            f"tax_free_{y}",
            done[1].tax_free,
            "0.10",
            "distribution",
            f"The part of {b}'s distribution that is not taxed",
        ),
        Asked(f"loss_{y}", done[1].allowed, "0.10", "basis", f"The loss {b} may deduct"),
        Asked(
            f"basis_{y}", done[1].closing.stock, "0.15", "basis", f"{b}'s stock basis at year end"
        ),
    ]
    question = f"How are the distribution and the loss of {year} treated for {a} and {b}?"
    wrong = "losses are taken before distributions" if now else "today's order is applied"
    return Draft(
        "distribution beyond basis" if now else "distribution before 1997",
        "S corporation",
        status(year) + facts,
        question,
        asked,
        [a, b],
        Trap(f"tax_free_{x}", other.tax_free, wrong),
    )


def _lost(a: str, done: Outcome, now: bool) -> Asked:
    """What happens to the loss: today part of it waits; before 1997 it was deducted first."""
    if now:
        text = f"{a}'s part of the section 1231 loss that is carried forward for lack of basis"
        name, value = "suspended", done.closing.suspended
    else:
        text, name, value = f"The loss {a} may deduct", "loss", done.allowed
    return Asked(f"{name}_{a.lower()}", value, "0.15", "basis", text)


def layers(rng: Random, year: int, people: list[str]) -> Draft:
    """A distribution beyond the AAA of a corporation with earnings and profits (IRC 1368(c))."""
    a, b, _ = people
    own = split(rng)
    down = rng.random() < 0.5
    net, exempt = money(rng, 30_000, 120_000), money(rng, 3_000, 15_000)
    aaa, earnings = money(rng, 60_000, 190_000), money(rng, 50_000, 120_000)
    top = aaa if down else aaa + net
    paid = top + money(rng, 15_000, 45_000)
    done = solver.distribute(aaa, earnings, -net if down else net, paid)
    parts = [solver.pro_rata(i, own) for i in (net, exempt, done.dividend, paid)]
    free = [parts[3][i] - parts[2][i] for i in range(2)]
    opening = [(free[i] + parts[0][i]) // 100 * 100 + money(rng, 9_000, 60_000) for i in range(2)]
    years = [
        solver.roll(
            Basis(opening[i]),
            Shares(
                income=0 if down else parts[0][i],
                exempt=parts[1][i],
                distributions=free[i],
                losses=parts[0][i] if down else 0,
            ),
        )
        for i in range(2)
    ]
    word = "loss" if down else "income"
    facts = [
        register({a: own[0], b: own[1]}, year),
        _paid(rng, year, paid),
        amount(
            f"Ordinary business {word}",
            net,
            f"The year ended with an ordinary business {word} of {{}}.",
            f"The return will show an ordinary business {word} of {{}}.",
        ),
        amount("Tax-exempt interest", exempt, "Municipal bonds brought {} of tax-exempt interest."),
        fact(
            "opening",
            f"Accumulated adjustments account, Jan 1, {year}: {usd(aaa)}",
            f"The accumulated adjustments account stood at {usd(aaa)} on January 1, {year}.",
        ),
        basis_on(a, opening[0], year),
        basis_on(b, opening[1], year),
    ]
    if down:
        text = "Accumulated adjustments account at year end (negative if below zero)"
        extra = Asked("aaa_end", done.aaa, "0.05", "distribution", text)
    else:
        text = f"{a}'s stock basis just before the distribution"
        extra = Asked(
            f"basis_before_{a.lower()}", years[0].before_distributions, "0.05", "basis", text
        )
    asked = [
        Asked(
            "aaa_before",
            done.before,
            "0.10",
            "distribution",
            "Accumulated adjustments account available for the distribution",
        ),
        Asked("dividend", done.dividend, "0.10", "distribution", "Dividend part, both together"),
        *_dividends((a, b), parts[2], done.dividend),
        *each("tax_free", (a, b), free, "0.10", "distribution", "What {} receives free of tax"),
        Asked(
            "earnings_end",
            done.earnings,
            "0.05",
            "distribution",
            "Accumulated earnings and profits at year end",
        ),
        *each("basis", (a, b), _stock(years), "0.15", "basis", "{}'s stock basis at year end"),
        extra,
    ]
    question = f"How is the distribution taxed, and what is left at the end of {year}?"
    if down:
        low = aaa - net
        wrong = max(0, min(paid - max(0, low), earnings))
        trap = Trap(
            "dividend", wrong, "the year's loss reduces the account before the distribution"
        )
    else:
        rich = solver.distribute(aaa, earnings, net + exempt, paid)
        trap = Trap("aaa_before", rich.before, "tax-exempt interest is added to the account")
    return Draft(
        "earnings and profits",
        "S corporation",
        status(year, earnings) + facts,
        question,
        asked,
        [a, b],
        trap,
    )


def _dividends(people: tuple[str, str], parts: list[int], total: int) -> list[Asked]:
    return [
        replace(asked, part_of="dividend", total=total)
        for asked in each("dividend", people, parts, "0.10", "distribution", "{}'s dividend")
    ]


def _paid(rng: Random, year: int, paid: int) -> Fact:
    when = day(mid_year(rng, year))
    return fact(
        "event",
        f"{when}: one cash distribution of {usd(paid)}, pro rata, no other; same shareholders all "
        "year",
        f"On {when} the board paid out {usd(paid)} in cash, pro rata, the only distribution of the "
        "year; no shares changed hands.",
        f"One distribution, {usd(paid)} in cash, went to the two shareholders pro rata on {when}, "
        "and they stayed the same all year.",
    )


def _stock(years: list[solver.Outcome]) -> list[int]:
    return [outcome.closing.stock for outcome in years]
