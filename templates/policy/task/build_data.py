"""Builds task/data/*.jsonl: cases drawn, solved exactly and told in varied ways.

    python -m task.build_data

Seeded: the same program gives the same bytes. Change COUNTS for more rows, the modules
task/cases_*.py for other kinds of case, task/narrative.py for the way they are told.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from task.cases_distribution import excess, layers
from task.cases_loss import debt, restore
from task.cases_sale import closing, daily, refused
from task.drafts import Asked, Draft, usable, usd
from task.narrative import STYLES, noise, tell
from task.schema import Item, check_item, messages

TASK = Path(__file__).parent
SEED = 20261123
COUNTS = {"train": 6, "validation": 3, "test": 3}
"""Rows per kind of case."""

KINDS: tuple[Callable[[Random, int, list[str]], Draft], ...] = (
    daily,
    closing,
    refused,
    excess,
    layers,
    debt,
    restore,
)

YEARS = (2018, 2019, 2020, 2021, 2022, 2023, 2024)
"""2020 and 2024 are leap years."""

SURNAMES = (
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
)
FIRST = (
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
)
SECOND = ("Tools", "Foods", "Marine", "Press", "Roofing", "Labs", "Freight")

PROVENANCE = "drawn and solved by task/build_data.py; no real taxpayer"

ANALYSIS = {
    "per-share-per-day": "Each item is spread over days and shares (IRC 1377(a)(1)); the seller "
    "bears the day of the sale. Basis at the sale holds the items up to it (Reg. 1.1367-1(d)(1)).",
    "closing of the books": "The valid election cuts the year after the day of the sale (IRC "
    "1377(a)(2)), so each item goes to those who held shares in its period.",
    "election not available": "The seller keeps shares and less than 20 % of the stock is sold, so "
    "neither IRC 1377(a)(2) nor Reg. 1.1368-1(g)(2) applies: per share and day, IRC 1377(a)(1).",
    "distribution beyond basis": "Income first, then the distribution, then the loss "
    "(Reg. 1.1367-1(f)); beyond basis a distribution is gain (IRC 1368(b)(2)) and a loss waits.",
    "earnings and profits": "AAA first, then a dividend (IRC 1368(c)); tax-exempt income stays out "
    "of the AAA and a negative net does not reduce it for the year's distribution (1368(e)(1)).",
    "debt basis": "Losses are allowed against stock, then against money lent (IRC 1366(d)(1)); a "
    "guarantee gives no basis (Reg. 1.1366-2(a)(2)(ii)).",
    "restored debt basis": "The loss beyond basis is carried forward (IRC 1366(d)(2)); the next "
    "year's net increase restores debt before stock (IRC 1367(b)(2)(B)).",
}
"""The model analysis of each topic."""

TOLERANCE = {"cents": 100, "percent_bp": 1, "days": 0, "count": 0}
"""What an answer may be off: one dollar, so that the rounding of cents decides nothing."""


def main() -> int:
    """Build all splits; the number of faults found (0: all files are written)."""
    built = build()
    faults = [f"{r.id}: {p}" for rows in built.values() for r in rows for p in check_item(r)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        (TASK / "data").mkdir(exist_ok=True)
        for split, rows in built.items():
            lines = [json.dumps(r.model_dump(mode="json"), ensure_ascii=False) for r in rows]
            path = TASK / "data" / f"{split}.jsonl"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            print(f"{split}: {len(rows)} rows")
    return len(faults)


def build(seed: int = SEED, counts: dict[str, int] | None = None) -> dict[str, list[Item]]:
    """The items of every split."""
    rng = Random(seed)
    companies = [f"{a} {b}, Inc." for a in FIRST for b in SECOND]
    rng.shuffle(companies)
    names = iter(companies)
    return {
        split: list(_split(rng, split, count, names)) for split, count in (counts or COUNTS).items()
    }


def _split(rng: Random, split: str, count: int, names: Iterator[str]) -> Iterator[Item]:
    number = 0
    for turn in range(count):
        for k, kind in enumerate(KINDS):
            number += 1
            # Styles and years walk on at their own pace, so that every kind meets every style.
            style = STYLES[(turn + k) % len(STYLES)]
            year = YEARS[(3 * turn + k) % len(YEARS)]
            yield _item(rng, kind, f"{split}-{number:02d}", next(names), style, year)


def _item(
    rng: Random,
    kind: Callable[[Random, int, list[str]], Draft],
    item_id: str,
    company: str,
    style: str,
    year: int,
) -> Item:
    people = rng.sample(SURNAMES, 3)
    draft = kind(rng, year, people)
    while not usable(draft):
        draft = kind(rng, year, people)
    facts = [*draft.facts, *noise(rng, rng.randrange(1, 4))]
    there = [p for p in people if any(p in f.terse for f in draft.facts)]
    item = Item.model_validate(
        {
            "id": item_id,
            "company": company,
            "topic": draft.topic,
            "style": style,
            "facts": tell(rng, style, facts, company, there),
            "question": draft.question,
            "figures": [_figure(a) for a in draft.asked],
            "reference_answer": {
                "figures": [{"name": a.name, "value": a.value} for a in draft.asked],
                "analysis": ANALYSIS[draft.topic],
            },
            "rubric": [_criterion(i, a) for i, a in enumerate(draft.asked, 1)],
            "provenance": PROVENANCE,
        }
    )
    item.messages = messages(item)
    return item


def _figure(asked: Asked) -> dict[str, Any]:
    return {"name": asked.name, "unit": asked.unit, "description": asked.description + "."}


def _criterion(number: int, asked: Asked) -> dict[str, Any]:
    tolerance = TOLERANCE[asked.unit]
    value = usd(asked.value) if asked.unit == "cents" else f"{asked.value} {asked.unit}"
    if asked.unit == "cents" and asked.value < 0:
        value = f"minus {usd(-asked.value)}"
    return {
        "id": f"c{number:02d}",
        "weight": asked.weight,
        "kind": "numeric",
        "group": asked.group,
        "figure": asked.name,
        "expected": asked.value,
        "tolerance": tolerance,
        "text": f"{asked.description}: {value}.",
    }


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
