"""A loss against two notes of a shareholder.

A kind is a function (random source, year, three surnames) -> Draft.
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
    fact,
    money,
    register,
    shares_of,
    split,
    status,
    usd,
)
from solver import Basis, Shares


def two_notes(rng: Random, year: int, people: list[str]) -> Draft:
    """A loss beyond stock basis reduces two notes in proportion to their bases (Reg.
    1.1367-2(b)(3))."""
    a, b, _ = people
    own = split(rng)
    loss, dues = money(rng, 150_000, 400_000), money(rng, 2_000, 9_000)
    losses, expenses = solver.pro_rata(loss, own), solver.pro_rata(dues, own)
    stock = losses[0] * rng.randrange(25, 50) // 10000 * 100
    short = losses[0] + expenses[0] - stock
    notes = [short * rng.randrange(*span) // 10000 * 100 for span in ((45, 80), (70, 120))]
    done = solver.roll(
        Basis(stock, sum(notes), sum(notes)), Shares(nondeductible=expenses[0], losses=losses[0])
    )
    lost = solver.reduce_notes(sum(notes) - done.closing.debt, notes)
    bank = money(rng, 100_000, 300_000)
    first, second = f"June {year - 2}", f"March {year}"
    facts = [
        register({a: own[0], b: own[1]}, year),
        fact(
            "event",
            f"{a} holds two written notes of the corporation: {usd(notes[0])} lent in {first}, "
            f"{usd(notes[1])} lent in {second}; nothing repaid, bases never reduced before",
            f"The corporation owes {a} {usd(notes[0])} on a note of {first} and {usd(notes[1])} on "
            f"a note of {second}. Nothing was repaid, and neither basis was ever reduced.",
            f"{a} lent {usd(notes[0])} in {first} and another {usd(notes[1])} in {second}, each on "
            "a written note that is still owed in full and whose basis no loss has touched yet.",
        ),
        fact(
            "event",
            f"A bank lent the company {usd(bank)}, which {a} has co-signed and never had to pay",
            f"{a} also co-signed a bank loan of {usd(bank)} to the company; the company pays it.",
        ),
        amount(
            "Ordinary business loss",
            loss,
            "The year closed with an ordinary business loss of {}.",
            "There was an ordinary business loss of {}.",
        ),
        amount(
            "Fines and club dues (not deductible)",
            dues,
            "Fines and club dues of {} are not deductible.",
        ),
        basis_on(a, stock, year),
        fact(
            "owners",
            "No change of shareholders, no distribution",
            "Shareholders stayed the same and nothing was distributed.",
        ),
    ]
    low = a.lower()
    asked = [
        *shares_of("loss", loss, [a, b], losses, ["0.10"] * 2),
        *shares_of("nondeductible expenses", dues, [a, b], expenses, ["0.05"] * 2),
        Asked(
            f"against_stock_{low}", done.from_stock, "0.15", "basis", f"{a}'s loss against stock"
        ),
        Asked(f"allowed_{low}", done.allowed, "0.15", "basis", f"The loss {a} may deduct in all"),
        *(
            Asked(name, note - gone, "0.15", "basis", f"Basis of the note of {when} at year end")
            for name, note, gone, when in zip(
                ("first_note", "second_note"), notes, lost, (first, second), strict=True
            )
        ),
        Asked(
            f"suspended_{low}",
            done.closing.suspended,
            "0.10",
            "basis",
            f"{a}'s loss carried forward",
        ),
    ]
    # One after the other instead of in proportion.
    left = max(0, notes[0] - sum(lost))
    trap = Trap("first_note", left, "the older note is used up before the newer one")
    question = f"How much of the loss of {year} may {a} deduct, and what is left in each note?"
    return Draft("two notes", "S corporation", status(year) + facts, question, asked, [a, b], trap)
