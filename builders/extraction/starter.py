"""The starter rows: a shortened form of the task, for training a small model on two CPU cores.

A note about four conditions and as many candidates; at most one is documented for this encounter,
the others are denied, past or a relative's. Schema and grader are those of the real rows.
"""

from __future__ import annotations

import json
import random
from typing import Any

from task import schema

SEED = 3
ROWS = {"train": 160, "validation": 48, "test": 120}
NOTHING_EVERY = 12
"""One row in this many documents nothing to code."""

CONDITIONS = {
    "I10": ("Essential (primary) hypertension", "hypertension"),
    "E11.9": ("Type 2 diabetes mellitus without complications", "type 2 diabetes"),
    "J45.909": ("Unspecified asthma, uncomplicated", "asthma"),
    "M54.50": ("Low back pain, unspecified", "low back pain"),
    "K21.9": ("Gastro-esophageal reflux disease without esophagitis", "reflux"),
    "E03.9": ("Hypothyroidism, unspecified", "hypothyroidism"),
    "E78.5": ("Hyperlipidemia, unspecified", "hyperlipidemia"),
    "F41.1": ("Generalized anxiety disorder", "generalized anxiety disorder"),
    "J30.2": ("Other seasonal allergic rhinitis", "seasonal hay fever"),
    "L40.0": ("Psoriasis vulgaris", "plaque psoriasis"),
    "M10.9": ("Gout, unspecified", "gout"),
    "N39.0": ("Urinary tract infection, site not specified", "a urinary tract infection"),
    "R51.9": ("Headache, unspecified", "headache"),
    "J02.9": ("Acute pharyngitis, unspecified", "acute pharyngitis"),
    "H10.9": ("Unspecified conjunctivitis", "conjunctivitis"),
    "D50.9": ("Iron deficiency anemia, unspecified", "iron deficiency anemia"),
    "G47.00": ("Insomnia, unspecified", "insomnia"),
    "K59.00": ("Constipation, unspecified", "constipation"),
    "L70.0": ("Acne vulgaris", "acne vulgaris"),
    "I48.91": ("Unspecified atrial fibrillation", "atrial fibrillation"),
    "R05.9": ("Cough, unspecified", "cough"),
    "R42": ("Dizziness and giddiness", "dizziness"),
    "L50.9": ("Urticaria, unspecified", "urticaria"),
    "J18.9": ("Pneumonia, unspecified organism", "pneumonia"),
    "B02.9": ("Zoster without complications", "shingles"),
}
"""Code -> its description in the code set, and how the notes call it."""

SAID = {
    "train": (
        ("{}, confirmed today.", "Treated for {} at this visit.", "{} is active."),
        ("No {}.", "Denies {}.", "Mother had {}.", "{} years ago, resolved."),
    ),
    "validation": (
        ("{}, seen today.", "Here because of {}."),
        ("No sign of {}.", "Father has {}.", "Once had {}, long gone."),
    ),
    "test": (
        ("Comes for {} today.", "{}, now under treatment."),
        ("{} ruled out.", "Without {}.", "A brother has {}.", "{} in childhood only."),
    ),
}
"""How the notes of a split say that a condition is coded, and that it is not."""


def rows(split: str) -> list[dict[str, Any]]:
    """Return all rows of a split."""
    rng = random.Random(f"{SEED} {split}")
    return [_row(rng, split, number) for number in range(ROWS[split])]


def _row(rng: random.Random, split: str, number: int) -> dict[str, Any]:
    nothing = number % NOTHING_EVERY == NOTHING_EVERY - 1
    count = 0 if nothing else 1
    mentioned = rng.sample(sorted(CONDITIONS), 4)
    gold = mentioned[:count]
    coded, other = SAID[split]
    evidence, sentences = [], []
    for code in mentioned:
        text = rng.choice(coded if code in gold else other).format(CONDITIONS[code][1])
        text = text[0].upper() + text[1:]
        sentences.append(text)
        if code in gold:
            why = "Documented for this encounter."
            evidence.append({"code": code, "span": text, "why": why})
    rng.shuffle(sentences)
    row: dict[str, Any] = {
        "id": f"starter-{split}-{number:03d}",
        "encounter_date": "2026-05-07",
        "setting": "outpatient",
        "release": "FY2026-April",
        "note": f"Age {rng.randrange(20, 90)}. {' '.join(sentences)}",
        "candidates": [
            {"code": code, "description": CONDITIONS[code][0]} for code in sorted(mentioned)
        ],
        "reference_answer": {"codes": sorted(gold)},
        "evidence": evidence,
        "near_misses": [],
        "optional": [],
        "must_not_code": sorted(set(mentioned) - set(gold)),
        "provenance": "task/build_starter.py",
        "messages": [],
    }
    row["messages"] = schema.messages(schema.Item.model_validate(row), "brief")
    return row


def probes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return answers with a known score to one row with a code and one without."""
    some = next(row for row in rows if row["reference_answer"]["codes"])
    none = next(row for row in rows if not row["reference_answer"]["codes"])
    gold = some["reference_answer"]["codes"]
    answers: list[tuple[dict[str, Any], str, list[str], float, float]] = [
        (some, "gold", gold, 1, 1),
        (some, "nothing", [], 0, 0),
        (some, "all candidates", [c["code"] for c in some["candidates"]], 0, 0.9),
        (none, "nothing to code", [], 1, 1),
        (none, "over-coding", [none["candidates"][0]["code"]], 0, 0),
    ]
    return [
        {
            "name": name,
            "item_id": row["id"],
            "output_text": json.dumps({"codes": codes}),
            "min": low,
            "max": high,
            "why": "As the reference says.",
        }
        for row, name, codes, low, high in answers
    ]
