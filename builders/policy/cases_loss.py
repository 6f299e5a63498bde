"""Cases of losses: against stock and debt, suspended, and used in a later year.

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
from solver import Basis, Shares


def debt(rng: Random, year: int, people: list[str]) -> Draft:
    """A loss against stock and debt; a guarantee gives no basis (IRC 1366(d))."""
    a, b, _ = people
    own = split(rng)
    loss, interest = money(rng, 150_000, 400_000), money(rng, 3_000, 12_000)
    parts = [solver.pro_rata(i, own) for i in (loss, interest)]
    covered = rng.random() < 0.5
    stock = [parts[0][i] * rng.randrange(25, 55) // 10000 * 100 for i in range(2)]
    short = parts[0][0] - parts[1][0] - stock[0]
    lent = short * (rng.randrange(120, 160) if covered else rng.randrange(40, 80)) // 10000 * 100
    done = [
        solver.roll(
            Basis(stock[i], lent if i == 0 else 0, lent if i == 0 else 0),
            Shares(income=parts[1][i], losses=parts[0][i]),
        )
        for i in range(2)
    ]
    bank = money(rng, 100_000, 300_000)
    facts = [
        register({a: own[0], b: own[1]}, year),
        fact(
            "event",
            f"{a} lent the corporation {usd(lent)} on a note in January {year}, still owed in full",
            f"In January {year} {a} lent the corporation {usd(lent)} on a written note; it is "
            "still owed in full.",
            f"A note shows {usd(lent)} lent by {a} to the corporation in January {year}, nothing "
            "of it repaid.",
        ),
        fact(
            "event",
            f"{b} guaranteed the company's bank loan of {usd(bank)}; never had to pay",
            f"{b} guaranteed the bank's loan of {usd(bank)} to the company and was never called on "
            "to pay.",
            f"The bank lent the company {usd(bank)} on {b}'s personal guarantee; the company pays "
            "it on time.",
        ),
        amount(
            "Ordinary business loss",
            loss,
            "It was a bad year, with an ordinary business loss of {}.",
            "The ordinary business loss of the year is {}.",
        ),
        amount("Interest income (taxable)", interest, "A deposit paid taxable interest of {}."),
        basis_on(a, stock[0], year),
        basis_on(b, stock[1], year),
        fact(
            "owners",
            "No change of shareholders, no distribution",
            "Nobody sold shares and nothing was distributed.",
        ),
    ]
    x, y = a.lower(), b.lower()
    rest = done[0].closing.debt if covered else done[0].closing.suspended
    name = f"debt_basis_{x}" if covered else f"suspended_{x}"
    text = f"{a}'s basis in the note at year end" if covered else f"{a}'s loss carried forward"
    asked = [
        *shares_of("interest", interest, [a, b], parts[1], ["0.05"] * 2),
        *shares_of("loss", loss, [a, b], parts[0], ["0.10"] * 2),
        Asked(
            f"against_stock_{x}", done[0].from_stock, "0.15", "basis", _AGAINST.format(a, "stock")
        ),
        Asked(
            f"against_debt_{x}", done[0].from_debt, "0.15", "basis", _AGAINST.format(a, "the note")
        ),
        Asked(name, rest, "0.15", "basis", text),
        Asked(f"allowed_{y}", done[1].allowed, "0.10", "basis", f"The loss {b} may deduct"),
        Asked(
            f"suspended_{y}",
            done[1].closing.suspended,
            "0.15",
            "basis",
            f"{b}'s loss carried forward",
        ),
    ]
    question = (
        f"How much of the loss of {year} may {a} and {b} deduct, and what is carried forward?"
    )
    guaranteed = min(parts[0][1], done[1].allowed + bank)
    trap = Trap(f"allowed_{y}", guaranteed, f"{b}'s guarantee is counted as basis")
    return Draft("debt basis", "S corporation", status(year) + facts, question, asked, [a, b], trap)


_AGAINST = "The part of {}'s loss allowed against basis in {}"


def restore(rng: Random, year: int, people: list[str]) -> Draft:
    """A loss beyond all basis, then a year of income (IRC 1366(d)(2), 1367(b)(2)(B))."""
    a, b, _ = people
    own = split(rng)
    full = rng.random() < 0.5
    loss = money(rng, 150_000, 400_000)
    of_loss = solver.pro_rata(loss, own)
    stock = of_loss[0] * rng.randrange(20, 40) // 10000 * 100
    lent = of_loss[0] * rng.randrange(20, 40) // 10000 * 100
    one = solver.roll(Basis(stock, lent, lent), Shares(losses=of_loss[0]))
    paid = solver.pro_rata(money(rng, 8_000, 30_000), own)
    # Income beyond the loss carried forward, so that there is a net increase.
    kept = one.closing.suspended
    kept += lent + money(rng, 9_000, 60_000) if full else lent * rng.randrange(40, 80) // 100
    income = ((kept + paid[0]) * sum(own) // own[0]) // 100 * 100
    of_income = solver.pro_rata(income, own)
    two = solver.roll(one.closing, Shares(income=of_income[0], distributions=paid[0]))
    when = mid_year(rng, year + 1)
    facts = [
        register({a: own[0], b: own[1]}, year),
        fact(
            "event",
            f"{a} lent the corporation {usd(lent)} on a note years ago, still owed, basis never "
            f"reduced before; shareholders the same in {year} and {year + 1}",
            f"The corporation still owes {a} {usd(lent)} on a note from earlier years, whose basis "
            f"had never been reduced. The shareholders stayed the same in {year} and {year + 1}.",
        ),
        fact(
            "event",
            f"{day(when)}: cash distribution of {usd(sum(paid))}, pro rata; none in {year}",
            f"Nothing was distributed in {year}; on {day(when)} {usd(sum(paid))} was, pro rata.",
            f"The only distribution of both years was {usd(sum(paid))}, pro rata, on {day(when)}.",
        ),
        amount(
            f"Ordinary business loss {year}",
            loss,
            f"{year} closed with an ordinary business loss of {{}}.",
        ),
        amount(
            f"Ordinary business income {year + 1}",
            income,
            f"{year + 1} brought ordinary business income of {{}}.",
            f"In {year + 1} the company earned {{}}, all ordinary business income.",
        ),
        basis_on(a, stock, year),
    ]
    asked = _two_years(a, year, (of_loss[0], of_income[0]), one, two, full)
    question = f"What may {a} deduct in {year} and in {year + 1}, and what basis is left then?"
    trap = Trap(f"used_{year + 1}", 0, "the loss carried forward is forgotten")
    return Draft(
        "restored debt basis", "S corporation", _both(year) + facts, question, asked, [a, b], trap
    )


def _two_years(
    a: str, year: int, parts: tuple[int, int], one: solver.Outcome, two: solver.Outcome, full: bool
) -> list[Asked]:
    said = str(year), str(year + 1)
    ends = two.closing
    return [
        Asked(
            f"loss_{said[0]}", parts[0], "0.10", "allocation", f"{a}'s part of the loss {said[0]}"
        ),
        Asked(f"allowed_{said[0]}", one.allowed, "0.15", "basis", f"What {a} deducts in {said[0]}"),
        Asked(
            f"suspended_{said[0]}",
            one.closing.suspended,
            "0.10" if full else "0.15",
            "basis",
            f"{a}'s loss carried forward from {said[0]}",
        ),
        Asked(
            f"income_{said[1]}",
            parts[1],
            "0.10",
            "allocation",
            f"{a}'s part of the income {said[1]}",
        ),
        Asked(
            f"tax_free_{said[1]}",
            two.tax_free,
            "0.10",
            "distribution",
            f"The part of {a}'s distribution that is not taxed",
        ),
        Asked(
            f"used_{said[1]}",
            two.allowed,
            "0.10" if full else "0.15",
            "basis",
            f"What {a} deducts in {said[1]} of the loss carried forward",
        ),
        Asked(
            f"suspended_{said[1]}",
            ends.suspended,
            "0.05",
            "basis",
            f"{a}'s loss carried forward from {said[1]}",
        ),
        Asked(
            f"debt_basis_{said[1]}",
            ends.debt,
            "0.15",
            "basis",
            f"{a}'s basis in the note at the end of {said[1]}",
        ),
        Asked(
            f"stock_basis_{said[1]}",
            ends.stock,
            "0.15" if full else "0.05",
            "basis",
            f"{a}'s stock basis at the end of {said[1]}",
        ),
    ]


def _both(year: int) -> list[Fact]:
    return [
        fact(
            "company",
            f"S corporation since its first day, calendar years {year} and {year + 1}",
            f"We have been an S corporation from the start; this is about {year} and {year + 1}.",
            f"S status dates from the formation. The years are {year} and {year + 1}.",
        )
    ]
