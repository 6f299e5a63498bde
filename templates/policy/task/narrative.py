"""Turns the facts of a case into a text: an e-mail, minutes, a trial balance or a call note.

The styles differ in structure (order, layout, who speaks), not only in wording. Facts that do not
matter are mixed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

STYLES = ("email", "minutes", "ledger", "call")


@dataclass(frozen=True)
class Fact:
    """One fact of a case: whole sentences to choose from, and a clipped form."""

    topic: str
    """company, owners, opening, result, event or noise; styles order facts by it."""
    prose: tuple[str, ...]
    terse: str


ORDER = {
    "email": ("company", "noise", "event", "result", "owners", "opening"),
    "minutes": ("company", "owners", "event", "noise", "result", "opening"),
    "ledger": ("company", "opening", "result", "owners", "event", "noise"),
    "call": ("event", "company", "owners", "noise", "opening", "result"),
}

NOISE = (
    Fact(
        "noise",
        (
            "The company moved to a new warehouse and pays ${0:,} a month in rent.",
            "Rent for the new warehouse is ${0:,} a month.",
        ),
        "Rent, new warehouse, per month: ${0:,}",
    ),
    Fact(
        "noise",
        (
            "The bank has granted a credit line of ${1:,}, which nobody has drawn on.",
            "An unused credit line of ${1:,} is in place.",
        ),
        "Credit line, undrawn: ${1:,}",
    ),
    Fact(
        "noise",
        (
            "A customer threatens to sue for ${2:,}; counsel thinks little of it, and nothing has "
            "been booked.",
            "Nothing has been booked for a threatened claim of ${2:,}.",
        ),
        "Threatened claim, not booked: ${2:,}",
    ),
    Fact(
        "noise",
        (
            "An outside broker put the value of the whole company at ${3:,} two years ago.",
            "A two-year-old appraisal of the whole company says ${3:,}.",
        ),
        "Old appraisal of whole company: ${3:,}",
    ),
    Fact(
        "noise",
        (
            "The board wants to buy a machine for ${4:,} next year.",
            "A machine for ${4:,} is planned for next year.",
        ),
        "Planned purchase next year: ${4:,}",
    ),
)


def noise(rng: Random, count: int) -> list[Fact]:
    """`count` facts that change no figure, with amounts of their own."""
    amounts = [rng.randrange(lo, hi) * 10 for lo, hi in _RANGES]
    return [
        Fact("noise", tuple(p.format(*amounts) for p in f.prose), f.terse.format(*amounts))
        for f in rng.sample(NOISE, count)
    ]


_RANGES = ((180, 950), (4000, 30000), (1000, 9000), (90000, 400000), (2000, 15000))


def tell(rng: Random, style: str, facts: list[Fact], company: str, people: list[str]) -> str:
    """The facts of a case as one text in one of STYLES."""
    place = {topic: i for i, topic in enumerate(ORDER[style])}
    ordered = sorted(facts, key=lambda f: place[f.topic])
    said = [rng.choice(f.prose) for f in ordered]
    if style == "email":
        return _email(rng, ordered, said, company, people)
    if style == "minutes":
        return _minutes(ordered, said, company, people)
    if style == "ledger":
        return _ledger(ordered, said, company)
    return _call(rng, ordered, people)


def _email(rng: Random, facts: list[Fact], said: list[str], company: str, people: list[str]) -> str:
    opening = rng.choice(
        (
            "Thanks for taking this on.",
            "As promised, here is what you need for our return.",
            "Sorry this is late; year end was busy.",
        )
    )
    blocks: dict[bool, list[str]] = {True: [], False: []}
    for fact, sentence in zip(facts, said, strict=True):
        blocks[fact.topic in ("company", "noise", "event")].append(sentence)
    body = "\n\n".join(" ".join(block) for block in blocks.values() if block)
    return f"Subject: {company}\n\nHello,\n\n{opening} {body}\n\nRegards,\n{people[0]}"


def _minutes(facts: list[Fact], said: list[str], company: str, people: list[str]) -> str:
    lines = [f"MINUTES of the annual meeting of {company}", f"Present: {', '.join(people)}", ""]
    lines += [f"{i}. {sentence}" for i, sentence in enumerate(said, 1)]
    return "\n".join(
        [*lines, f"{len(facts) + 1}. There being no other business, the meeting closed."]
    )


def _ledger(facts: list[Fact], said: list[str], company: str) -> str:
    table = [f.terse for f in facts if f.topic in ("opening", "result")]
    notes = [s for f, s in zip(facts, said, strict=True) if f.topic not in ("opening", "result")]
    head = [f"{company} - extract from the books and the shareholder ledger", ""]
    return "\n".join([*head, *(f"  {line}" for line in table), "", "Notes:", *notes])


def _call(rng: Random, facts: list[Fact], people: list[str]) -> str:
    lead = [f for f in facts if f.topic == "event"]
    rest = [f for f in facts if f.topic != "event"]
    rng.shuffle(rest)
    lines = [f"Note of a call with {people[-1]}:"]
    return "\n".join(lines + [f"- {f.terse}" for f in [*lead, *rest]])
