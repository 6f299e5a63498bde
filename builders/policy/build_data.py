"""Draw the shipped cases, solve them and write them as texts.

Writes data/*.jsonl, calibration.jsonl and probes.jsonl. Seeded: the same program gives the same
bytes. Change COUNTS for more rows, the modules cases_*.py for other kinds of case, claims_*.py for
what is judged, and narrative.py for the way cases are narrated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import claims_p
import claims_s
from calibrate import AUTHORITY, NEVER, RULE, USE, Case, answers, names_of
from cases_distribution import excess, layers, old_order
from cases_loss import debt, restore
from cases_notes import two_notes
from cases_open import open_amount, open_period
from cases_partner import draws, outside, special
from cases_partner_sale import interim, proration
from cases_sale import closing, daily, refused
from drafts import Asked, Draft, Trap, usd
from narrative import STYLES, noise, tell
from probes import probes
from soups import soups

from task.grader import grade
from task.schema import Item, item_problems, messages
from task.tools.criteria import JUDGED_SHARE, judged_text

SEED = 20261125
COUNTS = {"train": 4, "validation": 2, "test": 8}
"""Rows per kind of case."""
CALIBRATED = "validation"
"""The split whose cases have calibration answers."""

KINDS: tuple[Callable[[Random, int, list[str]], Draft], ...] = (
    daily,
    closing,
    refused,
    open_amount,
    open_period,
    excess,
    old_order,
    layers,
    debt,
    two_notes,
    restore,
    proration,
    interim,
    outside,
    draws,
    special,
)

TOPICS = claims_s.TOPICS | claims_p.TOPICS
TOLERANCE = {"cents": 100, "percent_bp": 1, "days": 0, "count": 0}
"""The tolerance for an answer: one dollar, so that the rounding of cents does not matter."""
TRAP_WEIGHT, NEVER_WEIGHT = "-0.05", "-0.10"
SOUP_MOST = 0.15
"""The most that a list of the numbers of a case may earn."""
TRIES = 400

YEARS = (2018, 2019, 2020, 2021, 2022, 2023, 2024)
"""2020 and 2024 are leap years."""
PROVENANCE = "drawn and solved by task/build_data.py; no real taxpayer"

SURNAMES = [
    "Abara",
    "Bauer",
    "Castell",
    "Dunmore",
    "Eklund",
    "Farrow",
    "Greene",
    "Hadley",
    "Ivarsson",
    "Jonas",
    "Kessler",
    "Lindqvist",
    "Moreau",
    "Navarro",
    "Okafor",
    "Pereira",
    "Quill",
    "Rossi",
    "Sandoval",
    "Tamura",
    "Ueda",
    "Vasquez",
    "Whitlock",
    "Yilmaz",
    "Zeller",
]
FIRST = [
    "Alder",
    "Birch",
    "Cedar",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Harbor",
    "Iron",
    "Juniper",
    "Kestrel",
    "Larch",
    "Maple",
    "North",
    "Opal",
    "Pioneer",
    "Quarry",
    "River",
    "Summit",
    "Timber",
]
SECOND = ["Tools", "Foods", "Marine", "Press", "Roofing", "Labs", "Freight"]
THIRD = ["Bakery", "Ceramics", "Dairy", "Glass", "Paper"]
"""For companies behind those of FIRST and SECOND, so that more rows leave the first as they are."""
SUFFIX = {"S corporation": ", Inc.", "partnership": " Partners"}


@dataclass(frozen=True)
class Built:
    """A row and what its calibration answers are made from."""

    item: Item
    case: Case


def build(task: Path) -> None:
    """Write all generated files into the folder `task`; raise ValueError when a row is faulty."""
    built = draw()
    lines = calibration(built)
    rows = {split: [b.item for b in cases] for split, cases in built.items()}
    faults = [
        f"{item.id}: {problem}"
        for items in rows.values()
        for item in items
        for problem in item_problems(item, lines)
    ]
    if faults:
        raise ValueError("no file was written, since rows are faulty:\n" + "\n".join(faults))
    (task / "data").mkdir(parents=True, exist_ok=True)
    for split, items in rows.items():
        _write(task / f"data/{split}.jsonl", [item.model_dump(mode="json") for item in items])
    _write(task / "calibration.jsonl", lines)
    _write(task / "probes.jsonl", list(probes(rows["test"])))


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text(text + "\n", encoding="utf-8")


def draw(seed: int = SEED, counts: dict[str, int] | None = None) -> dict[str, list[Built]]:
    """The rows of every split."""
    rng = Random(seed)
    companies = [f"{a} {b}" for a in FIRST for b in SECOND]
    rng.shuffle(companies)
    names = iter([*companies, *(f"{a} {b}" for b in THIRD for a in FIRST)])
    found, turn = {}, 0
    for split, count in (counts or COUNTS).items():
        found[split] = list(_split(rng, split, range(turn, turn + count), names))
        turn += count
    return found


def calibration(built: dict[str, list[Built]], seed: int = SEED) -> list[dict[str, Any]]:
    """The calibration answers of the split CALIBRATED."""
    rng = Random(seed)
    cases = [b.case for b in built.get(CALIBRATED, [])]
    return [line for turn, case in enumerate(cases) for line in answers(case, rng, turn)]


def _split(rng: Random, split: str, turns: range, names: Iterator[str]) -> Iterator[Built]:
    number = 0
    for turn in turns:
        for k, kind in enumerate(KINDS):
            number += 1
            # Styles and years advance independently, across splits as well, so that every
            # kind occurs in every style.
            style = STYLES[(turn + k) % len(STYLES)]
            year = YEARS[(3 * turn + k) % len(YEARS)]
            yield _usable(rng, kind, f"{split}-{number:02d}", next(names), style, year)


def _usable(
    rng: Random,
    kind: Callable[[Random, int, list[str]], Draft],
    item_id: str,
    company: str,
    style: str,
    year: int,
) -> Built:
    """A case whose numbers, listed indiscriminately, earn less than SOUP_MOST."""
    for _ in range(TRIES):
        draft = kind(rng, year, rng.sample(SURNAMES, 3))
        if draft.trap and _harmless(draft, draft.trap):
            continue
        built = _built(rng, draft, item_id, company, style)
        row = built.item.model_dump(mode="json")
        if max(grade({"output_text": text}, row) for text in soups(row)) < SOUP_MOST:
            return built
    raise ValueError(f"{kind.__name__} gave no usable case in {TRIES} tries; look at its weights")


def _harmless(draft: Draft, trap: Trap) -> bool:
    """Whether the mistake still leads to the right value."""
    right = next(x.value for x in draft.asked if x.name == trap.figure)
    return right is not None and abs(right - trap.value) <= 2 * TOLERANCE["cents"]


def _built(rng: Random, draft: Draft, item_id: str, company: str, style: str) -> Built:
    company += SUFFIX[draft.entity]
    facts = [*draft.facts, *noise(rng, rng.randrange(1, 4))]
    there = [p for p in draft.people if any(p in f.terse for f in draft.facts)]
    topic, names = TOPICS[draft.topic], names_of(draft.people, draft.missing)
    figures = [x for x in draft.asked if x.name != "missing"]
    claims = {RULE: topic.rule, USE: topic.use, AUTHORITY: topic.authority}
    item = Item.model_validate(
        {
            "id": item_id,
            "company": company,
            "entity": draft.entity,
            "topic": draft.topic,
            "style": style,
            "facts": tell(rng, style, facts, company, there),
            "question": draft.question,
            "figures": [
                {"name": x.name, "unit": x.unit, "description": x.description + "."}
                for x in figures
            ],
            "reference_answer": {
                "figures": [{"name": x.name, "value": x.value} for x in figures],
                "missing": draft.missing,
                "citations": list(topic.sections),
                "analysis": " ".join(c.met[0].format(**names) for c in claims.values()),
            },
            "rubric": list(_rubric(draft, names)),
            "judged_text": "",
            "provenance": PROVENANCE,
        }
    )
    item.judged_text = judged_text(item.rubric)
    item.messages = messages(item)
    trap = (draft.trap.figure, draft.trap.value) if draft.trap else None
    return Built(item, Case(item, topic, names, trap))


def _rubric(draft: Draft, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    for i, asked in enumerate(draft.asked, 1):
        yield _criterion(f"c{i:02d}", asked, draft)
    if draft.trap:
        yield _trap(draft.trap)
    topic = TOPICS[draft.topic]
    each = str(JUDGED_SHARE / 3)
    for name, claim in ((RULE, topic.rule), (USE, topic.use), (AUTHORITY, topic.authority)):
        yield {"kind": "judged", "id": name, "weight": each, "text": claim.text.format(**names)}
    text = topic.never.text.format(**names)
    yield {"kind": "judged", "id": NEVER, "weight": NEVER_WEIGHT, "text": text}


def _criterion(name: str, asked: Asked, draft: Draft) -> dict[str, Any]:
    weight = Decimal(asked.weight) * (1 - JUDGED_SHARE)
    common = {"id": name, "weight": str(weight.normalize()), "group": asked.group}
    if asked.name == "missing":
        text = asked.description + "."
        return {"kind": "missing", **common, "expected": draft.missing, "text": text}
    shown = "cannot be given yet" if asked.value is None else _shown(asked.value, asked.unit)
    return {
        "kind": "numeric",
        **common,
        "figure": asked.name,
        "expected": asked.value,
        "unit": asked.unit,
        "tolerance": TOLERANCE[asked.unit],
        "rounding": "largest remainder" if asked.unit == "cents" else "exact",
        "part_of": asked.part_of,
        "total": asked.total,
        "text": f"{asked.description}: {shown}.",
    }


def _trap(trap: Trap) -> dict[str, Any]:
    return {
        "kind": "numeric",
        "id": "n1",
        "weight": TRAP_WEIGHT,
        "group": "law",
        "figure": trap.figure,
        "expected": trap.value,
        "unit": "cents",
        "tolerance": TOLERANCE["cents"],
        "text": f"Gives {trap.figure} as {_shown(trap.value, 'cents')}: {trap.mistake}.",
    }


def _shown(value: int, unit: str) -> str:
    if unit != "cents":
        return f"{value} {unit}"
    return f"minus {usd(-value)}" if value < 0 else usd(value)
