"""Cases of a partner's year: outside basis, distributions, special allocations.

Each kind is a function (random source, year, three surnames) -> Draft.
"""

from __future__ import annotations

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
from solver import Capital, Interest, PartnerYear


def outside(rng: Random, year: int, people: list[str]) -> Draft:
    """A loss against outside basis, to which a bank loan of the firm adds (IRC 704(d), 752(a))."""
    a, b, _ = people
    own = _percents(rng)
    loss, loan = money(rng, 250_000, 500_000), money(rng, 60_000, 140_000)
    exempt = money(rng, 4_000, 15_000)
    losses, loans, interest = (solver.pro_rata(i, own) for i in (loss, loan, exempt))
    short = losses[0] - loans[0] - interest[0]
    opening = [short * rng.randrange(30, 75) // 10000 * 100, losses[1] * 2 // 100 * 100]
    done = [
        solver.partner_year(
            Interest(opening[i]),
            PartnerYear(liabilities=loans[i], exempt=interest[i], losses=losses[i]),
        )
        for i in range(2)
    ]
    bare = solver.partner_year(
        Interest(opening[0]), PartnerYear(exempt=interest[0], losses=losses[0])
    )
    when = mid_year(rng, year)
    facts = [
        partners({a: own[0], b: own[1]}, year),
        fact(
            "event",
            f"{day(when)}: bank loan of {usd(loan)} to the partnership, recourse, borne by the "
            "partners in proportion to their interests; still owed in full at year end",
            f"On {day(when)} a bank lent the partnership {usd(loan)}, recourse, which the partners "
            "bear in proportion to their interests and which is still owed in full.",
            f"The firm took up a recourse loan of {usd(loan)} at the bank on {day(when)}; it is "
            "borne in proportion to the interests, and nothing has been paid back.",
        ),
        amount("Ordinary business loss", loss, "The year's ordinary business loss is {}."),
        amount(
            "Tax-exempt interest",
            exempt,
            "Municipal bonds brought tax-exempt interest of {}.",
            "There was {} of tax-exempt interest.",
        ),
        outside_on(a, opening[0], year, debt=False),
        outside_on(b, opening[1], year, debt=False),
        fact(
            "owners",
            "No change of partners, no contribution, no distribution",
            "Nobody joined or left, nothing was put in and nothing was distributed.",
        ),
    ]
    x, y = a.lower(), b.lower()
    asked = [
        *shares_of("loss", loss, [a, b], losses, ["0.10"] * 2),
        *shares_of("new liabilities", loan, [a, b], loans, ["0.10"] * 2),
        Asked(
            f"before_losses_{x}",
            done[0].before_losses,
            "0.15",
            "basis",
            f"{a}'s basis before losses",
        ),
        Asked(f"allowed_{x}", done[0].allowed, "0.10", "basis", f"The loss {a} may deduct"),
        Asked(
            f"suspended_{x}",
            done[0].closing.suspended,
            "0.15",
            "basis",
            f"{a}'s loss carried forward",
        ),
        Asked(f"basis_{y}", done[1].closing.basis, "0.20", "basis", f"{b}'s basis at year end"),
    ]
    trap = Trap(f"allowed_{x}", bare.allowed, "the partnership's loan is left out of the basis")
    question = f"How much of the loss of {year} may {a} deduct, and what basis has {b} left?"
    all_facts = partnership(year) + facts
    return Draft("outside basis", "partnership", all_facts, question, asked, [a, b], trap)


def draws(rng: Random, year: int, people: list[str]) -> Draft:
    """Money and property in a current distribution; draws count on the last day (IRC 731, 732)."""
    a, b, _ = people
    own = _percents(rng)
    income = money(rng, 90_000, 240_000)
    parts = solver.pro_rata(income, own)
    opening = [money(rng, 12_000, 45_000), money(rng, 12_000, 45_000)]
    basis = [opening[i] + parts[i] for i in range(2)]
    cash = [
        basis[0] * rng.randrange(30, 60) // 10000 * 100,
        basis[1] * rng.randrange(110, 150) // 10000 * 100,
    ]
    inside = (basis[0] - cash[0]) * rng.choice((65, 80, 120, 140)) // 10000 * 100
    land, left, _ = solver.in_kind(basis[0], cash[0], inside)
    other = solver.partner_year(Interest(opening[1]), PartnerYear(income=parts[1], money=cash[1]))
    when = mid_year(rng, year)
    value = inside * rng.randrange(130, 220) // 10000 * 100
    facts = [
        partners({a: own[0], b: own[1]}, year),
        fact(
            "event",
            f"{a} drew {usd(cash[0])} cash against the year's share of income from {day(when)} on",
            f"From {day(when)} on {a} drew {usd(cash[0])} in cash, an advance against the share of "
            "the year's income.",
            f"{a} took advances of {usd(cash[0])} in cash against the share of income of {year}, "
            f"the first on {day(when)}.",
        ),
        fact(
            "event",
            f"Dec 31, {year}: land bought years ago, with an inside basis of {usd(inside)}, worth "
            f"{usd(value)}, distributed to {a} together with the settlement of the draws",
            f"Settling the draws on December 31, {year}, the firm also gave {a} a piece of land, "
            f"bought years ago and now worth {usd(value)}, in which it had a basis of "
            f"{usd(inside)}.",
        ),
        fact(
            "event",
            f"{b} drew {usd(cash[1])} cash in the same way; no property",
            f"{b} drew {usd(cash[1])} in cash in the same way and received no property.",
        ),
        amount(
            f"Ordinary business income {year}",
            income,
            "The firm earned {} of ordinary business income.",
            "Ordinary business income for the year came to {}.",
        ),
        outside_on(a, opening[0], year, debt=False),
        outside_on(b, opening[1], year, debt=False),
    ]
    x, y = a.lower(), b.lower()
    asked = [
        *shares_of("ordinary income", income, [a, b], parts, ["0.10"] * 2),
        Asked(f"basis_before_{x}", basis[0], "0.10", "basis", f"{a}'s basis before distributions"),
        Asked(f"basis_before_{y}", basis[1], "0.10", "basis", f"{b}'s basis before distributions"),
        Asked(f"land_{x}", land, "0.20", "distribution", f"Basis of the land in the hands of {a}"),
        Asked(f"basis_{x}", left, "0.10", "basis", f"{a}'s outside basis at year end"),
        Asked(f"gain_{y}", other.gain, "0.20", "gain", f"{b}'s gain from the distribution"),
        Asked(
            f"tax_free_{y}",
            cash[1] - other.gain,
            "0.10",
            "distribution",
            f"What {b} receives free of tax",
        ),
    ]
    early = max(0, cash[1] - opening[1])
    trap = Trap(f"gain_{y}", early, "draws are measured against the basis of January 1")
    question = f"How are the draws and the land of {year} treated for {a} and {b}?"
    all_facts = partnership(year) + facts
    return Draft(
        "partnership distribution", "partnership", all_facts, question, asked, [a, b], trap
    )


def special(rng: Random, year: int, people: list[str]) -> Draft:
    """All depreciation to one partner, respected down to a capital account of zero."""
    a, b, _ = people
    income = money(rng, 10_000, 40_000) * 2
    accounts = money(rng, 20_000, 60_000), money(rng, 120_000, 240_000)
    half = income // 2
    room = accounts[0] + half
    deduction = room * rng.randrange(115, 180) // 10000 * 100
    kept, moved = solver.capped_deduction(deduction, Capital(room, accounts[1] + half))
    facts = [
        _clause(a, b),
        fact(
            "event",
            "Capital accounts kept by the regulations, liquidation by positive capital accounts, "
            "qualified income offset; nobody has to restore a deficit; the allocation is "
            "substantial",
            "Capital accounts are kept as the regulations ask, liquidation follows positive "
            "balances, there is a qualified income offset, and nobody has to restore a deficit. "
            "The economic effect of the allocation is substantial.",
            "The agreement has a qualified income offset but no duty to restore a deficit; capital "
            "accounts follow the regulations and govern what is paid on liquidation. The "
            "allocation's economic effect is substantial.",
        ),
        amount(
            "Operating income before depreciation",
            income,
            "Before depreciation the firm made {} of ordinary income.",
            "Operating income, depreciation not yet taken off, was {}.",
        ),
        amount(
            "Depreciation on the equipment",
            deduction,
            "Depreciation on the equipment is {} for the year.",
            "The equipment gives a depreciation deduction of {}.",
        ),
        *(_account(n, v, year) for n, v in zip((a, b), accounts, strict=True)),
        fact(
            "owners",
            "No contribution, distribution or liability, nothing of the kind expected",
            "There were no contributions, distributions or liabilities, and none are expected.",
        ),
    ]
    x, y = a.lower(), b.lower()
    asked = [
        *shares_of("operating income", income, [a, b], [half, half], ["0.05"] * 2),
        *shares_of("depreciation", deduction, [a, b], [kept, moved], ["0.20"] * 2),
        Asked(f"room_{x}", room, "0.10", "basis", f"{a}'s capital account before depreciation"),
        Asked(
            f"capital_{y}",
            accounts[1] + half - moved,
            "0.20",
            "basis",
            f"{b}'s capital account at year end",
        ),
        Asked(
            f"net_{y}",
            half - moved,
            "0.20",
            "allocation",
            f"{b}'s net income of the year after depreciation; a loss negative",
        ),
    ]
    trap = Trap(
        f"capital_{y}", accounts[1] + half, "the whole deduction stays with the special partner"
    )
    question = f"How are income and depreciation of {year} divided between {a} and {b}?"
    all_facts = partnership(year) + facts
    return Draft("special allocation", "partnership", all_facts, question, asked, [a, b], trap)


def _clause(a: str, b: str) -> Fact:
    return fact(
        "event",
        f"Two partners, {a} and {b}. Agreement: all depreciation to {a}, everything else in equal "
        "parts",
        f"{a} and {b} are the partners. The agreement gives all depreciation to {a} and divides "
        "everything else equally.",
        f"There are two partners, {a} and {b}. Under their agreement the whole depreciation is "
        f"allocated to {a}, and all else is shared equally.",
    )


def _account(name: str, cents: int, year: int) -> Fact:
    return fact(
        "opening",
        f"Capital account {name}, Jan 1, {year}: {usd(cents)}",
        f"{name}'s capital account stood at {usd(cents)} on January 1, {year}.",
        f"{name} began {year} with {usd(cents)} in the capital account.",
    )


def _percents(rng: Random) -> tuple[int, int]:
    percent = rng.choice((20, 25, 30, 35, 40, 45))
    return percent, 100 - percent
