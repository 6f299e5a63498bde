"""Turn the facts of a case into a text: six voices, two or three layouts each.

Voices and layouts differ in structure (order, tables, who speaks, how dates and amounts are
written), not only in wording. Irrelevant facts are mixed in.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Fact:
    """One fact of a case: whole sentences to choose from, and a clipped form."""

    topic: str
    """company, owners, opening, result, event or noise; voices order facts by it."""
    prose: tuple[str, ...]
    terse: str


@dataclass(frozen=True)
class Story:
    """What a layout gets: the facts with one sentence each, in the order of the voice."""

    rng: Random
    company: str
    sender: str
    """The writer or speaker, who is not in the facts."""
    people: list[str]
    sentences: list[tuple[Fact, str]]

    def of(self, *topics: str) -> list[tuple[Fact, str]]:
        """The facts of some topics."""
        return [pair for pair in self.sentences if pair[0].topic in topics]

    def but(self, *topics: str) -> list[tuple[Fact, str]]:
        """The facts of all other topics."""
        return [pair for pair in self.sentences if pair[0].topic not in topics]


ORDER = {
    "email": ("company", "noise", "event", "result", "owners", "opening"),
    "minutes": ("company", "owners", "event", "noise", "result", "opening"),
    "ledger": ("company", "opening", "result", "owners", "event", "noise"),
    "call": ("event", "company", "owners", "noise", "opening", "result"),
    "memo": ("owners", "opening", "noise", "company", "result", "event"),
    "organizer": ("company", "owners", "opening", "event", "result", "noise"),
}
STYLES = tuple(ORDER)
SENDERS = ("Tess", "Marlon", "Ines", "Gil", "Ruth", "Anselm", "Yvette", "Omar")


def tell(rng: Random, style: str, facts: list[Fact], company: str, people: list[str]) -> str:
    """The facts of a case as one text in one of STYLES."""
    place = {topic: i for i, topic in enumerate(ORDER[style])}
    ordered = sorted(facts, key=lambda f: place[f.topic])
    sentences = [(f, rng.choice(f.prose)) for f in ordered]
    text = rng.choice(LAYOUTS[style])(Story(rng, company, rng.choice(SENDERS), people, sentences))
    return _amounts(rng, _dates(rng, text))


def _letter(s: Story) -> str:
    opening = s.rng.choice(
        (
            "Thanks for taking this on.",
            "As promised, here is what you need for our return.",
            "Sorry this is late; year end was busy.",
        )
    )
    first = " ".join(said for _, said in s.of("company", "noise", "event"))
    rest = " ".join(said for _, said in s.but("company", "noise", "event"))
    return f"Subject: {s.company}\n\nHello,\n\n{opening} {first}\n\n{rest}\n\nRegards,\n{s.sender}"


def _bullets(s: Story) -> str:
    lines = "\n".join(f"* {f.terse}" for f, _ in s.sentences)
    return (
        f"From: {s.sender}\nRe: {s.company}, numbers for the return\n\nIn haste, just the "
        f"points:\n\n{lines}\n\nCall me if anything is unclear.\n{s.sender}"
    )


def _thread(s: Story) -> str:
    old = s.of("company", "owners", "opening")
    new = " ".join(said for _, said in s.but("company", "owners", "opening"))
    quoted = "\n".join(f"> {said}" for _, said in old)
    return (
        f"From: {s.sender}\nSubject: RE: RE: {s.company}\n\nSee below for what I sent you last "
        f"time. What came since: {new}\n\n> ---- earlier message ----\n{quoted}"
    )


def _numbered(s: Story) -> str:
    head = f"MINUTES of the annual meeting of {s.company}\nPresent: {', '.join(s.people)}\n\n"
    lines = [f"{i}. {said}" for i, (_, said) in enumerate(s.sentences, 1)]
    lines.append(f"{len(lines) + 1}. There being no other business, the meeting closed.")
    return head + "\n".join(lines)


def _spoken(s: Story) -> str:
    lines = [f"{s.company}: notes taken at the meeting", ""]
    for _, said in s.sentences:
        who = s.rng.choice(("The chair", "The treasurer", "The secretary", "The bookkeeper"))
        verb = s.rng.choice(("reported", "explained", "stated for the record"))
        lines.append(f"{who} {verb}: {said}")
    return "\n".join([*lines, "", "No votes were taken."])


def _dotted(s: Story) -> str:
    rows = [_pair(f) for f, _ in s.of("opening", "result")]
    table = "\n".join(f"  {label} {'.' * max(3, 70 - len(label))} {v}" for label, v in rows)
    notes = "\n".join(said for _, said in s.but("opening", "result"))
    return f"{s.company} - extract from the books\n\n{table}\n\nNotes:\n{notes}"


def _piped(s: Story) -> str:
    rows = [_pair(f) for f, _ in s.of("result", "opening")]
    table = "\n".join(f"| {label} | {value} |" for label, value in rows)
    notes = "\n".join(
        f"({chr(97 + i)}) {f.terse}" for i, (f, _) in enumerate(s.but("opening", "result"))
    )
    return f"# {s.company}\n\n| account | amount |\n|---|---|\n{table}\n\n{notes}"


def _trial(s: Story) -> str:
    rows = [_pair(f) for f, _ in s.of("opening", "result", "noise")]
    s.rng.shuffle(rows)
    numbers = sorted(s.rng.sample(range(1000, 9999), len(rows)))
    table = "\n".join(
        f"{n}; {label}; {value}" for n, (label, value) in zip(numbers, rows, strict=True)
    )
    notes = " ".join(said for _, said in s.but("opening", "result", "noise"))
    return f"TRIAL BALANCE AND SIDE LEDGER\n{s.company}\nno.; account; balance\n{table}\n\n{notes}"


def _dashes(s: Story) -> str:
    lead = [f for f, _ in s.of("event")]
    rest = [f for f, _ in s.but("event")]
    s.rng.shuffle(rest)
    head = f"Note of a call with {s.sender} ({s.company}):"
    return "\n".join([head, *(f"- {f.terse}" for f in [*lead, *rest])])


def _dialogue(s: Story) -> str:
    asks = ("Go on.", "And then?", "What else?", "Noted. What about the rest?", "I see.")
    lines = [f"Call transcript, {s.company}", "", "Adviser: Tell me what happened."]
    for i, (_, said) in enumerate(s.sentences):
        lines.append(f"{s.sender}: {said}")
        if i + 1 < len(s.sentences):
            lines.append(f"Adviser: {s.rng.choice(asks)}")
    return "\n".join([*lines, "Adviser: Thank you, I will write to you."])


def _file(s: Story) -> str:
    background = " ".join(said for _, said in s.but("event", "result"))
    events = "\n".join(f"   - {said}" for _, said in s.of("event"))
    results = "\n".join(f"   - {f.terse}" for f, _ in s.of("result"))
    return (
        f"MEMORANDUM TO THE FILE\nClient: {s.company}\n\n1. Background\n{background}\n\n"
        f"2. Events\n{events}\n\n3. Results\n{results}"
    )


def _lettered(s: Story) -> str:
    pairs = list(s.sentences)
    s.rng.shuffle(pairs)
    lines = [
        f"[{chr(65 + i)}] {said if i % 2 else fact.terse}" for i, (fact, said) in enumerate(pairs)
    ]
    head = f"Memo from the file on {s.company} - loose notes, in no order:"
    return "\n".join([head, *lines])


def _answers(s: Story) -> str:
    asks = {
        "company": "What kind of entity is it, and which year is it about?",
        "owners": "Who are the owners?",
        "opening": "What stood in the books when the year began?",
        "event": "What happened during the year?",
        "result": "What were the results?",
        "noise": "Anything else?",
    }
    lines = [f"TAX ORGANIZER - {s.company} - filled in by {s.sender}"]
    for topic in ORDER["organizer"]:
        if pairs := s.of(topic):
            lines += ["", f"Q: {asks[topic]}", "A: " + " ".join(said for _, said in pairs)]
    return "\n".join(lines)


def _form(s: Story) -> str:
    lines = [f"Client questionnaire, {s.company}", "=" * 40]
    for i, (f, _) in enumerate(s.sentences, 1):
        label, value = _pair(f)
        lines.append(f"{i:02d}  {label}  [{value}]")
    return "\n".join([*lines, "=" * 40, f"signed {s.sender}"])


LAYOUTS: dict[str, tuple[Callable[[Story], str], ...]] = {
    "email": (_letter, _bullets, _thread),
    "minutes": (_numbered, _spoken),
    "ledger": (_dotted, _piped, _trial),
    "call": (_dashes, _dialogue),
    "memo": (_file, _lettered),
    "organizer": (_answers, _form),
}


def _pair(fact: Fact) -> tuple[str, str]:
    """A clipped fact as label and value; a fact without a colon is its own label."""
    label, colon, value = fact.terse.rpartition(": ")
    return (label, value) if colon else (fact.terse, "yes")


_DATE = re.compile(
    r"\b(January|February|March|April|May|June|July|August|September|October|November|December) "
    r"(\d{1,2}), (\d{4})"
)
_MONTHS = list(month_name)[1:]
_ONES = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]


def _dates(rng: Random, text: str) -> str:
    """All dates of a text in one of four forms."""
    form = rng.choice(
        (
            lambda m: m[0],
            lambda m: f"{int(m[2])} {m[1]} {m[3]}",
            lambda m: f"{m[3]}-{_MONTHS.index(m[1]) + 1:02d}-{int(m[2]):02d}",
            lambda m: f"the {_ordinal(int(m[2]))} of {m[1]} {m[3]}",
        )
    )
    return _DATE.sub(form, text)


def _ordinal(day: int) -> str:
    if day <= 20:
        return _ONES[day - 1]
    if day == 30:
        return "thirtieth"
    return f"{'twenty' if day < 30 else 'thirty'}-{_ONES[day % 10 - 1]}"


def _amounts(rng: Random, text: str) -> str:
    """All dollar amounts of a text in one of four forms; stated cents are kept."""
    form = rng.choice(("${}", "${}", "USD {}", "{} dollars", "${}.00"))
    return _USD.sub(lambda m: (form.removesuffix(".00") if m[2] else form).format(m[0][1:]), text)


_USD = re.compile(r"\$[0-9]{1,3}(,[0-9]{3})*(\.[0-9]{2})?(?![0-9])")

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
    Fact(
        "noise",
        (
            "The bookkeeper retires in spring, and a successor has not been found.",
            "We are still looking for a new bookkeeper.",
        ),
        "Bookkeeper retires, successor open",
    ),
    Fact(
        "noise",
        (
            "The web shop went live and has {5} customers so far.",
            "There are {5} customers in the new web shop.",
        ),
        "Web shop customers: {5}",
    ),
    Fact(
        "noise",
        (
            "A trade magazine ran a friendly piece about the company.",
            "There was a friendly article in the trade press.",
        ),
        "Trade press: friendly article",
    ),
)


def noise(rng: Random, count: int) -> list[Fact]:
    """`count` facts that change no figure, with amounts of their own."""
    amounts = [rng.randrange(lo, hi) * 10 for lo, hi in _RANGES]
    return [
        Fact("noise", tuple(p.format(*amounts) for p in f.prose), f.terse.format(*amounts))
        for f in rng.sample(NOISE, count)
    ]


_RANGES = ((180, 950), (4000, 30000), (1000, 9000), (90000, 400000), (2000, 15000), (4, 90))
